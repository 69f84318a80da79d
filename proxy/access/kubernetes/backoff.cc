#include "proxy/access/kubernetes/backoff.h"

#include <algorithm>
#include <random>

// Tested by tests/proxy/access/kubernetes/kind_watcher_test.cc
namespace postern::proxy::access {
namespace {

constexpr unsigned kMaxDoublings = 16;

}  // namespace

int Backoff::random_between(int least, int most) {
  thread_local std::mt19937 random(std::random_device{}());
  return std::uniform_int_distribution<int>(least, most)(random);
}

std::chrono::milliseconds Backoff::after_setback() {
  const auto grown = options_.first * (1U << std::min(setbacks_, kMaxDoublings));
  ++setbacks_;
  const auto most = static_cast<int>(std::min(grown, options_.longest).count());
  return std::chrono::milliseconds(random_(most / 2, most));
}

}  // namespace postern::proxy::access
