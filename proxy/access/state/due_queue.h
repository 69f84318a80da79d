#pragma once

#include "proxy/access/state/objects.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace postern::proxy::access {

/// What has to happen when, by the wall clock and by the monotonic one: whichever says so first. So
/// setting the wall clock back prolongs nothing. One thread.
class DueQueue {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  struct Now {
    TimePoint wall;
    Steady steady;
  };
  struct Due {
    std::string key;
    bool elapsed = false;  ///< the monotonic clock says so
  };

  /// Replaces what was set for the key; the result is the time by the monotonic clock. A time that
  /// moves, moves there by as much: what the wall clock shows meanwhile changes nothing.
  Steady set(const std::string& key, TimePoint when, Now now) {
    const auto found = entries_.find(key);
    // Longer times than a clock can count from here come to the wall clock's notice.
    const TimePoint from = found == entries_.end() ? now.wall : found->second.wall;
    const Steady base = found == entries_.end() ? now.steady : found->second.steady;
    const auto left = std::min<TimePoint::duration>(when - from, kFar);
    const Steady steady = base + std::chrono::duration_cast<Steady::duration>(left);
    clear(key);
    entries_[key] = {when, steady};
    by_wall_.emplace(when, key);
    by_steady_.emplace(steady, key);
    return steady;
  }
  void clear(std::string key) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) {
      by_wall_.erase({found->second.wall, key});
      by_steady_.erase({found->second.steady, key});
      entries_.erase(found);
    }
  }
  /// Takes out what is due, at most so many.
  std::vector<Due> take(Now now, std::size_t limit) {
    std::vector<Due> due;
    while (due.size() < limit && !by_steady_.empty() && by_steady_.begin()->first <= now.steady) {
      due.push_back({by_steady_.begin()->second, true});
      clear(due.back().key);
    }
    while (due.size() < limit && !by_wall_.empty() && by_wall_.begin()->first <= now.wall) {
      due.push_back({by_wall_.begin()->second, false});
      clear(due.back().key);
    }
    return due;
  }

 private:
  static constexpr TimePoint::duration kFar = std::chrono::hours(24 * 365 * 20);

  std::map<std::string, Now> entries_;
  std::set<std::pair<TimePoint, std::string>> by_wall_;
  std::set<std::pair<Steady, std::string>> by_steady_;
};

}  // namespace postern::proxy::access
