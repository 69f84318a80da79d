#include "rbac/pattern_set.h"

#include <algorithm>

namespace postern::rbac {
namespace {

/// Up to here trying one by one is as fast as a hash, and needs no memory.
constexpr std::size_t kFew = 6;

/// `*TAIL`.
bool is_suffix(const Pattern& pattern) {
  return pattern.kind() == Pattern::Kind::kGlob && pattern.pieces().size() == 2 &&
         pattern.pieces().front().empty();
}

}  // namespace

void PatternSet::add_to(StringIndex& index, std::string_view text, std::uint32_t entry) {
  std::uint32_t& first = index.insert(text);
  entries_[entry].next = first;
  first = entry;
}

void PatternSet::add_end(Ends& ends, std::string_view text, char outermost, std::uint32_t entry) {
  ends.outermost_letters |= letters_of({&outermost, 1});
  add_to(ends.index, text, entry);
  const auto at = std::lower_bound(ends.lengths.begin(), ends.lengths.end(), text.size());
  if (at == ends.lengths.end() || *at != text.size()) {
    ends.lengths.insert(at, text.size());
  }
}

void PatternSet::add_other(const Pattern& pattern, std::uint32_t entry) {
  Other other;
  other.entry = entry;
  if (pattern.kind() == Pattern::Kind::kGlob) {
    const std::vector<std::string>& pieces = pattern.pieces();
    std::size_t bytes = 0;
    for (const std::string& piece : pieces) {
      other.letters |= letters_of(piece);
      other.pairs |= pairs_of(piece);
      bytes += piece.size();
    }
    other.least_bytes = static_cast<std::uint16_t>(std::min<std::size_t>(bytes, 0xFFFF));
    other.first = pieces.front().empty() ? '\0' : pieces.front().front();
    other.last = pieces.back().empty() ? '\0' : pieces.back().back();
    add_inner_pieces(pieces, other);
  }
  others_.push_back(other);
}

void PatternSet::add_inner_pieces(const std::vector<std::string>& pieces, Other& other) {
  if (pieces.front().size() > PieceIndex::kMaxNameBytes ||
      pieces.back().size() > PieceIndex::kMaxNameBytes) {
    return;
  }
  if (!inner_) {
    inner_ = std::make_unique<InnerPieces>();
  }
  other.head_bytes = static_cast<std::uint16_t>(pieces.front().size());
  other.tail_bytes = static_cast<std::uint16_t>(pieces.back().size());
  other.pieces = static_cast<std::uint32_t>(inner_->pieces.size());
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
    if (!pieces[i].empty()) {
      inner_->pieces.push_back(inner_->index.add(pieces[i]));
    }
  }
  const std::size_t count = inner_->pieces.size() - other.pieces;
  other.piece_count = static_cast<std::uint16_t>(std::min<std::size_t>(count, 0xFFFF));
}

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
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    const Pattern& pattern = *entries_[i].pattern;
    if (pattern.kind() == Pattern::Kind::kLiteral) {
      add_to(literals_, pattern.head(), i);
    } else if (pattern.kind() == Pattern::Kind::kPrefix) {
      add_end(prefixes_, pattern.head(), pattern.head().front(), i);
    } else if (is_suffix(pattern)) {
      add_end(suffixes_, pattern.pieces().back(), pattern.pieces().back().back(), i);
    } else {
      add_other(pattern, i);
    }
  }
}

}  // namespace postern::rbac
