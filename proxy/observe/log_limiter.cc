#include "proxy/observe/log_limiter.h"

#include <utility>

namespace postern::proxy {

LogLimiter::Entry& LogLimiter::entry(std::string_view key, Clock::time_point now) {
  const auto found = entries_.find(std::string(key));
  if (found != entries_.end()) return found->second;
  if (entries_.size() >= max_keys_) {
    std::erase_if(entries_, [&](const auto& item) { return now - item.second.since >= interval_; });
  }
  const bool full = entries_.size() >= max_keys_;
  const auto [made, is_new] = entries_.try_emplace(full ? std::string() : std::string(key));
  if (is_new) made->second.since = now;
  return made->second;
}

std::optional<std::uint64_t> LogLimiter::admit(std::string_view key, Clock::time_point now) {
  Entry& known = entry(key, now);
  if (now - known.since >= interval_) {
    known.since = now;
    known.written = 0;
  }
  if (known.written >= burst_) {
    ++known.suppressed;
    return std::nullopt;
  }
  ++known.written;
  return std::exchange(known.suppressed, 0);
}

}  // namespace postern::proxy
