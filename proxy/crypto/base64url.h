#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy {

/// base64url without padding (RFC 4648 §5).
std::string base64url_encode(std::string_view bytes);
/// nullopt for anything that base64url_encode() does not write, stray bits at the end included.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace postern::proxy
