#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace postern::proxy {

/// Lets through the first messages of a key in each interval and counts the others. Bounded: with
/// too many keys, old ones are forgotten first and new ones then share one entry. Not thread-safe.
class LogLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  LogLimiter(std::uint32_t burst, std::chrono::seconds interval, std::size_t max_keys)
      : burst_(burst), interval_(interval), max_keys_(max_keys) {}

  /// nullopt: leave it out. Otherwise the number of messages left out since the last one let
  /// through.
  std::optional<std::uint64_t> admit(std::string_view key, Clock::time_point now);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Clock::time_point since;
    std::uint32_t written = 0;
    std::uint64_t suppressed = 0;
  };
  Entry& entry(std::string_view key, Clock::time_point now);

  std::uint32_t burst_;
  std::chrono::seconds interval_;
  std::size_t max_keys_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace postern::proxy
