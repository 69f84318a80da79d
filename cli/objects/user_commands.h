#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <string>
#include <vector>

namespace postern::cli {

/// `postern users add`.
struct UserArguments {
  std::string name;
  std::vector<std::string> roles;
  std::vector<std::string> traits;  ///< KEY=VALUE[,VALUE…]
  bool no_invite = false;
  std::string ttl;  ///< of the invite; "": what the proxy has
  std::string output;
};

/// Creates a user, and prints a one-time invite link with the command that uses it.
Outcome<void> run_users_add(const UserArguments& arguments, const Context& context);
/// Changes the roles and traits that were given, and leaves the others.
Outcome<void> run_users_update(const UserArguments& arguments, const Context& context);
/// The password counts no more, its sessions end, and there is a new invite.
Outcome<void> run_users_reset(const UserArguments& arguments, const Context& context);
/// A new invite for a user that exists.
Outcome<void> run_users_invite(const UserArguments& arguments, const Context& context);
/// Locks users: their sessions end, and they get no new ones. Or unlocks them.
Outcome<void> run_users_lock(const std::vector<std::string>& names, bool locked,
                             const Context& context);

}  // namespace postern::cli
