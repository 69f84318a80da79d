#pragma once

#include "cli/client/access_client.h"
#include "cli/context.h"
#include "cli/profile/profile.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace postern::cli {

/// A way to an access API.
struct Connection {
  std::unique_ptr<AccessClient> client;
  std::optional<Profile> profile;  ///< nullopt: by a kubeconfig

  AccessClient& api() const { return *client; }
};

/// Reaches the access API: by `--kubeconfig` or `--context`, else by the profile of `--proxy`,
/// $POSTERN_PROXY or the current one, else, as a plugin of kubectl, by the current context.
/// Nothing is sent. A profile without a session is a failure that says how to log in.
Outcome<Connection> connect(const Context& context);

/// The profile that `--proxy`, $POSTERN_PROXY or the current one means.
Outcome<Profile> chosen_profile(const Context& context);

/// A client by a profile, with its token.
Outcome<Connection> connect(const Context& context, const Profile& profile);

/// `postern login --proxy HOST:PORT --user NAME`, quoted for a shell.
std::string login_command(const Profile& profile);

/// `FIELD=VALUE` for a field selector, the value escaped.
std::string field_equals(std::string_view field, std::string_view value);

/// Who we are to the access API: the user's name.
Outcome<std::string> who_am_i(const Connection& connection);

}  // namespace postern::cli
