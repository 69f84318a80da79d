#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy::access {

/// The token of a session: `pst_` ID `_` SECRET. The ID is the session's name and no secret: it
/// may be logged. The secret is random_secret(). Only the digest is ever kept.
struct SessionToken {
  std::string text;    ///< shown once, to its user
  std::string digest;  ///< token_digest(text)
};

/// What a token that somebody showed says of itself. Nothing is proved by it: the session is the
/// one whose digest this is.
struct ShownSessionToken {
  std::string id;
  std::string digest;
};

/// A new token for the session of this ID: 1 to 63 lower-case letters, digits and hyphens; throws
/// std::logic_error for anything else, and what random_secret() throws.
SessionToken make_session_token(std::string_view id);

/// nullopt for what make_session_token() did not write; case counts. Safe from any thread, a few
/// hundred nanoseconds.
std::optional<ShownSessionToken> parse_session_token(std::string_view text);

}  // namespace postern::proxy::access
