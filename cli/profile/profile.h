#pragma once

#include "cli/client/server_trust.h"
#include "cli/failure.h"
#include "cli/json.h"

#include <string>

namespace postern::cli {

/// What is remembered of one proxy. A plain value.
struct Profile {
  std::string proxy;            ///< HOST:PORT, its name here
  std::string authorities;      ///< PEM; "": the system's
  std::string tls_server_name;  ///< "": the host
  std::string user;             ///< as postern knows them
  std::string session;          ///< the session's name; "": there is none
  std::string token;
  std::string expires;  ///< RFC 3339

  std::string url() const { return "https://" + proxy; }
  ServerTrust trust() const { return {authorities, "", tls_server_name}; }
  bool has_session() const { return !token.empty(); }
};

Json to_json(const Profile& profile);
Outcome<Profile> profile_from_json(const std::string& text, const std::string& origin);

/// HOST:PORT of what people write: `HOST`, `HOST:PORT`, `https://HOST:PORT/`. Without a port: 8443.
/// A usage failure for anything else.
Outcome<std::string> parse_proxy(std::string_view text);

}  // namespace postern::cli
