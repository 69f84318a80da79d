#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// A hash from strings to small numbers: built once, then read often. Refers to the keys' bytes,
/// which must outlive it. Safe from any thread once built.
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
    std::string_view key;
    std::uint32_t hash = 0;
    std::uint32_t value = kNone;
    bool used = false;
  };
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t used_ = 0;

  void grow();
};

}  // namespace postern::rbac
