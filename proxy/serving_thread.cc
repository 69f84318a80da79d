#include "proxy/serving_thread.h"

#include "proxy/access/state/session_table.h"
#include "proxy/session/session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

namespace postern::proxy {
namespace {

/// How often a worker looks whether the policy, the authenticators or a session have changed, for
/// the streams that are open: well below the second within which a change counts.
constexpr std::chrono::milliseconds kLookInterval{250};
constexpr std::chrono::milliseconds kHandOverStep{100};
constexpr std::chrono::milliseconds kLastGoodbye{1000};

}  // namespace

ServingThread::ServingThread(std::size_t index, const SharedState& shared,
                             const std::vector<KubeCluster>& clusters,
                             const std::vector<std::unique_ptr<Discovery>>& discoveries,
                             ListenerOptions listener, std::optional<ListenerOptions> loopback)
    : worker_(index),
      state_(worker_, shared),
      listener_(worker_, std::move(listener),
                [this](std::unique_ptr<Stream> client) { return serve(std::move(client)); }),
      hurry_(worker_.executor()),
      last_turn_(Clock::now().time_since_epoch().count()) {
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    state_.add_cluster(std::make_unique<ClusterState>(
        worker_, clusters[i].identity, clusters[i].endpoints, shared.upstream_timeouts,
        *discoveries[i], clusters[i].hooks));
  }
  if (loopback) {
    loopback_.emplace(
        worker_, std::move(*loopback),
        [this](std::unique_ptr<Stream> client) { return serve(std::move(client)); }, &listener_);
  }
}

ServingThread::~ServingThread() {
  join();
}

tl::expected<void, std::pair<std::string, std::string>> ServingThread::open(
    const ServingThread* first) {
  const auto open_one =
      [first](Listener& own, const Listener* of_first,
              const char* key) -> tl::expected<void, std::pair<std::string, std::string>> {
    const auto opened = first == nullptr ? own.open() : own.open_beside(*of_first);
    if (!opened) return tl::unexpected(std::pair<std::string, std::string>(key, opened.error()));
    return {};
  };
  auto opened = open_one(listener_, first == nullptr ? nullptr : &first->listener_, "listen");
  if (!opened || !loopback_) return opened;
  return open_one(*loopback_, first == nullptr ? nullptr : &*first->loopback_, "loopbackListen");
}

std::optional<asio::ip::tcp::endpoint> ServingThread::loopback_endpoint() const {
  return loopback_ ? std::optional(loopback_->endpoint()) : std::nullopt;
}

Task<void> ServingThread::serve(std::unique_ptr<Stream> client) {
  Session session(state_, std::move(client));
  co_await session.run();
}

Task<void> ServingThread::look_after() {
  auto policy = state_.policy();
  auto authenticators = state_.authenticators();
  auto sessions = state_.shared().sessions.version();
  auto withdrawals = state_.withdrawn_tokens();
  auto next_review = Clock::now() + state_.review_interval();
  Timer timer(worker_.executor());
  for (;;) {
    last_turn_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    timer.expires_after(kLookInterval);
    const auto [error] = co_await timer.async_wait(kAwait);
    if (error) {
      co_return;
    }
    const bool other_sessions = state_.shared().sessions.version() != sessions;
    const bool withdrawn = state_.withdrawn_tokens() != withdrawals;
    const bool review_due = state_.reviews_tokens() && Clock::now() >= next_review;
    if (state_.policy() != policy || state_.authenticators() != authenticators || other_sessions ||
        withdrawn || review_due) {
      policy = state_.policy();
      authenticators = state_.authenticators();
      sessions = state_.shared().sessions.version();
      withdrawals = state_.withdrawn_tokens();
      next_review = Clock::now() + state_.review_interval();
      state_.live_streams().recheck();
    }
    const std::size_t outlived = state_.live_streams().count_outlived(Clock::now());
    if (outlived > 0) {
      state_.shared().metrics.grants_outlived(outlived);
      state_.shared().log.error("streams went on after the end of their access",
                                {{"count", outlived}});
    }
  }
}

void ServingThread::start() {
  listener_.start();
  if (loopback_) loopback_->start();
  asio::co_spawn(worker_.executor(), look_after(), asio::detached);
  thread_ = std::thread([this] { worker_.run(); });
}

/// Ends the watches one after the other, and connections that have been silent for so long that
/// nobody is about to send anything; whoever sends a request is answered, and told that the
/// connection ends. True when nobody is left.
Task<bool> ServingThread::hand_over(DrainConfiguration drain) {
  const auto until = Clock::now() + drain.timeout;
  auto steps = static_cast<std::size_t>(std::min(drain.spread, drain.timeout) / kHandOverStep);
  bool idle = listener_.live() == 0;
  while (!idle && !hurry_.happened() && Clock::now() < until) {
    state_.live_streams().hand_over(steps + 1);
    state_.end_silent(drain.idle, steps + 1);
    if (steps > 0) --steps;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    idle = co_await listener_.wait_until_idle(std::min(left, kHandOverStep));
  }
  co_return idle;
}

/// The drain's time is over: what can be ended at a boundary is, the rest is cut.
Task<void> ServingThread::end_the_rest() {
  state_.hand_over();
  state_.live_streams().end_all();
  const bool polite = co_await listener_.wait_until_idle(kLastGoodbye);
  if (!polite) {
    listener_.close_all();
    all_ended_ = co_await listener_.wait_until_idle(kLastGoodbye);
  }
}

Task<void> ServingThread::drain_and_stop(DrainConfiguration drain, std::function<void()> on_done) {
  state_.start_drain();
  co_await listener_.stop_accepting();
  if (loopback_) {
    co_await loopback_->stop_accepting();
  }
  const bool idle = co_await hand_over(drain);
  if (!idle) {
    co_await end_the_rest();
  }
  state_.close_pools();
  on_done();
  worker_.stop();
}

void ServingThread::drain(const DrainConfiguration& drain, std::function<void()> on_done) {
  worker_.post([this, drain, on_done = std::move(on_done)] {
    asio::co_spawn(worker_.executor(), drain_and_stop(drain, on_done), asio::detached);
  });
}

void ServingThread::hurry() {
  worker_.post([this] { hurry_.set(); });
}

void ServingThread::join() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

std::chrono::steady_clock::time_point ServingThread::last_turn() const {
  return Clock::time_point(Clock::duration(last_turn_.load(std::memory_order_relaxed)));
}

}  // namespace postern::proxy
