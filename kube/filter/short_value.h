#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Values of a few bytes, read in one look at the 16 bytes from where they begin, which must all be
// readable. Most keys and values are that short, and a body may consist of nothing else: a call of
// the scanner for each would cost several times as much.
namespace postern::kube::filter {

/// What the functions below look at.
inline constexpr int kShortValue = 16;

/// Which of 16 bytes are what; the first is the lowest bit.
struct ShortMasks {
  unsigned quotes = 0;
  unsigned backslashes = 0;
};

#if defined(__SSE2__)
inline unsigned short_mask(__m128i text, char wanted) {
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8(wanted))));
}

inline ShortMasks short_masks(const char* p) {
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {short_mask(text, '"'), short_mask(text, '\\')};
}
#else
inline ShortMasks short_masks(const char* p) {
  ShortMasks masks;
  for (int i = 0; i < kShortValue; ++i) {
    masks.quotes |= static_cast<unsigned>(p[i] == '"') << i;
    masks.backslashes |= static_cast<unsigned>(p[i] == '\\') << i;
  }
  return masks;
}
#endif

/// What is escaped by `backslashes`.
inline unsigned short_escaped(unsigned backslashes) {
  if ((backslashes & (backslashes << 1)) == 0) return backslashes << 1;
  unsigned escaped = 0;
  while (backslashes != 0) {
    const unsigned next = 2U << __builtin_ctz(backslashes);
    escaped |= next;
    backslashes &= ~(next | (next - 1));
  }
  return escaped;
}

/// The length of the string whose first byte (behind its quote) is at `p`; kShortValue when its
/// closing quote is not among the 16 bytes. `escapes`: it has some.
[[gnu::always_inline]] inline int short_text(const char* p, bool& escapes) {
  constexpr unsigned kNone = 1U << kShortValue;
  escapes = false;
  if (*p == '"') return 0;
  const ShortMasks masks = short_masks(p);
  unsigned quotes = masks.quotes | kNone;
  escapes = (masks.backslashes & (quotes ^ (quotes - 1))) != 0;
  if (escapes) [[unlikely]] {
    quotes = (quotes & ~short_escaped(masks.backslashes)) | kNone;
  }
  return __builtin_ctz(quotes);
}

#if defined(__SSE2__)
/// The bracket in `close` that closes the first in `open`, as a bit; 0 when there is none. Takes
/// the brackets away pair by pair, until the first to close is that one.
inline unsigned short_match(unsigned open, unsigned close) {
  for (; close != 0; close &= close - 1) {
    const unsigned before = open & (close ^ (close - 1));
    if ((before & (before - 1)) == 0) return close & (0U - close);
    open ^= 1U << (31 - __builtin_clz(before));
  }
  return 0;
}
#endif

/// The length of the object or array whose opening bracket is at `p`; 0 when it does not end among
/// the 16 bytes, or needs a closer look: it has escapes, or its brackets do not match.
inline int short_container(const char* p) {
#if defined(__SSE2__)
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  // '[' and '{', ']' and '}' differ in this bit only, and no other byte becomes one of them.
  const __m128i folded = _mm_or_si128(text, _mm_set1_epi8(0x20));
  const unsigned open = short_mask(folded, '{');
  const unsigned close = short_mask(folded, '}');
  const unsigned quotes = short_mask(text, '"');
  unsigned last = short_match(open, close);
  if ((quotes & (last - 1)) != 0) {
    unsigned strings = quotes;
    for (int shift = 1; shift < kShortValue; shift *= 2) strings ^= strings << shift;
    last = short_match(open & ~strings, close & ~strings);
  }
  if (last == 0 || (short_mask(text, '\\') & (last - 1)) != 0) return 0;
  const int length = __builtin_ctz(last) + 1;
  if (p[length - 1] != p[0] + 2) [[unlikely]] {
    return 0;
  }
  return length;
#else
  (void)p;
  return 0;
#endif
}

/// The length of the number at `p`; 0 when it is none or too long. In branches, so that the
/// processor goes on before it has the bytes.
inline int short_number(const char* p) {
  constexpr int kMost = kShortValue - 1;
  const auto digit = [p](int i) { return p[i] >= '0' && p[i] <= '9'; };
  int end = 0;
  if (p[0] == '-') [[unlikely]] {
    end = 1;
  }
  if (!digit(end)) return 0;
  const bool zero = p[end] == '0';
  ++end;
  if (digit(end)) {
    if (zero) return 0;
    while (end < kMost && digit(end)) ++end;
  }
  if (p[end] == '.') {
    const int first = ++end;
    while (end < kMost && digit(end)) ++end;
    if (end == first) return 0;
  }
  if ((p[end] | 0x20) == 'e') {
    ++end;
    if (end < kMost && (p[end] == '+' || p[end] == '-')) ++end;
    const int first = end;
    while (end < kMost && digit(end)) ++end;
    if (end == first) return 0;
  }
  return end;
}

/// The length of `true`, `false` or `null` at `p`; else 0.
inline int short_word(const char* p) {
  if (__builtin_memcmp(p, "true", 4) == 0 || __builtin_memcmp(p, "null", 4) == 0) return 4;
  return __builtin_memcmp(p, "false", 5) == 0 ? 5 : 0;
}

/// The same of any of these; 0 also when what follows belongs to it.
inline int short_scalar(const char* p) {
  const int length = *p <= '9' ? short_number(p) : short_word(p);
  const auto after = static_cast<unsigned char>(p[length]);
  if (after != ',' && after != '}' && after != ']' && after > ' ') [[unlikely]] {
    return 0;
  }
  return length;
}

/// The length of the value at `p`, when one of the above can tell; else 0. 17 bytes must be
/// readable.
[[gnu::always_inline]] inline int short_value(const char* p) {
  if (*p == '"') {
    bool escapes = false;
    const int length = short_text(p + 1, escapes);
    return length == kShortValue ? 0 : length + 2;
  }
  if (*p >= '0' && *p <= '9' && (p[1] == ',' || p[1] == '}')) return 1;
  if (*p != '{' && *p != '[') return short_scalar(p);
  return p[1] == p[0] + 2 ? 2 : short_container(p);
}

}  // namespace postern::kube::filter
