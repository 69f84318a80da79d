#pragma once

#include "kube/filter/scan_variants.h"

// The two skips over 64-byte blocks, for any `Simd` that turns a block into bit masks. Included by
// the files of the variants, which are compiled for different instruction sets: everything here is
// a template over a type of an unnamed namespace, and no standard header's function is called, so
// that no code of one variant can be linked into another's place.
namespace postern::kube::filter {

/// One bit per byte of a block, the first byte lowest.
struct BlockMasks {
  std::uint64_t quote;
  std::uint64_t backslash;
  std::uint64_t open;
  std::uint64_t close;
};

template <class Simd>
struct BlockScan {
  /// Asks for the bytes that come a while later: a block takes too long for the processor to look
  /// far enough ahead by itself (half the time, where the body is not in a cache). It may be past
  /// the end.
  static void prefetch(const char* p) {
    constexpr std::uintptr_t kAhead = 1024;
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(p) + kAhead));
  }

  /// Bytes that a backslash escapes. `carry`: the block's first byte is one; updated for the next
  /// block. The technique is simdjson's: add carries through runs that begin on odd positions.
  static std::uint64_t escaped(std::uint64_t backslash, bool& carry) {
    constexpr std::uint64_t kEven = 0x5555555555555555ULL;
    const std::uint64_t first = carry ? 1 : 0;
    backslash &= ~first;
    const std::uint64_t follows = (backslash << 1) | first;
    const std::uint64_t odd_starts = backslash & ~kEven & ~follows;
    unsigned long long runs = 0;
    carry = __builtin_uaddll_overflow(odd_starts, backslash, &runs);
    return (kEven ^ (std::uint64_t{runs} << 1)) & follows;
  }

  /// The exact walk over the brackets of a block in which the value may end or the nesting may pass
  /// its limit. Returns the bit after the end, or 64.
  static unsigned walk(std::uint64_t open, std::uint64_t close, ScanState& state) {
    for (std::uint64_t rest = open | close; rest != 0; rest &= rest - 1) {
      const auto bit = static_cast<unsigned>(__builtin_ctzll(rest));
      if ((open >> bit & 1) != 0) {
        if (++state.depth > kMaxDepth) {
          state.error = "nested too deeply";
          return bit;
        }
      } else if (--state.depth == 0) {
        return bit + 1;
      }
    }
    return 64;
  }

  static const char* skip_container(const char* p, const char* end, ScanState& state) {
    std::uint64_t in_string = state.in_string ? ~std::uint64_t{0} : 0;
    for (; end - p >= 64; p += 64) {
      prefetch(p);
      BlockMasks m = Simd::masks(p);
      if ((m.backslash | (state.escaped ? 1 : 0)) != 0) {
        m.quote &= ~escaped(m.backslash, state.escaped);
      }
      const std::uint64_t strings = Simd::prefix_xor(m.quote) ^ in_string;
      const std::uint64_t open = m.open & ~strings;
      const std::uint64_t close = m.close & ~strings;
      const std::uint64_t stray = m.backslash & ~strings;
      const std::uint64_t opened = Simd::popcount(open);
      const std::uint64_t closed = Simd::popcount(close);
      if (state.depth <= closed || state.depth + opened > kMaxDepth || stray != 0) {
        const unsigned first_stray =
            stray != 0 ? static_cast<unsigned>(__builtin_ctzll(stray)) : 64;
        const std::uint64_t before =
            stray != 0 ? (std::uint64_t{1} << first_stray) - 1 : ~std::uint64_t{0};
        const unsigned stop = walk(open & before, close & before, state);
        if (state.error != nullptr) return p + stop;
        if (state.depth == 0) {
          state.in_string = false;
          state.escaped = false;
          return p + stop;
        }
        if (stray != 0) {
          state.error = "backslash outside of a string";
          return p + first_stray;
        }
      } else {
        state.depth += opened - closed;
      }
      in_string = 0 - (strings >> 63);
    }
    state.in_string = in_string != 0;
    return skip_container_scalar(p, end, state);
  }

  static const char* skip_string(const char* p, const char* end, ScanState& state) {
    for (; end - p >= 64; p += 64) {
      std::uint64_t backslash = 0;
      std::uint64_t quote = Simd::string_masks(p, backslash);
      if ((backslash & (quote ^ (quote - 1))) != 0 || state.escaped) {
        const std::uint64_t all = backslash;
        quote &= ~escaped(backslash, state.escaped);
        if ((all & (quote ^ (quote - 1))) != 0) state.saw_backslash = true;
      } else if (quote == 0) {
        continue;
      }
      if (quote != 0) {
        state.in_string = false;
        state.escaped = false;
        return p + __builtin_ctzll(quote) + 1;
      }
    }
    return skip_string_scalar(p, end, state);
  }
};

}  // namespace postern::kube::filter
