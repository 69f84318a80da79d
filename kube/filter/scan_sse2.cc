#include "kube/filter/block_scan.h"

#if defined(__x86_64__)
#include <emmintrin.h>

// What every x86-64 processor has.
namespace postern::kube::filter {
namespace {

struct Sse2 {
  static std::uint64_t equal(const __m128i (&v)[4], char c) {
    const __m128i wanted = _mm_set1_epi8(c);
    std::uint64_t mask = 0;
    for (unsigned i = 0; i < 4; ++i) {
      const int lane = _mm_movemask_epi8(_mm_cmpeq_epi8(v[i], wanted));
      mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(lane)) << (16 * i);
    }
    return mask;
  }

  static void load(const char* p, __m128i (&v)[4]) {
    for (int i = 0; i < 4; ++i) v[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i);
  }

  static BlockMasks masks(const char* p) {
    __m128i v[4];
    load(p, v);
    const std::uint64_t quote = equal(v, '"');
    const std::uint64_t backslash = equal(v, '\\');
    // '[' and '{', ']' and '}' differ in this bit only, and no other byte becomes one of them.
    for (__m128i& lane : v) lane = _mm_or_si128(lane, _mm_set1_epi8(0x20));
    return {quote, backslash, equal(v, '{'), equal(v, '}')};
  }

  static std::uint64_t string_masks(const char* p, std::uint64_t& backslash) {
    __m128i v[4];
    load(p, v);
    backslash = equal(v, '\\');
    return equal(v, '"');
  }

  static std::uint64_t prefix_xor(std::uint64_t x) {
    x ^= x << 1;
    x ^= x << 2;
    x ^= x << 4;
    x ^= x << 8;
    x ^= x << 16;
    x ^= x << 32;
    return x;
  }

  static std::uint64_t popcount(std::uint64_t x) {
    return static_cast<std::uint64_t>(__builtin_popcountll(x));
  }
};

}  // namespace

const char* skip_container_sse2(const char* p, const char* end, ScanState& state) {
  return BlockScan<Sse2>::skip_container(p, end, state);
}

const char* skip_string_sse2(const char* p, const char* end, ScanState& state) {
  return BlockScan<Sse2>::skip_string(p, end, state);
}

}  // namespace postern::kube::filter
#endif
