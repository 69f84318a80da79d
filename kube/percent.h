#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Percent-encoding (RFC 3986 §2.1). What goes upstream is always encoded again by these functions.
namespace postern::kube {

/// Decodes every %XX; nullopt when one is cut or not hexadecimal. Other characters stay.
std::optional<std::string> percent_decode(std::string_view text);

/// One path segment: unreserved characters and `$&+=:@` stay (as Go's url.PathEscape), everything
/// else becomes %XX.
std::string encode_path_segment(std::string_view segment);
/// The same at the end of a text.
void append_path_segment(std::string& out, std::string_view segment);

/// A query key or value: unreserved characters stay, everything else becomes %XX, spaces too.
std::string encode_query_component(std::string_view text);

}  // namespace postern::kube
