#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy {

/// What a session rests on that was made with a credential from elsewhere: it must not outlive it.
struct SessionBasis {
  /// When the credential ends by itself: a certificate, a JSON web token.
  std::optional<std::chrono::system_clock::time_point> ends;
  /// basis_digest() of a static token, authority_basis() of a certificate's CA, kReviewBasis of a
  /// token that a cluster reviewed; "" of nothing, as of a password.
  std::string token;
};

/// What a session rests on that was made with a reviewed token: that tokens are still reviewed.
inline constexpr std::string_view kReviewBasis = "review:";

/// By which a session remembers a static token; the token cannot be told from it, nor by it.
std::string basis_digest(std::string_view token);

/// When a JSON web token ends by its own word (`exp`, RFC 7519 §4.1.4); nullopt where it does not
/// say. Nothing is verified here: for tokens that were accepted.
std::optional<std::chrono::system_clock::time_point> web_token_end(std::string_view token);

}  // namespace postern::proxy
