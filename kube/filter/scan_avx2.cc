#include "kube/filter/block_scan.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Compiled with -mavx2 -mpclmul -mbmi -mpopcnt: called only where the machine has all four.
namespace postern::kube::filter {
namespace {

struct Avx2 {
  static std::uint64_t equal(__m256i low, __m256i high, char c) {
    const __m256i wanted = _mm256_set1_epi8(c);
    const int a = _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
    const int b = _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));
    return static_cast<std::uint32_t>(a) | static_cast<std::uint64_t>(static_cast<std::uint32_t>(b))
                                               << 32;
  }

  static __m256i load(const char* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }

  static BlockMasks masks(const char* p) {
    const __m256i low = load(p);
    const __m256i high = load(p + 32);
    // '[' and '{', ']' and '}' differ in this bit only, and no other byte becomes one of them.
    const __m256i bit = _mm256_set1_epi8(0x20);
    const __m256i low_set = _mm256_or_si256(low, bit);
    const __m256i high_set = _mm256_or_si256(high, bit);
    return {equal(low, high, '"'), equal(low, high, '\\'), equal(low_set, high_set, '{'),
            equal(low_set, high_set, '}')};
  }

  static std::uint64_t string_masks(const char* p, std::uint64_t& backslash) {
    const __m256i low = load(p);
    const __m256i high = load(p + 32);
    backslash = equal(low, high, '\\');
    return equal(low, high, '"');
  }

  static std::uint64_t prefix_xor(std::uint64_t x) {
    const __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(x)),
                                                 _mm_set1_epi8(static_cast<char>(0xFF)), 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
  }

  static std::uint64_t popcount(std::uint64_t x) {
    return static_cast<std::uint64_t>(__builtin_popcountll(x));
  }
};

}  // namespace

const char* skip_container_avx2(const char* p, const char* end, ScanState& state) {
  return BlockScan<Avx2>::skip_container(p, end, state);
}

const char* skip_string_avx2(const char* p, const char* end, ScanState& state) {
  return BlockScan<Avx2>::skip_string(p, end, state);
}

}  // namespace postern::kube::filter
#endif
