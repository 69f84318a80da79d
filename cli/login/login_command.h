#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <string>
#include <vector>

namespace postern::cli {

/// `postern login`.
struct LoginArguments {
  std::string link;
  std::string user;
  std::string ca_file;
  std::string ca_pin;
  std::string tls_server_name;
  std::string password_file;
  std::string new_password_file;
  std::string invite;
  std::string certificate_file;
  std::string key_file;
  std::string token_file;
  std::vector<std::string> requests;
  std::string ttl;
};

/// Gets a session, by a password, an invite, a client certificate or a static token, and remembers
/// it. With requests and a session that is still good it assumes them in that one. Nothing secret
/// is sent before the server is verified.
Outcome<void> run_login(const LoginArguments& arguments, const Context& context);

}  // namespace postern::cli
