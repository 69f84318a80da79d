#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace postern::kube::filter {

/// What short_text looks at.
inline constexpr int kShortText = 16;

/// The length of the string whose first byte is at `p`, when its closing quote is among the 16
/// bytes from there and no escape before it; else 16. Keys and small values mostly are like that.
inline int short_text(const char* p) {
#if defined(__SSE2__)
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const int quotes = _mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')));
  const int escapes = _mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('\\')));
  const int length = __builtin_ctz(static_cast<unsigned>(quotes) | 1U << kShortText);
  return (escapes & ((1 << length) - 1)) == 0 ? length : kShortText;
#else
  for (int i = 0; i < kShortText; ++i) {
    if (p[i] == '"') return i;
    if (p[i] == '\\') break;
  }
  return kShortText;
#endif
}

}  // namespace postern::kube::filter
