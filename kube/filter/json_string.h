#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// Whether `text` is the literal `word`; in a few instructions, unlike ==, which calls memcmp.
template <std::size_t N>
bool is_word(std::string_view text, const char (&word)[N]) {
  return text.size() == N - 1 && __builtin_memcmp(text.data(), word, N - 1) == 0;
}

/// Decodes what stands between the quotes of a JSON string (RFC 8259 §7). false: it is not one —
/// an unknown escape, half a surrogate pair, a raw control character, or invalid UTF-8 (RFC 3629);
/// what a lenient reader would make of those is not for us to guess. `out` is overwritten.
bool decode_json_string(std::string_view raw, std::string& out);
/// The same, written at `to`, where raw.size() bytes must fit. Returns the end of what was written;
/// nullptr for false.
char* decode_json_string(std::string_view raw, char* to);

/// The same; `text` is a view of `raw` where nothing is escaped, else of `buffer`, which only ever
/// grows.
bool decode_json_string(std::string_view raw, std::string& buffer, std::string_view& text);

/// Whether decode_json_string can decode `raw`.
bool is_json_text(std::string_view raw);

/// Past the bytes at `p` that may be of a number, `true`, `false` or `null`.
const char* past_json_scalar(const char* p, const char* end);

/// Whether `text` is one complete JSON number, `true`, `false` or `null`.
bool is_json_scalar(std::string_view text);

}  // namespace postern::kube::filter
