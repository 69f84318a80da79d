#pragma once

#include "rbac/pattern.h"
#include "rbac/piece_index.h"
#include "rbac/string_index.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// Many patterns, each with a number, asked for those that match a name.
///
/// A few are tried one by one. Of many, exact names stand in a hash, prefixes in a hash per
/// distinct length, and only other globs and regular expressions are tried one by one: the cost of
/// a name does not grow with the number of exact names and prefixes (performance notes,
/// "Matching"). Where many globs agree with a name in all that is quickly compared, their inner
/// pieces are looked for together.
///
/// Refers to the patterns, which must outlive it and stay where they are. Safe from any thread once
/// built.
class PatternSet {
 public:
  void reserve(std::size_t entries) { entries_.reserve(entries); }
  void add(const Pattern& pattern, std::uint32_t number) { entries_.push_back({&pattern, number}); }
  /// Call it once, after the last add().
  void build();

  std::size_t size() const { return entries_.size(); }

  /// Calls `accept(number)` for patterns that match until it returns true; whether it did. In no
  /// order that means anything.
  template <typename Accept>
  bool find(std::string_view name, Effect effect, Accept accept) const {
    if (!hashed_) {
      for (const Entry& entry : entries_) {
        if (entry.pattern->matches(name, effect) && accept(entry.number)) {
          return true;
        }
      }
      return false;
    }
    if (chain(literals_.find(name), accept)) {
      return true;
    }
    if (!name.empty()) {
      if (prefixes_.may_have(name.front())) {
        for (const std::size_t length : prefixes_.lengths) {
          if (length > name.size()) {
            break;
          }
          if (chain(prefixes_.index.find(name.substr(0, length)), accept)) {
            return true;
          }
        }
      }
      if (suffixes_.may_have(name.back())) {
        for (const std::size_t length : suffixes_.lengths) {
          if (length > name.size()) {
            break;
          }
          if (chain(suffixes_.index.find(name.substr(name.size() - length)), accept)) {
            return true;
          }
        }
      }
    }
    return !others_.empty() && find_other(name, effect, accept);
  }

  /// Calls `accept(pattern, number)` for entries until it returns true; whether it did.
  template <typename Accept>
  bool any(Accept accept) const {
    for (const Entry& entry : entries_) {
      if (accept(*entry.pattern, entry.number)) {
        return true;
      }
    }
    return false;
  }
  /// Calls `visit(pattern, number)` for every entry.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Entry& entry : entries_) {
      visit(*entry.pattern, entry.number);
    }
  }

 private:
  struct Entry {
    const Pattern* pattern;
    std::uint32_t number;
    std::uint32_t next = StringIndex::kNone;  ///< the next entry with the same text
  };

  template <typename Accept>
  bool chain(std::uint32_t first, Accept& accept) const {
    for (std::uint32_t i = first; i != StringIndex::kNone; i = entries_[i].next) {
      if (accept(entries_[i].number)) {
        return true;
      }
    }
    return false;
  }

  /// What a name must have so that it is worth trying a glob.
  struct Other {
    std::uint64_t letters = 0;  ///< see letters_of()
    std::uint64_t pairs = 0;    ///< see pairs_of()
    std::uint32_t entry = 0;
    std::uint32_t pieces = 0;  ///< where its inner pieces begin in inner_->pieces
    std::uint16_t piece_count = 0;
    std::uint16_t least_bytes = 0;
    std::uint16_t head_bytes = 0;
    std::uint16_t tail_bytes = 0;
    char first = '\0';  ///< \0: any
    char last = '\0';
  };

  /// The letters of a text, folded into one word: a text without some letter of a glob does not
  /// match it.
  static std::uint64_t letters_of(std::string_view text) {
    std::uint64_t letters = 0;
    for (const char c : text) {
      letters |= std::uint64_t{1} << (static_cast<unsigned char>(c) & 63U);
    }
    return letters;
  }

  /// Likewise the pairs of neighbours.
  static std::uint64_t pairs_of(std::string_view text) {
    std::uint64_t pairs = 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
      const unsigned one = static_cast<unsigned char>(text[i - 1]);
      const unsigned other = static_cast<unsigned char>(text[i]);
      pairs |= std::uint64_t{1} << ((one * 37 + other) & 63U);
    }
    return pairs;
  }

  template <typename Accept>
  bool find_other(std::string_view name, Effect effect, Accept& accept) const {
    const std::uint64_t letters = letters_of(name);
    const std::uint64_t pairs = pairs_of(name);
    const char first = name.empty() ? '\0' : name.front();
    const char last = name.empty() ? '\0' : name.back();
    std::size_t tried = 0;
    std::optional<PieceIndex::Found> found;
    for (const Other& other : others_) {
      if ((other.letters & ~letters) != 0 || (other.pairs & ~pairs) != 0 ||
          name.size() < other.least_bytes || (other.first != '\0' && other.first != first) ||
          (other.last != '\0' && other.last != last)) {
        continue;
      }
      if (other.piece_count != 0 && name.size() <= PieceIndex::kMaxNameBytes) {
        if (!found && ++tried > inner_->index.worth_of_search()) {
          found.emplace(inner_->index.search(name));
        }
        if (found && !may_match(other, *found, name.size())) {
          continue;
        }
      }
      const Entry& entry = entries_[other.entry];
      if (entry.pattern->matches(name, effect) && accept(entry.number)) {
        return true;
      }
    }
    return false;
  }

  /// The pieces of globs that stand between two `*`s.
  struct InnerPieces {
    PieceIndex index;
    std::vector<PieceIndex::Piece> pieces;  ///< glob by glob
  };

  bool may_match(const Other& other, const PieceIndex::Found& found, std::size_t bytes) const {
    const std::span<const PieceIndex::Piece> pieces(&inner_->pieces[other.pieces],
                                                    other.piece_count);
    return found.may_be_in_order(pieces, other.head_bytes, bytes - other.tail_bytes);
  }

  /// Texts of one end, by their length. None is empty.
  struct Ends {
    bool may_have(char outermost) const {
      return (outermost_letters & letters_of({&outermost, 1})) != 0;
    }

    StringIndex index;
    std::uint64_t outermost_letters = 0;
    std::vector<std::size_t> lengths;  ///< ascending, each once
  };
  void add_to(StringIndex& index, std::string_view text, std::uint32_t entry);
  void add_end(Ends& ends, std::string_view text, char outermost, std::uint32_t entry);
  void add_other(const Pattern& pattern, std::uint32_t entry);
  void add_inner_pieces(const std::vector<std::string>& pieces, Other& other);

  std::vector<Entry> entries_;
  bool hashed_ = false;
  StringIndex literals_;
  Ends prefixes_;
  Ends suffixes_;
  std::vector<Other> others_;           ///< `*`, other globs and regular expressions
  std::unique_ptr<InnerPieces> inner_;  ///< nullptr where no glob has any
};

}  // namespace postern::rbac
