#include "kube/filter/json_string.h"

#include <array>
#include <cstdint>

namespace postern::kube::filter {
namespace {

constexpr std::uint32_t kNoDigit = 0x10000;

/// The value of a hexadecimal digit; kNoDigit for anything else, which shows in a sum of four.
constexpr std::array<std::uint32_t, 256> make_hex_digits() {
  std::array<std::uint32_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::size_t i = 0; i < 10; ++i) digits['0' + i] = static_cast<std::uint32_t>(i);
  for (std::size_t i = 0; i < 6; ++i) {
    digits['a' + i] = digits['A' + i] = static_cast<std::uint32_t>(10 + i);
  }
  return digits;
}

constexpr std::array<std::uint32_t, 256> kHexDigits = make_hex_digits();

/// The four hexadecimal digits at text[i].
bool hex4(std::string_view text, std::size_t i, std::uint32_t& value) {
  if (i + 4 > text.size()) return false;
  const auto digit = [&](std::size_t at) {
    return kHexDigits[static_cast<unsigned char>(text[at])];
  };
  value = (digit(i) << 12) | (digit(i + 1) << 8) | (digit(i + 2) << 4) | digit(i + 3);
  return value < kNoDigit;
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// The character that a backslash and `letter` stand for; 0 when they do not.
char short_escape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

/// The escape at raw[i] (its backslash). Returns the index after it, 0 when it is not one.
std::size_t decode_escape(std::string_view raw, std::size_t i, std::string& out) {
  if (i + 1 >= raw.size()) return 0;
  if (const char meant = short_escape(raw[i + 1]); meant != 0) {
    out.push_back(meant);
    return i + 2;
  }
  std::uint32_t code = 0;
  if (raw[i + 1] != 'u' || !hex4(raw, i + 2, code)) return 0;
  i += 6;
  if (code >= 0xDC00 && code < 0xE000) return 0;
  if (code >= 0xD800 && code < 0xDC00) {
    std::uint32_t low = 0;
    if (raw.substr(i, 2) != "\\u" || !hex4(raw, i + 2, low)) return 0;
    if (low < 0xDC00 || low >= 0xE000) return 0;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    i += 6;
  }
  append_utf8(code, out);
  return i;
}

/// The length of the well-formed UTF-8 sequence at raw[i] (RFC 3629 §4), 0 when there is none.
std::size_t utf8_length(std::string_view raw, std::size_t i) {
  const auto byte = [&](std::size_t at) -> unsigned {
    return at < raw.size() ? static_cast<unsigned char>(raw[at]) : 0U;
  };
  const auto in = [](unsigned b, unsigned low, unsigned high) { return b >= low && b <= high; };
  const unsigned first = byte(i);
  if (first < 0x80) return 1;
  if (in(first, 0xC2, 0xDF)) return in(byte(i + 1), 0x80, 0xBF) ? 2 : 0;
  if (in(first, 0xE0, 0xEF)) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return in(byte(i + 1), low, high) && in(byte(i + 2), 0x80, 0xBF) ? 3 : 0;
  }
  if (in(first, 0xF0, 0xF4)) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    const bool rest = in(byte(i + 2), 0x80, 0xBF) && in(byte(i + 3), 0x80, 0xBF);
    return in(byte(i + 1), low, high) && rest ? 4 : 0;
  }
  return 0;
}

/// Past the ASCII characters at raw[i] that stand for themselves.
std::size_t skip_plain(std::string_view raw, std::size_t i) {
  const auto plain = [](unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; };
  while (i < raw.size() && plain(static_cast<unsigned char>(raw[i]))) ++i;
  return i;
}

std::size_t skip_digits(std::string_view text, std::size_t i) {
  while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
  return i;
}

bool is_number(std::string_view text) {
  std::size_t i = !text.empty() && text[0] == '-' ? 1 : 0;
  const std::size_t whole = skip_digits(text, i);
  if (whole == i || (text[i] == '0' && whole != i + 1)) return false;
  i = whole;
  if (i < text.size() && text[i] == '.') {
    const std::size_t fraction = skip_digits(text, i + 1);
    if (fraction == i + 1) return false;
    i = fraction;
  }
  if (i < text.size() && (text[i] | 0x20) == 'e') {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    const std::size_t exponent = skip_digits(text, i);
    if (exponent == i) return false;
    i = exponent;
  }
  return i == text.size();
}

}  // namespace

bool decode_json_string(std::string_view raw, std::string& out) {
  out.clear();
  for (std::size_t i = 0;;) {
    const std::size_t plain = skip_plain(raw, i);
    if (plain != i) out.append(raw, i, plain - i);
    if (plain == raw.size()) return true;
    if (raw[plain] == '\\') {
      i = decode_escape(raw, plain, out);
      if (i == 0) return false;
      continue;
    }
    const std::size_t length = utf8_length(raw, plain);
    if (length < 2) return false;
    out.append(raw, plain, length);
    i = plain + length;
  }
}

bool is_json_scalar(std::string_view text) {
  return is_word(text, "null") || is_word(text, "true") || is_word(text, "false") ||
         is_number(text);
}

}  // namespace postern::kube::filter
