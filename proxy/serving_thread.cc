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
constexpr std::chrono::milliseconds kLastGoodbye{1000};

}  // namespace

ServingThread::ServingThread(std::size_t index, const SharedState& shared,
                             const std::vector<KubeCluster>& clusters,
                             const std::vector<std::unique_ptr<Discovery>>& discoveries,
                             const UpstreamHooks& hooks, ListenerOptions listener)
    : worker_(index),
      state_(worker_, shared),
      listener_(worker_, std::move(listener),
                [this](std::unique_ptr<Stream> client) { return serve(std::move(client)); }),
      hurry_(worker_.executor()),
      last_turn_(Clock::now().time_since_epoch().count()) {
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    state_.add_cluster(
        std::make_unique<ClusterState>(worker_, clusters[i].identity, clusters[i].endpoint,
                                       shared.upstream_timeouts, *discoveries[i], hooks));
  }
}

ServingThread::~ServingThread() {
  join();
}

Task<void> ServingThread::serve(std::unique_ptr<Stream> client) {
  Session session(state_, std::move(client));
  co_await session.run();
}

Task<void> ServingThread::look_after() {
  auto policy = state_.policy();
  auto authenticators = state_.authenticators();
  auto sessions = state_.shared().sessions.version();
  Timer timer(worker_.executor());
  for (;;) {
    last_turn_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    timer.expires_after(kLookInterval);
    const auto [error] = co_await timer.async_wait(kAwait);
    if (error) {
      co_return;
    }
    const bool other_sessions = state_.shared().sessions.version() != sessions;
    if (state_.policy() != policy || state_.authenticators() != authenticators || other_sessions) {
      policy = state_.policy();
      authenticators = state_.authenticators();
      sessions = state_.shared().sessions.version();
      state_.live_streams().recheck();
    }
  }
}

void ServingThread::start() {
  listener_.start();
  asio::co_spawn(worker_.executor(), look_after(), asio::detached);
  thread_ = std::thread([this] { worker_.run(); });
}

Task<void> ServingThread::drain_and_stop(std::chrono::milliseconds timeout,
                                         std::function<void()> on_done) {
  listener_.stop_accepting();
  state_.start_drain();
  const auto until = Clock::now() + timeout;
  bool idle = false;
  while (!idle && !hurry_.happened() && Clock::now() < until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    idle = co_await listener_.wait_until_idle(std::min(left, kLookInterval));
  }
  if (!idle) {
    state_.live_streams().drain(true);
    idle = co_await listener_.wait_until_idle(kLastGoodbye);
  }
  if (!idle) {
    listener_.close_all();
    all_ended_ = co_await listener_.wait_until_idle(kLastGoodbye);
  }
  state_.close_pools();
  on_done();
  worker_.stop();
}

void ServingThread::drain(std::chrono::milliseconds timeout, std::function<void()> on_done) {
  worker_.post([this, timeout, on_done = std::move(on_done)] {
    asio::co_spawn(worker_.executor(), drain_and_stop(timeout, on_done), asio::detached);
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
