#include "kube/filter/json_string.h"

#include <array>
#include <cstdint>
#include <cstring>

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

constexpr std::ptrdiff_t kUnicodeEscape = 6;  // bytes

/// The value of the `\u` and four hexadecimal digits at p. false: they are not there.
bool unicode_escape(const char* p, const char* end, std::uint32_t& value) {
  if (end - p < kUnicodeEscape || p[0] != '\\' || p[1] != 'u') return false;
  const auto digit = [p](int at) { return kHexDigits[static_cast<unsigned char>(p[at])]; };
  value = (digit(2) << 12) | (digit(3) << 8) | (digit(4) << 4) | digit(5);
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

/// The characters that a backslash and a letter stand for, by the letter; 0 where they do not.
constexpr std::array<char, 256> make_short_escapes() {
  std::array<char, 256> meant{};
  for (const char c : {'"', '\\', '/'}) meant[static_cast<unsigned char>(c)] = c;
  meant['b'] = '\b';
  meant['f'] = '\f';
  meant['n'] = '\n';
  meant['r'] = '\r';
  meant['t'] = '\t';
  return meant;
}

constexpr std::array<char, 256> kShortEscapes = make_short_escapes();

/// Writes what the `\u` escape (or the pair of them) at p stands for at `to` and moves both on.
/// false: it is not one.
bool decode_unicode(const char*& p, const char* end, char*& to) {
  std::uint32_t code = 0;
  if (!unicode_escape(p, end, code)) return false;
  p += kUnicodeEscape;
  if (code >= 0xDC00 && code < 0xE000) return false;
  if (code >= 0xD800 && code < 0xDC00) {
    std::uint32_t low = 0;
    if (!unicode_escape(p, end, low) || low < 0xDC00 || low >= 0xE000) return false;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    p += kUnicodeEscape;
  }
  to = put_utf8(code, to);
  return true;
}

/// The same of the escape whose backslash is at p. What is written is never longer than the escape.
inline bool decode_escape(const char*& p, const char* end, char*& to) {
  if (end - p < 2) return false;
  const char meant = kShortEscapes[static_cast<unsigned char>(p[1])];
  if (meant == 0) return decode_unicode(p, end, to);
  *to++ = meant;
  p += 2;
  return true;
}

/// The length of the well-formed UTF-8 sequence at p (RFC 3629 §4), 0 when there is none.
std::ptrdiff_t utf8_length(const char* p, const char* end) {
  const auto byte = [p, end](std::ptrdiff_t at) -> unsigned {
    return at < end - p ? static_cast<unsigned char>(p[at]) : 0U;
  };
  const auto in = [](unsigned b, unsigned low, unsigned high) { return b >= low && b <= high; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (in(first, 0xC2, 0xDF)) return in(byte(1), 0x80, 0xBF) ? 2 : 0;
  if (in(first, 0xE0, 0xEF)) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return in(byte(1), low, high) && in(byte(2), 0x80, 0xBF) ? 3 : 0;
  }
  if (in(first, 0xF0, 0xF4)) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return in(byte(1), low, high) && in(byte(2), 0x80, 0xBF) && in(byte(3), 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

/// ASCII characters that stand for themselves.
constexpr std::array<bool, 256> make_plain_bytes() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}

constexpr std::array<bool, 256> kPlainBytes = make_plain_bytes();

bool is_plain(char c) {
  return kPlainBytes[static_cast<unsigned char>(c)];
}

#if defined(__SSE2__)
/// Which of 16 bytes are others; the first is the lowest bit.
unsigned others(__m128i text) {
  // As signed numbers, what is not ASCII is less than a space, too.
  const __m128i found = _mm_or_si128(_mm_cmplt_epi8(text, _mm_set1_epi8(0x20)),
                                     _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')),
                                                  _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'))));
  return static_cast<unsigned>(_mm_movemask_epi8(found));
}

/// The same of the bytes of a `Word` at p.
template <class Word>
unsigned others_of_word(const char* p) {
  Word word = 0;
  std::memcpy(&word, p, sizeof word);
  return others(_mm_cvtsi64_si128(static_cast<long long>(word))) & ((1U << sizeof word) - 1);
}

/// The same of the `size` bytes at p, at least one and at most two words.
template <class Word>
unsigned others_of_two_words(const char* p, std::size_t size) {
  const std::size_t second = size - sizeof(Word);
  return others_of_word<Word>(p) | others_of_word<Word>(p + second) << second;
}
#endif

/// How many of the plain characters `raw` begins with.
std::size_t plain_length(std::string_view raw) {
  std::size_t length = 0;
#if defined(__SSE2__)
  const auto before = [&length](unsigned mask) {
    return length + static_cast<std::size_t>(__builtin_ctz(mask));
  };
  for (; raw.size() - length >= 16; length += 16) {
    const unsigned mask =
        others(_mm_loadu_si128(reinterpret_cast<const __m128i*>(raw.data() + length)));
    if (mask != 0) return before(mask);
  }
  // Names and kinds mostly are shorter.
  const std::size_t rest = raw.size() - length;
  if (rest >= sizeof(std::uint32_t)) {
    const char* const p = raw.data() + length;
    const unsigned mask = rest < sizeof(std::uint64_t)
                              ? others_of_two_words<std::uint32_t>(p, rest)
                              : others_of_two_words<std::uint64_t>(p, rest);
    return mask != 0 ? before(mask) : raw.size();
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
  const char* p = raw.data();
  for (const char* const end = p + raw.size(); p != end;) {
    if (is_plain(*p)) {
      *to++ = *p++;
    } else if (*p == '\\') {
      if (!decode_escape(p, end, to)) return nullptr;
    } else {
      const std::ptrdiff_t length = utf8_length(p, end);
      if (length < 2) return nullptr;
      for (const char* const after = p + length; p != after;) *to++ = *p++;
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
