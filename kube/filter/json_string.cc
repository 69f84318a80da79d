#include "kube/filter/json_string.h"

#include <array>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

/// Writes at `to`. Returns the place after it.
char* put_utf8(std::uint32_t code, char* to) {
  const auto put = [&to](std::uint32_t byte) { *to++ = static_cast<char>(byte); };
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
  return to;
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

/// Writes what the escape at raw[i] (its backslash) stands for at `to` and moves both on. false: it
/// is not one. What is written is never longer than the escape.
bool decode_escape(std::string_view raw, std::size_t& i, char*& to) {
  if (i + 1 >= raw.size()) return false;
  if (const char meant = short_escape(raw[i + 1]); meant != 0) {
    *to++ = meant;
    i += 2;
    return true;
  }
  std::uint32_t code = 0;
  if (raw[i + 1] != 'u' || !hex4(raw, i + 2, code)) return false;
  i += 6;
  if (code >= 0xDC00 && code < 0xE000) return false;
  if (code >= 0xD800 && code < 0xDC00) {
    std::uint32_t low = 0;
    if (raw.substr(i, 2) != "\\u" || !hex4(raw, i + 2, low)) return false;
    if (low < 0xDC00 || low >= 0xE000) return false;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    i += 6;
  }
  to = put_utf8(code, to);
  return true;
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

/// ASCII characters that stand for themselves.
bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

/// How many of them `raw` begins with.
std::size_t plain_length(std::string_view raw) {
  std::size_t length = 0;
#if defined(__SSE2__)
  for (; raw.size() - length >= 16; length += 16) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(raw.data() + length));
    // As signed numbers, what is not ASCII is less than a space, too.
    const __m128i others = _mm_or_si128(_mm_cmplt_epi8(text, _mm_set1_epi8(0x20)),
                                        _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')),
                                                     _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'))));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(others));
    if (mask != 0) return length + static_cast<std::size_t>(__builtin_ctz(mask));
  }
#endif
  while (length != raw.size() && is_plain(raw[length])) ++length;
  return length;
}

constexpr std::array<bool, 256> make_scalar_bytes() {
  std::array<bool, 256> bytes{};
  for (std::size_t c = '0'; c <= '9'; ++c) bytes[c] = true;
  for (std::size_t c = 'a'; c <= 'z'; ++c) bytes[c] = true;
  for (const char c : {'.', '-', '+', 'E'}) bytes[static_cast<unsigned char>(c)] = true;
  return bytes;
}

constexpr std::array<bool, 256> kScalarBytes = make_scalar_bytes();

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

char* decode_json_string(std::string_view raw, char* to) {
  for (std::size_t i = 0; i != raw.size();) {
    if (is_plain(raw[i])) {
      *to++ = raw[i++];
    } else if (raw[i] == '\\') {
      if (!decode_escape(raw, i, to)) return nullptr;
    } else {
      const std::size_t length = utf8_length(raw, i);
      if (length < 2) return nullptr;
      for (const std::size_t after = i + length; i != after; ++i) *to++ = raw[i];
    }
  }
  return to;
}

bool decode_json_string(std::string_view raw, std::string& out) {
  const std::size_t plain = plain_length(raw);
  out.assign(raw.data(), plain);
  if (plain == raw.size()) return true;
  out.resize(raw.size());
  const char* const end = decode_json_string(raw.substr(plain), out.data() + plain);
  if (end == nullptr) return false;
  out.resize(static_cast<std::size_t>(end - out.data()));
  return true;
}

bool decode_json_string(std::string_view raw, std::string& buffer, std::string_view& text) {
  if (plain_length(raw) == raw.size()) {
    text = raw;
    return true;
  }
  if (buffer.size() < raw.size()) buffer.resize(raw.size());
  const char* const end = decode_json_string(raw, buffer.data());
  if (end == nullptr) return false;
  text = {buffer.data(), end};
  return true;
}

bool is_json_text(std::string_view raw) {
  if (plain_length(raw) == raw.size()) return true;
  std::string ignored;
  return decode_json_string(raw, ignored);
}

const char* past_json_scalar(const char* p, const char* end) {
  while (p != end && kScalarBytes[static_cast<unsigned char>(*p)]) ++p;
  return p;
}

bool is_json_scalar(std::string_view text) {
  return is_word(text, "null") || is_word(text, "true") || is_word(text, "false") ||
         is_number(text);
}

}  // namespace postern::kube::filter
