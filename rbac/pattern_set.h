#pragma once

#include "rbac/pattern.h"
#include "rbac/string_index.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// Many patterns, each with a number, asked for those that match a name.
///
/// A few are tried one by one. Of many, exact names stand in a hash, prefixes in a hash per
/// distinct length, and only other globs and regular expressions are tried one by one: the cost of
/// a name does not grow with the number of exact names and prefixes (performance notes,
/// "Matching").
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
    for (const std::size_t length : prefix_lengths_) {
      if (length > name.size()) {
        break;
      }
      if (chain(prefixes_.find(name.substr(0, length)), accept)) {
        return true;
      }
    }
    for (const std::uint32_t i : others_) {
      if (entries_[i].pattern->matches(name, effect) && accept(entries_[i].number)) {
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

  std::vector<Entry> entries_;
  bool hashed_ = false;
  StringIndex literals_;
  StringIndex prefixes_;
  std::vector<std::size_t> prefix_lengths_;  ///< ascending
  std::vector<std::uint32_t> others_;        ///< `*`, globs and regular expressions
};

}  // namespace postern::rbac
