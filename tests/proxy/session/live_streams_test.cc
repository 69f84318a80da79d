#include "proxy/session/live_streams.h"

#include <algorithm>
#include <deque>
#include <doctest/doctest.h>
#include <utility>
#include <vector>

namespace postern::proxy {
namespace {

struct Fixture {
  Worker worker{0};
  LiveStreams streams;
  bool allowed = true;
  int interrupts = 0;

  LiveStream::Hooks hooks(bool early) {
    return {[this] { return allowed; }, [this](StreamEnd) { ++interrupts; }, early};
  }
};

TEST_CASE_FIXTURE(Fixture, "a new policy ends what it no longer allows, once") {
  LiveStream stream(streams, worker.deadlines(), hooks(false), std::nullopt);
  streams.recheck();
  CHECK(stream.end() == StreamEnd::kNone);
  allowed = false;
  streams.recheck();
  streams.recheck();
  CHECK(stream.end() == StreamEnd::kRevoked);
  CHECK(interrupts == 1);
}

TEST_CASE_FIXTURE(Fixture, "a drain ends watches first and the rest at its end") {
  LiveStream watch(streams, worker.deadlines(), hooks(true), std::nullopt);
  LiveStream exec(streams, worker.deadlines(), hooks(false), std::nullopt);
  CHECK(streams.size() == 2);
  streams.hand_over(1);
  CHECK(watch.end() == StreamEnd::kDrained);
  CHECK(exec.end() == StreamEnd::kNone);
  LiveStream late(streams, worker.deadlines(), hooks(true), std::nullopt);
  CHECK(late.end() == StreamEnd::kDrained);
  streams.end_all();
  CHECK(exec.end() == StreamEnd::kDrained);
}

TEST_CASE_FIXTURE(Fixture, "a drain ends watches in equal parts, late ones among them") {
  std::deque<LiveStream> watches;
  const auto open = [&] {
    watches.emplace_back(streams, worker.deadlines(), hooks(true), std::nullopt);
  };
  for (int i = 0; i < 9; ++i) open();
  std::vector<int> ended;
  for (std::size_t steps = 4; steps > 0; --steps) {
    streams.hand_over(steps);
    ended.push_back(std::exchange(interrupts, 0));
    if (steps == 3) open();
  }
  CHECK(ended == std::vector<int>{3, 2, 3, 2});
  CHECK(std::all_of(watches.begin(), watches.end(),
                    [](const LiveStream& watch) { return watch.end() == StreamEnd::kDrained; }));
}

TEST_CASE_FIXTURE(Fixture, "what a stream rests on ends it when its time has come") {
  LiveStream stream(streams, worker.deadlines(),
                    {[] { return true; }, [this](StreamEnd) { worker.stop(); }, false},
                    std::chrono::milliseconds(60));
  worker.run();
  CHECK(stream.end() == StreamEnd::kExpired);
}

TEST_CASE_FIXTURE(Fixture, "a stream that goes on after the end of its access is noticed once") {
  const auto now = Clock::now();
  LiveStream endless(streams, worker.deadlines(), hooks(false), std::nullopt);
  LiveStream stream(streams, worker.deadlines(), hooks(false), std::chrono::milliseconds(100));
  CHECK(streams.count_outlived(now + std::chrono::seconds(4)) == 0);
  CHECK(streams.count_outlived(now + std::chrono::seconds(6)) == 1);
  CHECK(streams.count_outlived(now + std::chrono::hours(1)) == 0);
}

TEST_CASE_FIXTURE(Fixture, "a stream whose access was taken back before it began ends once") {
  LiveStream stream(streams, worker.deadlines(), hooks(false), std::nullopt);
  stream.revoke();
  streams.recheck();
  streams.end_all();
  CHECK(stream.end() == StreamEnd::kRevoked);
  CHECK(interrupts == 1);
}

TEST_CASE_FIXTURE(Fixture, "a stream that is over is not asked again") {
  { const LiveStream stream(streams, worker.deadlines(), hooks(true), std::nullopt); }
  CHECK(streams.size() == 0);
  streams.end_all();
  CHECK(interrupts == 0);
}

}  // namespace
}  // namespace postern::proxy
