#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// What a Walker and its handler say to each other.
namespace postern::kube::filter {

/// What a handler wants of the value that comes next.
enum class Want : std::uint8_t {
  kSkip,    ///< pass over it, whatever it is
  kText,    ///< a string: on_text
  kRaw,     ///< its bytes, whatever it is: on_raw
  kObject,  ///< an object, whose members are walked: on_open … on_close
  kArray,   ///< an array, whose elements are walked: on_open … on_close
  kRefuse,  ///< nothing: the handler's reason() says why
};

/// A value as written.
struct RawValue {
  std::string_view text;
  const char* readable;  ///< up to where bytes behind it can be read
  bool stays;            ///< until the chunk ends; else it dies with the call
};

/// What a handler says after it was told something.
enum class Step : std::uint8_t {
  kGo,
  kAbandon,  ///< the rest of the item is of no interest: on_abandoned after its closing bracket
  kFail,     ///< the handler's reason() says why
};

/// Longest key, text or number that is looked at, in bytes as written.
inline constexpr std::size_t kMaxToken = 4096;

}  // namespace postern::kube::filter
