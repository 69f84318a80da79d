#include "rbac/pattern_set.h"

#include <algorithm>
#include <set>

namespace postern::rbac {
namespace {

/// Up to here trying one by one is as fast as a hash, and needs no memory.
constexpr std::size_t kFew = 6;

}  // namespace

void PatternSet::build() {
  if (entries_.size() <= kFew) {
    return;
  }
  hashed_ = true;
  std::size_t literal_count = 0;
  for (const Entry& entry : entries_) {
    literal_count += entry.pattern->kind() == Pattern::Kind::kLiteral ? 1 : 0;
  }
  literals_.reserve(literal_count);
  std::set<std::size_t> lengths;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    const Pattern& pattern = *entries_[i].pattern;
    if (pattern.kind() == Pattern::Kind::kLiteral) {
      std::uint32_t& first = literals_.insert(pattern.head());
      entries_[i].next = first;
      first = i;
    } else if (pattern.kind() == Pattern::Kind::kPrefix) {
      std::uint32_t& first = prefixes_.insert(pattern.head());
      entries_[i].next = first;
      first = i;
      lengths.insert(pattern.head().size());
    } else {
      others_.push_back(i);
    }
  }
  prefix_lengths_.assign(lengths.begin(), lengths.end());
}

}  // namespace postern::rbac
