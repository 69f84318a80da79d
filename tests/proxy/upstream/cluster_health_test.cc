#include "proxy/upstream/cluster_health.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

using namespace std::chrono_literals;

TEST_CASE("health: not asked yet is no good word, what the probe says counts") {
  ClusterHealth health;
  CHECK(health.problem() == "it has not been asked yet");
  CHECK_FALSE(health.silent());
  health.probed(std::nullopt);
  CHECK_FALSE(health.problem());
  health.probed("its /readyz says 500");
  CHECK(health.problem() == "its /readyz says 500");
}

TEST_CASE("health: silent from the first attempt that got nothing until the next answer") {
  ClusterHealth health;
  const auto began = Clock::now() - 5s;
  health.timed_out(began);
  CHECK(health.silent());
  health.answered();
  CHECK_FALSE(health.silent());
}

TEST_CASE("health: a server that answered somebody meanwhile is slow, not silent") {
  ClusterHealth health;
  const auto began = Clock::now() - 5s;
  health.answered();
  health.timed_out(began);
  CHECK_FALSE(health.silent());
  health.timed_out(Clock::now() + 1ms);
  CHECK(health.silent());
}

}  // namespace
}  // namespace postern::proxy
