#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <cstddef>
#include <string_view>

namespace postern::kube::filter {

/// White space between JSON tokens (RFC 8259 §2).
inline bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// Past a long run of it.
inline const char* past_spaces(const char* p, const char* end) {
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const auto equal = [text](char c) { return _mm_cmpeq_epi8(text, _mm_set1_epi8(c)); };
    const __m128i spaces =
        _mm_or_si128(_mm_or_si128(equal(' '), equal('\n')), _mm_or_si128(equal('\r'), equal('\t')));
    const auto others = static_cast<unsigned>(_mm_movemask_epi8(spaces)) ^ 0xFFFFU;
    if (others != 0) return p + __builtin_ctz(others);
  }
#endif
  while (p != end && is_space(*p)) ++p;
  return p;
}

/// Past the white space at `p`, of which there mostly is none or one byte.
[[gnu::always_inline]] inline const char* past_space(const char* p, const char* end) {
  if (p == end || static_cast<unsigned char>(*p) > ' ') return p;
  if (!is_space(*p)) return p;
  ++p;
  return p == end || static_cast<unsigned char>(*p) > ' ' ? p : past_spaces(p, end);
}

/// Past the white space at `p`, which is before `end`, where there seldom is any. false: there was,
/// and not more than `kMargin` bytes are left behind it.
template <std::ptrdiff_t kMargin>
[[gnu::always_inline]] inline bool quick_space(const char*& p, const char* end) {
  if (static_cast<unsigned char>(*p) > ' ') return true;
  p = past_space(p, end);
  return end - p > kMargin;
}

inline std::string_view past_space(std::string_view text) {
  const char* const end = text.data() + text.size();
  return {past_space(text.data(), end), end};
}

}  // namespace postern::kube::filter
