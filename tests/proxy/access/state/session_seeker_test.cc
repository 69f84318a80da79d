#include "proxy/access/state/session_seeker.h"

#include "proxy/net/worker.h"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace postern::proxy::access::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = LookBudget::Verdict;

TEST_CASE("look budget: each session once in a while, all together so many a second") {
  LookBudget budget({.remembered = seconds(10), .max_remembered = 3, .per_second = 2});
  const LookBudget::Clock::time_point start{seconds(1000)};
  CHECK(budget.admit("a", start) == Verdict::kLook);
  budget.looked("a", start);
  CHECK(budget.admit("a", start) == Verdict::kLookedAlready);
  CHECK(budget.admit("b", start) == Verdict::kLook);
  CHECK(budget.admit("c", start) == Verdict::kTooMany);
  CHECK(budget.admit("a", start) == Verdict::kLookedAlready);  // costs nothing
  CHECK(budget.admit("c", start + seconds(1)) == Verdict::kLook);
  CHECK(budget.admit("a", start + milliseconds(9999)) == Verdict::kLookedAlready);
  CHECK(budget.admit("a", start + seconds(10)) == Verdict::kLook);
  for (int i = 0; i < 10; ++i) budget.looked(std::to_string(i), start + seconds(20));
  CHECK(budget.remembered() == 3);
}

/// A seeker on one thread, whose looks are answered by hand.
struct SeekerFixture {
  Worker worker{0};
  std::vector<std::pair<std::string, std::function<void(Result<void>)>>> looks;
  int caught_up = 0;
  SessionSeeker seeker{{.look = [this](const std::string& id,
                                       auto done) { looks.emplace_back(id, std::move(done)); },
                        .catch_up =
                            [this](const std::function<void()>& then) {
                              ++caught_up;
                              worker.post(then);
                            }},
                       {.budget = {}, .max_running = 2}};

  static Task<void> seek_into(SeekerFixture& self, std::string id, std::vector<std::string>& into) {
    const auto found = co_await self.seeker.seek(self.worker, std::move(id));
    into.push_back(found ? (*found ? "again" : "no") : std::to_string(found.error().code));
  }
  void seek(const std::string& id, std::vector<std::string>& into) {
    asio::co_spawn(worker.executor(), seek_into(*this, id, into), asio::detached);
    turn();
  }
  void turn() {
    worker.context().restart();
    worker.context().poll();
  }
};

TEST_CASE("seeker: those who ask for the same session share one look") {
  SeekerFixture fixture;
  std::vector<std::string> answers;
  fixture.seek("a", answers);
  fixture.seek("a", answers);
  REQUIRE(fixture.looks.size() == 1);
  CHECK(fixture.looks[0].first == "a");
  CHECK(answers.empty());
  fixture.looks[0].second({});
  fixture.turn();
  CHECK(answers == std::vector<std::string>{"again", "again"});
  CHECK(fixture.caught_up == 1);
  fixture.seek("a", answers);
  CHECK(answers.back() == "no");
  CHECK(fixture.looks.size() == 1);
}

TEST_CASE("seeker: a store that does not answer is 503, and asked again") {
  SeekerFixture fixture;
  std::vector<std::string> answers;
  fixture.seek("a", answers);
  fixture.looks.at(0).second(fail(kube::Status::unavailable("away")));
  fixture.turn();
  CHECK(answers == std::vector<std::string>{"503"});
  CHECK(fixture.caught_up == 0);
  fixture.seek("a", answers);
  CHECK(fixture.looks.size() == 2);
}

TEST_CASE("seeker: not too many at once") {
  SeekerFixture fixture;
  std::vector<std::string> answers;
  fixture.seek("a", answers);
  fixture.seek("b", answers);
  fixture.seek("c", answers);
  CHECK(answers == std::vector<std::string>{"429"});
  CHECK(fixture.looks.size() == 2);
}

TEST_CASE("seeker: an answer that comes after its end touches nobody") {
  SeekerFixture fixture;
  std::vector<std::string> answers;
  fixture.seek("a", answers);
  fixture.seeker.stop();
  fixture.looks.at(0).second({});
  fixture.turn();
  CHECK(answers.empty());
  CHECK(fixture.caught_up == 0);
}

/// A worker with its thread.
struct Running {
  Worker worker{0};
  std::thread thread{[this] {
    const auto forever = asio::make_work_guard(worker.context());
    worker.run();
  }};
  ~Running() { end(); }
  void end() {
    worker.stop();
    if (thread.joinable()) thread.join();
  }
};

Task<void> seek_often(SessionSeeker& seeker, Worker& worker, std::atomic<int>& answered) {
  for (int i = 0; i < 200; ++i) {
    const auto found = co_await seeker.seek(worker, "session" + std::to_string(i % 20));
    answered += found || found.error().code == 429 ? 1 : 0;
  }
}

TEST_CASE("seeker: several workers, a store and an access thread, and an end in between") {
  Running store;
  Running access;
  std::atomic<int> looks{0};
  SessionSeeker seeker(
      {.look =
           [&](const std::string&, auto done) {
             ++looks;
             store.worker.post([done = std::move(done)] { done({}); });
           },
       .catch_up = [&](auto then) { access.worker.post(std::move(then)); }},
      {.budget = {.remembered = milliseconds(0), .per_second = 1'000'000}, .max_running = 8});
  std::atomic<int> answered{0};
  std::vector<std::unique_ptr<Running>> workers;
  for (int i = 0; i < 3; ++i) {
    Worker& worker = workers.emplace_back(std::make_unique<Running>())->worker;
    asio::co_spawn(worker.executor(), seek_often(seeker, worker, answered), asio::detached);
  }
  const auto limit = std::chrono::steady_clock::now() + seconds(20);
  while (answered < 600 && std::chrono::steady_clock::now() < limit) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  CHECK(answered == 600);
  CHECK(looks > 0);
  std::atomic<int> late{0};
  for (const auto& each : workers) {
    asio::co_spawn(each->worker.executor(), seek_often(seeker, each->worker, late), asio::detached);
  }
  for (const auto& each : workers) each->end();
  seeker.stop();
  workers.clear();  // answers that still come must not look for them
}

}  // namespace
}  // namespace postern::proxy::access::test
