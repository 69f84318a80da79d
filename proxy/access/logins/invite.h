#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace postern::proxy::access {

/// A one-time token with which a user sets a password: `psi_` SECRET (random_secret()). Only the
/// digest and the end are kept; who redeems it removes both in the same write that keeps the
/// password, so that it works once.
struct Invite {
  std::string text;    ///< shown once, to whoever invites
  std::string digest;  ///< token_digest(text)
};

/// Throws what random_secret() throws.
Invite make_invite();

/// Whether the token that somebody showed is the one that was kept, and in time: `now` before
/// `ends`. With digest "" (no invite) false, after the same work.
bool redeems(std::string_view shown, std::string_view digest,
             std::chrono::system_clock::time_point ends, std::chrono::system_clock::time_point now);

}  // namespace postern::proxy::access
