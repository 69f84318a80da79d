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

/// Scanning by one instruction set: `Simd` compares the 64 bytes of a block.
template <class Simd>
struct BlockScan {
  /// As many are quicker looked at one by one.
  static constexpr unsigned long kFewBytes = 8;

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

  /// What four bytes do to the depth.
  struct Nibble {
    signed char sum = 0;
    signed char lowest = 0;  ///< behind any of them
  };
  struct Nibbles {
    /// The index: which bytes open, times 16, plus which close.
    Nibble of[256];
    constexpr Nibbles() : of() {
      for (unsigned i = 0; i < 256; ++i) {
        int depth = 0;
        int lowest = 0;
        for (unsigned bit = 0; bit < 4; ++bit) {
          depth += static_cast<int>(i >> (4 + bit) & 1) - static_cast<int>(i >> bit & 1);
          if (depth < lowest) lowest = depth;
        }
        of[i] = {static_cast<signed char>(depth), static_cast<signed char>(lowest)};
      }
    }
  };
  static constexpr Nibbles kNibbles{};
  /// With fewer brackets in a block it is quicker to look at each of them.
  static constexpr std::uint64_t kManyBrackets = 12;

  /// The walk over the brackets of a block in which the value may end or the nesting may pass its
  /// limit. Returns the bit after the end, or 64.
  static unsigned walk(std::uint64_t open, std::uint64_t close, ScanState& state) {
    if (Simd::popcount(open) + Simd::popcount(close) < kManyBrackets) {
      return walk_exactly(open, close, state);
    }
    for (unsigned at = 0; at < 64; at += 4) {
      const Nibble& nibble = kNibbles.of[(open >> at & 15) << 4 | (close >> at & 15)];
      const auto depth = static_cast<std::int64_t>(state.depth);
      if (depth + nibble.lowest > 0 && state.depth + 4 <= kMaxDepth) {
        state.depth = static_cast<std::uint64_t>(depth + nibble.sum);
        continue;
      }
      const std::uint64_t four = std::uint64_t{15} << at;
      const unsigned stop = walk_exactly(open & four, close & four, state);
      if (stop != 64) return stop;
    }
    return 64;
  }

  static unsigned walk_exactly(std::uint64_t open, std::uint64_t close, ScanState& state) {
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

  /// One block. false: the value ends in it, or it is refused; `stop` is where. `escapes`: the
  /// bytes that a backslash escapes, the one after the block not among them.
  [[gnu::always_inline]] static bool container_block(const char* p, ScanState& state,
                                                     std::uint64_t& escapes, unsigned& stop) {
    BlockMasks m = Simd::masks(p);
    escapes = 0;
    if ((m.backslash | (state.escaped ? 1 : 0)) != 0) escapes = escaped(m.backslash, state.escaped);
    const std::uint64_t in_string = state.in_string ? ~std::uint64_t{0} : 0;
    const std::uint64_t strings = Simd::prefix_xor(m.quote & ~escapes) ^ in_string;
    const std::uint64_t open = m.open & ~strings;
    const std::uint64_t close = m.close & ~strings;
    const std::uint64_t stray = m.backslash & ~strings;
    const std::uint64_t opened = Simd::popcount(open);
    const std::uint64_t closed = Simd::popcount(close);
    state.in_string = (strings >> 63) != 0;
    if (state.depth > closed && state.depth + opened <= kMaxDepth && stray == 0) {
      state.depth += opened - closed;
      return true;
    }
    const unsigned first_stray = stray != 0 ? static_cast<unsigned>(__builtin_ctzll(stray)) : 64;
    const std::uint64_t before =
        stray != 0 ? (std::uint64_t{1} << first_stray) - 1 : ~std::uint64_t{0};
    stop = walk(open & before, close & before, state);
    if (state.error != nullptr) return false;
    if (state.depth == 0) {
      state.in_string = false;
      state.escaped = false;
      return false;
    }
    if (stray == 0) return true;
    state.error = "backslash outside of a string";
    stop = first_stray;
    return false;
  }

  static const char* skip_container(const char* p, const char* end, ScanState& state) {
    std::uint64_t escapes = 0;
    unsigned stop = 0;
    for (; end - p >= 64; p += 64) {
      prefetch(p);
      if (!container_block(p, state, escapes, stop)) return p + stop;
    }
    const auto rest = static_cast<unsigned long>(end - p);
    if (rest < kFewBytes) return skip_container_scalar(p, end, state);
    // What is left, made up to a block with bytes that mean nothing.
    alignas(64) char block[64] = {};
    __builtin_memcpy(block, p, rest);
    if (!container_block(block, state, escapes, stop)) return p + stop;
    state.escaped = (escapes >> rest & 1) != 0;
    return end;
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
