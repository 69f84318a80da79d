#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Text that came from somebody else and is shown to people: on terminals, in shells, in logs.
namespace postern::kube {

/// One code point of UTF-8 text.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  ///< bytes; 0: not UTF-8 at this place
};

/// Decodes the code point at `position` (< text.size()), strictly (RFC 3629): no overlong forms,
/// no surrogates, nothing above U+10FFFF.
CodePoint decode_utf8(std::string_view text, std::size_t position);
bool is_utf8(std::string_view text);

/// Whether a terminal shows this text as it is: valid UTF-8 without control characters (C0, DEL,
/// C1), without bidirectional controls, line and paragraph separators, zero width spaces and byte
/// order marks. The joiners U+200C and U+200D are text (Persian, emoji).
bool is_printable(std::string_view text);

/// The text with every character that is_printable() minds written as `\x1b` (bytes) or `\u202e`
/// (code points). For people, not reversible: backslashes stay as they are.
std::string printable(std::string_view text);

/// Go's strconv.Quote (`%q`): in double quotes, `"` and `\` escaped, unprintable characters as
/// escapes. kube-apiserver writes names and users in messages like this.
std::string quoted(std::string_view text);

/// One word for a POSIX shell: unchanged when it is harmless, else in single quotes; text that is
/// not printable becomes `$'…'` with escapes (bash, ksh, zsh, POSIX.1-2024), so that what a person
/// sees and pastes is what runs.
std::string shell_quote(std::string_view word);

/// Appends a JSON string with its quotes as Go's encoding/json writes it: `&`, `<` and `>` as
/// \u00XX. Text that is not printable is made so first.
void append_json_string(std::string& out, std::string_view text);

/// ASCII lower case.
std::string ascii_lower(std::string_view text);
/// ASCII case-insensitive equality.
bool equals_ignore_case(std::string_view a, std::string_view b);

}  // namespace postern::kube
