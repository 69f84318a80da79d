#include "net_fixture.h"

#include <doctest/doctest.h>
#include <memory>
#include <thread>
#include <vector>

/// Deadlines: order, disarming from callbacks, re-arming, many at once. Points in time are compared
/// with the clock only in the direction that load cannot turn around (never early).

using namespace postern::proxy;
using namespace postern::proxy::test;
using namespace std::chrono_literals;

namespace {

Task<void> sleep(Worker& worker, std::chrono::milliseconds duration) {
  Timer timer(worker.executor(), duration);
  co_await timer.async_wait(kAwait);
}

Task<void> until(Worker& worker, const bool& condition) {
  while (!condition) co_await sleep(worker, 5ms);
}

}  // namespace

TEST_CASE("a deadline runs out once, not early") {
  Worker worker(0);
  bool done = false;
  int calls = 0;
  const auto start = Clock::now();
  Clock::duration took{};
  Deadline deadline(worker.deadlines(), [&] {
    ++calls;
    took = Clock::now() - start;
    done = true;
  });
  CHECK_FALSE(deadline.armed());
  deadline.expires_after(120ms);
  CHECK(deadline.armed());
  CHECK_FALSE(deadline.expired());
  Run run(worker);
  run.add(until(worker, done)).add(sleep(worker, 250ms));
  REQUIRE(run());
  CHECK(calls == 1);
  CHECK(deadline.expired());
  CHECK_FALSE(deadline.armed());
  CHECK(took >= 120ms);
}

TEST_CASE("disarmed, destroyed and postponed deadlines do not run out") {
  Worker worker(0);
  int calls = 0;
  Deadline disarmed(worker.deadlines(), [&] { ++calls; });
  Deadline postponed(worker.deadlines(), [&] { ++calls; });
  auto destroyed = std::make_unique<Deadline>(worker.deadlines(), [&] { ++calls; });
  disarmed.expires_after(1ms);
  postponed.expires_after(1ms);
  destroyed->expires_after(1ms);
  disarmed.disarm();
  postponed.expires_after(1h);
  destroyed.reset();
  CHECK(worker.deadlines().size() == 1);
  Run run(worker);
  run.add(sleep(worker, 250ms));
  REQUIRE(run());
  CHECK(calls == 0);
  CHECK_FALSE(postponed.expired());
}

TEST_CASE("an earlier deadline is not held up by a later one that was armed first") {
  Worker worker(0);
  bool early = false, late = false;
  Deadline hours(worker.deadlines(), [&] { late = true; });
  Deadline soon(worker.deadlines(), [&] { early = true; });
  hours.expires_after(5h);
  soon.expires_after(60ms);
  Run run(worker);
  run.add(until(worker, early));
  REQUIRE(run());
  CHECK(early);
  CHECK_FALSE(late);
}

TEST_CASE("zero and negative durations run out at the next tick, not at once") {
  Worker worker(0);
  bool zero = false, negative = false;
  Deadline a(worker.deadlines(), [&] { zero = true; });
  Deadline b(worker.deadlines(), [&] { negative = true; });
  a.expires_after(0ms);
  b.expires_after(-5s);
  CHECK_FALSE(zero);
  Run run(worker);
  run.add(until(worker, zero)).add(until(worker, negative));
  CHECK(run());
}

TEST_CASE("a callback may end its neighbours and arm itself again") {
  Worker worker(0);
  int calls = 0;
  bool again = false;
  std::vector<std::unique_ptr<Deadline>> all;
  std::unique_ptr<Deadline> repeated;
  repeated = std::make_unique<Deadline>(worker.deadlines(), [&] {
    if (++calls == 1) {
      all.clear();  // due in the same tick, not called yet or called already
      repeated->expires_after(10ms);
    } else {
      again = true;
    }
  });
  for (int i = 0; i < 10; ++i) {
    all.push_back(std::make_unique<Deadline>(worker.deadlines(), [] {}));
    all.back()->expires_after(10ms);
  }
  repeated->expires_after(10ms);
  Run run(worker);
  run.add(until(worker, again));
  REQUIRE(run());
  CHECK(calls == 2);
  CHECK(worker.deadlines().size() == 0);
}

TEST_CASE("ten thousand deadlines all run out") {
  Worker worker(0);
  std::vector<std::unique_ptr<Deadline>> all;
  int calls = 0;
  bool done = false;
  for (int i = 0; i < 10'000; ++i) {
    all.push_back(
        std::make_unique<Deadline>(worker.deadlines(), [&] { done = ++calls == 10'000; }));
    all.back()->expires_after(std::chrono::milliseconds(i % 700));
  }
  CHECK(worker.deadlines().size() == 10'000);
  Run run(worker);
  run.add(until(worker, done));
  REQUIRE(run());
  CHECK(calls == 10'000);
  CHECK(worker.deadlines().size() == 0);
}

TEST_CASE("a worker can be destroyed with deadlines and buffers held by its coroutines") {
  bool ran_out = false;
  {
    Worker worker(0);
    const auto hold = [](Worker& w, bool& flag) -> Task<void> {
      Deadline deadline(w.deadlines(), [&flag] { flag = true; });
      deadline.expires_after(1h);
      const auto buffer = w.buffers().take();
      Timer never(w.executor(), Clock::time_point::max());
      co_await never.async_wait(kAwait);
    };
    asio::co_spawn(worker.executor(), hold(worker, ran_out), [](std::exception_ptr) {});
    worker.context().poll();
    CHECK(worker.deadlines().size() == 1);
    CHECK(worker.buffers().lent() == 1);
  }
  CHECK_FALSE(ran_out);
}

TEST_CASE("buffers come back and are lent again") {
  Worker worker(0);
  char* first = nullptr;
  {
    const auto buffer = worker.buffers().take();
    first = buffer.span().data();
    CHECK(buffer.span().size() == BufferPool::kSize);
    CHECK(worker.buffers().lent() == 1);
  }
  CHECK(worker.buffers().lent() == 0);
  auto again = worker.buffers().take();
  CHECK(again.span().data() == first);
  auto other = worker.buffers().take();
  CHECK(other.span().data() != first);
  other = std::move(again);
  CHECK(other.span().data() == first);
}

TEST_CASE("post() reaches a worker from another thread") {
  Worker worker(3);
  CHECK(worker.index() == 3);
  std::thread::id ran_on;
  std::thread thread([&] { worker.run(); });
  const auto expected = thread.get_id();
  worker.post([&] {
    ran_on = std::this_thread::get_id();
    worker.stop();
  });
  thread.join();
  CHECK(ran_on == expected);
}
