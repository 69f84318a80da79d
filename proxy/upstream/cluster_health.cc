#include "proxy/upstream/cluster_health.h"

#include <utility>

// Tested by tests/proxy/upstream/cluster_health_test.cc
namespace postern::proxy {

void ClusterHealth::answered() {
  last_answer_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
  // Only read where nothing is wrong: a store would take the line from the other workers.
  if (silent_.load(std::memory_order_relaxed)) silent_.store(false, std::memory_order_relaxed);
}

void ClusterHealth::timed_out(Clock::time_point began) {
  if (last_answer_.load(std::memory_order_relaxed) < began.time_since_epoch().count()) {
    silent_.store(true, std::memory_order_relaxed);
  }
}

void ClusterHealth::probed(std::optional<std::string> problem) {
  const std::lock_guard lock(mutex_);
  problem_ = std::move(problem);
}

std::optional<std::string> ClusterHealth::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace postern::proxy
