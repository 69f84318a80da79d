#pragma once

#include "proxy/net/task.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace postern::proxy {

using GroupVersion = std::pair<std::string, std::string>;

/// Whether both parts fit Kubernetes' grammar (DNS-1123 subdomain or nothing, and a DNS label), so
/// that they can stand in a path.
inline bool is_group_version(const GroupVersion& wanted) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  const auto& [group, version] = wanted;
  return group.size() <= 253 && !version.empty() && version.size() <= 63 &&
         std::all_of(group.begin(), group.end(), plain) && !group.starts_with('.') &&
         std::all_of(version.begin(), version.end(), plain) && !version.starts_with('.');
}
/// As DiscoveryOptions has them.
struct TargetedLimits {
  std::size_t burst = 10;
  Clock::duration gap{};
  Clock::duration negative_ttl{};
};

/// What becomes of somebody who wants a group version read.
enum class TargetedJoin {
  kStart,         ///< make the call, then finish(); they wait for it
  kWait,          ///< a call is under way; they wait for it
  kKnownUnknown,  ///< it was read a moment ago: what is known now is the answer
  kTooMany,       ///< the limit is reached: likewise
};

/// Who waits for which targeted refresh, and how many of them may be made: a pure table, the time
/// is a parameter. `Waiter` is whatever the caller wakes.
template <typename Waiter>
class TargetedRefreshes {
 public:
  explicit TargetedRefreshes(TargetedLimits limits)
      : limits_(limits), tokens_(static_cast<double>(limits.burst)) {}

  TargetedJoin join(const GroupVersion& wanted, Waiter waiter, Clock::time_point now) {
    drop_old(now);
    const auto found = targets_.find(wanted);
    if (found != targets_.end()) {
      if (!found->second.running) return TargetedJoin::kKnownUnknown;
      found->second.waiters.push_back(std::move(waiter));
      return TargetedJoin::kWait;
    }
    if (!take_token(now)) return TargetedJoin::kTooMany;
    Target& target = targets_[wanted];
    target.waiters.push_back(std::move(waiter));
    return TargetedJoin::kStart;
  }

  /// The call has ended: those who waited for it.
  std::vector<Waiter> finish(const GroupVersion& wanted, Clock::time_point now) {
    const auto found = targets_.find(wanted);
    if (found == targets_.end()) return {};
    found->second.running = false;
    found->second.forget_at = now + limits_.negative_ttl;
    return std::exchange(found->second.waiters, {});
  }

  /// Everybody who waits for anything.
  std::vector<Waiter> abandon() {
    std::vector<Waiter> all;
    for (auto& [wanted, target] : targets_) {
      for (Waiter& waiter : target.waiters) all.push_back(std::move(waiter));
      target.waiters.clear();
    }
    return all;
  }

  std::size_t size() const { return targets_.size(); }

 private:
  struct Target {
    bool running = true;
    Clock::time_point forget_at{};
    std::vector<Waiter> waiters;
  };

  void drop_old(Clock::time_point now) {
    std::erase_if(targets_, [&](const auto& each) {
      return !each.second.running && each.second.forget_at <= now;
    });
  }

  bool take_token(Clock::time_point now) {
    if (refilled_ == Clock::time_point{}) refilled_ = now;
    const std::chrono::duration<double> passed = now - refilled_;
    const std::chrono::duration<double> gap = limits_.gap;
    refilled_ = now;
    if (gap.count() > 0) tokens_ += passed / gap;
    tokens_ = std::min(tokens_, static_cast<double>(limits_.burst));
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

  TargetedLimits limits_;
  std::map<GroupVersion, Target> targets_;
  double tokens_;
  Clock::time_point refilled_{};
};

}  // namespace postern::proxy
