#include "proxy/access/state/session_seeker.h"

#include "proxy/net/event.h"
#include "proxy/net/worker.h"

#include <mutex>
#include <optional>
#include <vector>

// Tested by tests/proxy/access/state/session_seeker_test.cc
namespace postern::proxy::access {

LookBudget::Verdict LookBudget::admit(const std::string& id, Clock::time_point now) {
  forget(now);
  if (until_.contains(id)) return Verdict::kLookedAlready;
  if (now - second_began_ >= std::chrono::seconds(1)) {
    second_began_ = now;
    looks_ = 0;
  }
  if (looks_ >= options_.per_second) return Verdict::kTooMany;
  ++looks_;
  return Verdict::kLook;
}

void LookBudget::looked(const std::string& id, Clock::time_point now) {
  const auto until = now + options_.remembered;
  if (until_.insert_or_assign(id, until).second) in_order_.emplace_back(until, id);
  forget(now);
}

void LookBudget::forget(Clock::time_point now) {
  while (!in_order_.empty() &&
         (in_order_.front().first <= now || until_.size() > options_.max_remembered)) {
    until_.erase(in_order_.front().second);
    in_order_.pop_front();
  }
}

namespace {

/// Somebody who waits for a look.
struct Wait {
  Event* event;  // touched on the caller's thread only; nullptr when nobody waits any more
  std::optional<Result<void>> outcome;
};

struct Guard {
  std::shared_ptr<Wait> wait;
  ~Guard() { wait->event = nullptr; }
};

kube::Status retry_soon(kube::Status status) {
  status.retry_after_seconds = 1;
  return status;
}

}  // namespace

struct SessionSeeker::Impl : std::enable_shared_from_this<Impl> {
  struct Waiter {
    Worker* worker;
    std::shared_ptr<Wait> wait;
  };
  enum class Joined { kWaits, kLookedAlready, kTooMany };

  Impl(Hooks with, Options limits)
      : hooks(std::move(with)), options(limits), budget(limits.budget) {}

  Joined join(const std::string& id, Waiter waiter);
  void answered(const std::string& id, Result<void> outcome);
  void finish(const std::string& id, const Result<void>& outcome);

  const Hooks hooks;
  const Options options;
  std::mutex mutex;
  // Under mutex:
  LookBudget budget;
  std::unordered_map<std::string, std::vector<Waiter>> running;
  bool stopped = false;
};

SessionSeeker::Impl::Joined SessionSeeker::Impl::join(const std::string& id, Waiter waiter) {
  {
    const std::lock_guard lock(mutex);
    if (const auto found = running.find(id); found != running.end()) {
      found->second.push_back(std::move(waiter));
      return Joined::kWaits;
    }
    if (stopped || running.size() >= options.max_running) return Joined::kTooMany;
    switch (budget.admit(id, LookBudget::Clock::now())) {
      case LookBudget::Verdict::kLookedAlready:
        return Joined::kLookedAlready;
      case LookBudget::Verdict::kTooMany:
        return Joined::kTooMany;
      case LookBudget::Verdict::kLook:
        running[id].push_back(std::move(waiter));
    }
  }
  hooks.look(id, [self = shared_from_this(), id](Result<void> outcome) {
    self->answered(id, std::move(outcome));
  });
  return Joined::kWaits;
}

void SessionSeeker::Impl::answered(const std::string& id, Result<void> outcome) {
  if (!outcome) return finish(id, outcome);
  const std::lock_guard lock(mutex);
  if (stopped) return;
  hooks.catch_up([self = shared_from_this(), id] { self->finish(id, {}); });
}

void SessionSeeker::Impl::finish(const std::string& id, const Result<void>& outcome) {
  const std::lock_guard lock(mutex);
  if (stopped) return;
  if (outcome) budget.looked(id, LookBudget::Clock::now());
  const auto waiters = running.extract(id);
  if (waiters.empty()) return;
  for (const Waiter& waiter : waiters.mapped()) {
    waiter.worker->post([wait = waiter.wait, outcome] {
      wait->outcome = outcome;
      if (wait->event != nullptr) wait->event->set();
    });
  }
}

SessionSeeker::SessionSeeker(Hooks hooks, Options options)
    : impl_(std::make_shared<Impl>(std::move(hooks), options)) {}

SessionSeeker::~SessionSeeker() {
  stop();
}

void SessionSeeker::stop() {
  const std::lock_guard lock(impl_->mutex);
  impl_->stopped = true;
  impl_->running.clear();
}

Task<Result<bool>> SessionSeeker::seek(Worker& caller, std::string id) {
  Event done(caller.executor());
  const Guard guard{std::make_shared<Wait>(Wait{&done, std::nullopt})};
  const auto joined = impl_->join(id, {&caller, guard.wait});
  if (joined == Impl::Joined::kLookedAlready) co_return false;
  if (joined == Impl::Joined::kTooMany) {
    co_return fail(
        kube::Status::too_many_requests("too many sessions that are unknown are looked for", 1));
  }
  co_await done.wait();
  if (guard.wait->outcome && *guard.wait->outcome) co_return true;
  co_return fail(retry_soon(kube::Status::unavailable(
      "the session is unknown here, and where sessions are kept cannot be asked at the moment")));
}

}  // namespace postern::proxy::access
