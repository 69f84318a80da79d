#include "proxy/upstream/targeted_refresh.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

using namespace std::chrono_literals;
using Table = TargetedRefreshes<int>;

TEST_CASE("targeted refreshes: identical ones share a call, and are remembered for a while") {
  Table table({10, 1s, 5s});
  const GroupVersion wanted{"e.com", "v1"};
  const Clock::time_point t0{1000s};
  CHECK(table.join(wanted, 1, t0) == TargetedJoin::kStart);
  CHECK(table.join(wanted, 2, t0) == TargetedJoin::kWait);
  CHECK(table.join(wanted, 3, t0 + 60s) == TargetedJoin::kWait);
  CHECK(table.finish(wanted, t0 + 61s) == std::vector<int>{1, 2, 3});
  CHECK(table.join(wanted, 4, t0 + 65s) == TargetedJoin::kKnownUnknown);
  CHECK(table.join(wanted, 5, t0 + 66s) == TargetedJoin::kStart);
}

TEST_CASE("targeted refreshes: different ones are limited together, and the table stays small") {
  Table table({3, 1s, 5s});
  Clock::time_point now{1000s};
  int started = 0;
  for (int i = 0; i < 100; ++i) {
    const GroupVersion wanted{"g" + std::to_string(i) + ".com", "v1"};
    if (table.join(wanted, i, now) == TargetedJoin::kStart) {
      ++started;
      table.finish(wanted, now);
    }
  }
  CHECK(started == 3);
  CHECK(table.join({"late.com", "v1"}, 0, now + 999ms) == TargetedJoin::kTooMany);
  CHECK(table.join({"late.com", "v1"}, 0, now + 2s) == TargetedJoin::kStart);
  for (int second = 0; second < 1000; ++second) {
    now += 1s;
    const GroupVersion wanted{"h" + std::to_string(second) + ".com", "v1"};
    if (table.join(wanted, 0, now) == TargetedJoin::kStart) table.finish(wanted, now);
    CHECK(table.size() <= 16);
  }
}

TEST_CASE("targeted refreshes: those who wait can be sent away") {
  Table table({3, 1s, 5s});
  const Clock::time_point now{1000s};
  table.join({"a.com", "v1"}, 1, now);
  table.join({"b.com", "v1"}, 2, now);
  CHECK(table.abandon() == std::vector<int>{1, 2});
  CHECK(table.finish({"a.com", "v1"}, now).empty());
}

TEST_CASE("only what fits the grammar is asked for") {
  CHECK(is_group_version({"", "v1"}));
  CHECK(is_group_version({"e.com", "v1beta1"}));
  for (const GroupVersion& wanted : {GroupVersion{"", ""},
                                     {"e.com", ""},
                                     {"..", "v1"},
                                     {"e.com", ".."},
                                     {"e.com/v1", "v1"},
                                     {"e com", "v1"},
                                     {"e.com", "v1?x"},
                                     {"E.com", "v1"}}) {
    CHECK_FALSE(is_group_version(wanted));
  }
}

}  // namespace
}  // namespace postern::proxy
