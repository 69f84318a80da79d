#pragma once

#include "cli/failure.h"

#include <string>
#include <string_view>

namespace postern::cli {

/// A one-time login as one word that needs no quoting in a shell:
///
///     postern://USER@HOST:PORT/invite/TOKEN/sha256:PIN
///
/// The pin is left out for servers that everybody's system knows. A plain value.
struct InviteLink {
  std::string user;
  std::string proxy;  ///< HOST:PORT
  std::string token;
  std::string pin;  ///< "sha256:…" or ""

  std::string str() const;
};

/// A usage failure for what is no such link; it never repeats the token.
Outcome<InviteLink> parse_invite_link(std::string_view text);

}  // namespace postern::cli
