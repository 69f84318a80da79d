#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::kube {

/// Standard base64 (RFC 4648 §4) with its padding, on one line.
std::string encode_base64(std::string_view bytes);

/// Decodes standard base64 (RFC 4648 §4) with its padding; line breaks are skipped, as Go does.
/// nullopt for anything else, stray bits in the last character included.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace postern::kube
