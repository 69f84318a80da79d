#include "rbac/string_index.h"

#include <bit>
#include <cstring>
#include <utility>

namespace postern::rbac {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Multiply and fold, eight bytes at a time. Keys come from administrators, so that nobody gains by
/// collisions.
std::uint32_t hash_of(std::string_view text) {
  constexpr std::uint64_t kSeed = 0x9E3779B97F4A7C15ULL;
  constexpr std::uint64_t kFactor = 0xD6E8FEB86659FD93ULL;
  std::uint64_t hash = kSeed ^ text.size();
  const char* data = text.data();
  std::size_t left = text.size();
  for (; left >= sizeof(std::uint64_t); left -= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, sizeof(word));
    hash = mix(hash ^ word, kFactor);
    data += sizeof(word);
  }
  std::uint64_t tail = 0;
  if (left >= 4) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    std::memcpy(&low, data, 4);
    std::memcpy(&high, data + left - 4, 4);
    tail = low | static_cast<std::uint64_t>(high) << 32;
  } else if (left > 0) {
    tail = static_cast<std::uint64_t>(static_cast<unsigned char>(data[0])) |
           static_cast<std::uint64_t>(static_cast<unsigned char>(data[left / 2])) << 8 |
           static_cast<std::uint64_t>(static_cast<unsigned char>(data[left - 1])) << 16;
  }
  hash = mix(hash ^ tail, kFactor);
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

}  // namespace

void StringIndex::reserve(std::size_t keys) {
  slots_.assign(std::bit_ceil(keys * 2 + 2), Slot{});
  used_ = 0;
}

void StringIndex::grow() {
  const std::vector<Slot> old = std::move(slots_);
  reserve(old.size());
  for (const Slot& slot : old) {
    if (slot.size == kNone) {
      continue;
    }
    std::size_t i = slot.hash & (slots_.size() - 1);
    while (slots_[i].size != kNone) {
      i = (i + 1) & (slots_.size() - 1);
    }
    slots_[i] = slot;
    ++used_;
  }
}

std::uint32_t& StringIndex::insert(std::string_view key) {
  if ((used_ + 1) * 2 > slots_.size()) {
    grow();
  }
  const std::uint32_t hash = hash_of(key);
  for (std::size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
    Slot& slot = slots_[i];
    if (slot.size == kNone) {
      slot = {hash, static_cast<std::uint32_t>(bytes_.size()),
              static_cast<std::uint32_t>(key.size()), kNone};
      bytes_ += key;
      ++used_;
      return slot.value;
    }
    if (holds(slot, hash, key)) {
      return slot.value;
    }
  }
}

std::uint32_t StringIndex::find(std::string_view key) const {
  if (slots_.empty()) {
    return kNone;
  }
  const std::uint32_t hash = hash_of(key);
  for (std::size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[i];
    if (slot.size == kNone) {
      return kNone;
    }
    if (holds(slot, hash, key)) {
      return slot.value;
    }
  }
}

}  // namespace postern::rbac
