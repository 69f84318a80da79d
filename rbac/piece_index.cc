#include "rbac/piece_index.h"

#include <algorithm>
#include <bit>

namespace postern::rbac {
namespace {

constexpr std::uint64_t kBase = 0x9E3779B97F4A7C15ULL;

std::uint64_t rolled(std::uint64_t hash, char next) {
  return hash * kBase + static_cast<unsigned char>(next) + 1;
}

/// Spreads what differs in the low bits of a rolling hash over the high ones, by which it is found.
std::uint64_t spread(std::uint64_t rolling) {
  return (rolling ^ rolling >> 32) * 0xD6E8FEB86659FD93ULL;
}

}  // namespace

std::uint32_t PieceIndex::find(const Key& key) const {
  if (table_.empty()) {
    return kNone;
  }
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = key.hash >> shift_; table_[at].piece != kNone; at = (at + 1) & mask) {
    const Slot& slot = table_[at];
    if (slot.tag == static_cast<std::uint32_t>(key.hash) && keys_[slot.piece] == key) {
      return slot.piece;
    }
  }
  return kNone;
}

void PieceIndex::put(std::uint32_t piece) {
  const std::uint64_t hash = keys_[piece].hash;
  std::size_t at = hash >> shift_;
  while (table_[at].piece != kNone) {
    at = (at + 1) & (table_.size() - 1);
  }
  table_[at] = {static_cast<std::uint32_t>(hash), piece};
}

PieceIndex::Piece PieceIndex::add(std::string_view text) {
  std::uint64_t rolling = 0;
  for (const char c : text) {
    rolling = rolled(rolling, c);
  }
  const Key key{spread(rolling), text.size()};
  const auto bytes = static_cast<std::uint32_t>(text.size());
  if (const std::uint32_t known = find(key); known != kNone) {
    return {known, bytes};
  }
  const auto number = static_cast<std::uint32_t>(keys_.size());
  keys_.push_back(key);
  if (4 * keys_.size() > table_.size()) {
    table_.assign(std::max<std::size_t>(16, 4 * table_.size()), Slot{});
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(table_.size()));
    for (std::uint32_t i = 0; i <= number; ++i) {
      put(i);
    }
  } else {
    put(number);
  }
  const auto at = std::lower_bound(lengths_.begin(), lengths_.end(), text.size());
  if (at == lengths_.end() || *at != text.size()) {
    lengths_.insert(at, text.size());
  }
  return {number, bytes};
}

PieceIndex::Found PieceIndex::search(std::string_view name) const {
  Found found(size());
  // before[i] is the hash of the name's first i bytes, power[i] the base to the power of i.
  std::array<std::uint64_t, kMaxNameBytes + 1> before{};
  std::array<std::uint64_t, kMaxNameBytes + 1> power{1};
  for (std::size_t i = 0; i < name.size(); ++i) {
    before[i + 1] = rolled(before[i], name[i]);
    power[i + 1] = power[i] * kBase;
  }
  for (const std::size_t length : lengths_) {
    for (std::size_t end = length; end <= name.size(); ++end) {
      const std::size_t at = end - length;
      const Key key{spread(before[end] - before[at] * power[length]), length};
      if (const std::uint32_t piece = find(key); piece != kNone) {
        found.add(piece, at);
      }
    }
  }
  return found;
}

void PieceIndex::Found::add(std::uint32_t piece, std::size_t at) {
  std::uint16_t& number = places_of_[piece];
  if (number == 0) {
    places_.emplace_back().next.fill(kNowhere);
    number = static_cast<std::uint16_t>(places_.size());
  }
  Places& places = places_[number - 1U];
  // A piece's places come in their order: it has one length.
  for (; places.known <= at; ++places.known) {
    places.next[places.known] = static_cast<std::uint8_t>(at);
  }
}

bool PieceIndex::Found::may_be_in_order(std::span<const Piece> pieces, std::size_t begin,
                                        std::size_t end) const {
  // Leftmost is best: whatever stands further right leaves less for the pieces that follow. From
  // kNowhere on there is no room for any.
  for (const Piece& piece : pieces) {
    const std::uint16_t number = places_of_[piece.number];
    if (number == 0) {
      return false;
    }
    begin = places_[number - 1U].next[begin] + piece.bytes;
    if (begin > end) {
      return false;
    }
  }
  return true;
}

}  // namespace postern::rbac
