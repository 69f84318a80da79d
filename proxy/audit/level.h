#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::proxy::audit {

/// How much of a request is written down (k8s.io/apiserver pkg/apis/audit Level), in order.
enum class Level : std::uint8_t { kNone, kMetadata, kRequest, kRequestResponse };
inline constexpr std::array<std::string_view, 4> kLevelNames{"None", "Metadata", "Request",
                                                             "RequestResponse"};

/// When in a request's life an event is written (k8s.io/apiserver pkg/apis/audit Stage).
enum class Stage : std::uint8_t { kRequestReceived, kResponseStarted, kResponseComplete, kPanic };
inline constexpr std::array<std::string_view, 4> kStageNames{"RequestReceived", "ResponseStarted",
                                                             "ResponseComplete", "Panic"};

constexpr std::string_view name(Level level) {
  return kLevelNames.at(static_cast<std::size_t>(level));
}
constexpr std::string_view name(Stage stage) {
  return kStageNames.at(static_cast<std::size_t>(stage));
}

/// A set of stages.
class StageSet {
 public:
  constexpr void insert(Stage stage) { bits_ |= bit(stage); }
  constexpr bool contains(Stage stage) const { return (bits_ & bit(stage)) != 0; }
  constexpr StageSet united(StageSet other) const {
    StageSet both = *this;
    both.bits_ |= other.bits_;
    return both;
  }
  friend constexpr bool operator==(StageSet, StageSet) = default;

 private:
  static constexpr unsigned bit(Stage stage) { return 1U << static_cast<unsigned>(stage); }
  unsigned bits_ = 0;
};

}  // namespace postern::proxy::audit
