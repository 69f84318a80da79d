#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// A hash from strings to small numbers: built once, then read often. Keeps the keys itself, close
/// together. Safe from any thread once built.
class StringIndex {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFU;

  /// Makes room for that many keys; call it once, before the first insert().
  void reserve(std::size_t keys);
  /// The value of the key, for reading and writing; kNone at first.
  std::uint32_t& insert(std::string_view key);
  /// The value of the key; kNone where there is none.
  std::uint32_t find(std::string_view key) const;

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t begin = 0;     ///< of the key in bytes_
    std::uint32_t size = kNone;  ///< of the key; kNone: the slot is free
    std::uint32_t value = kNone;
  };
  bool holds(const Slot& slot, std::uint32_t hash, std::string_view key) const {
    return slot.hash == hash && slot.size == key.size() &&
           std::string_view(bytes_.data() + slot.begin, slot.size) == key;
  }

  std::string bytes_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t used_ = 0;

  void grow();
};

}  // namespace postern::rbac
