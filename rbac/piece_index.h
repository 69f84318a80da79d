#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// Looks for the inner pieces of many globs (what stands between two `*`s) in a name at once,
/// instead of once for each glob: by rolling hashes (Karp and Rabin 1987), one pass over the name
/// for each length that some piece has.
///
/// Says for sure what does not match; what is left may still not match, since hashes may collide.
/// Safe from any thread once the last piece was added.
class PieceIndex {
 public:
  /// Longest name that is searched; Kubernetes' have at most 253 bytes.
  static constexpr std::size_t kMaxNameBytes = 255;

  /// A piece of a glob.
  struct Piece {
    std::uint32_t number;  ///< the same for the same text
    std::uint32_t bytes;
  };

  /// Adds a piece, which is not empty.
  Piece add(std::string_view text);
  std::size_t size() const { return keys_.size(); }
  /// How many globs must be tried one by one so that it costs as much as a search.
  std::size_t worth_of_search() const { return 2 * lengths_.size(); }

  /// Where the pieces are in one name.
  class Found {
   public:
    /// Whether the pieces might stand in the name, one behind the other, from byte `begin` to byte
    /// `end` of it (at most kMaxNameBytes).
    bool may_be_in_order(std::span<const Piece> pieces, std::size_t begin, std::size_t end) const;

   private:
    friend class PieceIndex;
    static constexpr std::uint8_t kNowhere = 255;
    /// Where a piece is.
    struct Places {
      std::array<std::uint8_t, kMaxNameBytes + 1> next;  ///< the first from each byte on
      std::size_t known = 0;                             ///< so many of `next` are set
    };

    explicit Found(std::size_t pieces) : places_of_(pieces) {}
    void add(std::uint32_t piece, std::size_t at);

    std::vector<std::uint16_t> places_of_;  ///< by piece: 0 for nowhere, n for places_[n - 1]
    std::vector<Places> places_;
  };
  /// `name` must have no more than kMaxNameBytes.
  Found search(std::string_view name) const;

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFU;

  struct Slot {
    std::uint32_t tag = 0;  ///< the hash's low half
    std::uint32_t piece = kNone;
  };

  struct Key {
    std::uint64_t hash;
    std::size_t bytes;
    friend bool operator==(const Key&, const Key&) = default;
  };
  std::uint32_t find(const Key& key) const;
  void put(std::uint32_t piece);

  std::vector<Key> keys_;             ///< of the pieces
  std::vector<std::size_t> lengths_;  ///< of the pieces, ascending, each once
  std::vector<Slot> table_;           ///< a power of two, at most a quarter full
  unsigned shift_ = 64;               ///< of a hash, for its place in the table
};

}  // namespace postern::rbac
