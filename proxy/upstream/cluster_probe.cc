#include "proxy/upstream/cluster_probe.h"

#include "proxy/net/worker.h"
#include "proxy/observe/cluster_metrics.h"
#include "proxy/upstream/cluster_endpoint.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <optional>
#include <utility>

// Tested by tests/proxy/upstream/cluster_probe_test.cc
namespace postern::proxy {
namespace {

constexpr std::size_t kMaxAnswer = 64UL * 1024;

std::optional<std::string> problem_of(const Result<FetchedResponse>& answer) {
  if (!answer) return answer.error().message;
  if (answer->status >= 500) return "its /readyz says " + std::to_string(answer->status);
  return std::nullopt;
}

}  // namespace

/// Belongs to the worker's thread.
struct ClusterProbe::Impl {
  Impl(Worker& on, std::shared_ptr<const ClusterEndpoint> to, ClusterProbeOptions with)
      : worker(on),
        endpoint(std::move(to)),
        options(std::move(with)),
        pool(on, endpoint, {.connect = options.timeout, .first_byte = options.timeout},
             options.hooks),
        pause(on.executor()) {}

  void note(std::optional<std::string> problem);

  Worker& worker;
  std::shared_ptr<const ClusterEndpoint> endpoint;
  ClusterProbeOptions options;
  UpstreamPool pool;
  Timer pause;
  bool running = false;
  bool stopping = false;
  std::optional<bool> was_reachable;
};

void ClusterProbe::Impl::note(std::optional<std::string> problem) {
  const bool reachable = !problem;
  endpoint->health().probed(problem);
  if (options.hooks.metrics != nullptr) options.hooks.metrics->reachable(reachable);
  if (was_reachable == reachable) return;
  const bool first = !was_reachable;
  was_reachable = reachable;
  if (options.hooks.log && problem) {
    options.hooks.log(LogLevel::kWarn,
                      "the cluster " + options.cluster + " cannot be reached: " + *problem);
  } else if (options.hooks.log && !first) {
    options.hooks.log(LogLevel::kInfo, "the cluster " + options.cluster + " can be reached again");
  }
  if (options.on_change) options.on_change(reachable);
}

namespace {

template <typename Impl>
Task<void> probe_once(std::shared_ptr<Impl> impl) {
  const auto began = Clock::now();
  Result<FetchedResponse> answer = fail(kube::Status::internal("an error of postern's own"));
  try {
    answer = co_await fetch(impl->pool, "GET", "/readyz", {}, "", kMaxAnswer);
  } catch (const std::exception&) {
    // What it is about stays as it was initialized: the cluster counts as unreachable.
  }
  if (impl->stopping) co_return;
  if (!answer && answer.error().code == 504) impl->endpoint->health().timed_out(began);
  impl->note(problem_of(answer));
}

/// In short pauses: when others find the server silent meanwhile, nobody but this will find that it
/// speaks again.
template <typename Impl>
Task<void> rest(std::shared_ptr<Impl> impl) {
  const auto until = Clock::now() + impl->options.interval;
  bool well = true;
  while (well && !impl->stopping && Clock::now() < until) {
    impl->pause.expires_after(std::min(impl->options.retry, impl->options.interval));
    auto [error] = co_await impl->pause.async_wait(kAwait);
    static_cast<void>(error);
    well = impl->was_reachable == true && !impl->endpoint->health().silent();
  }
}

template <typename Impl>
Task<void> probe_in_turn(std::shared_ptr<Impl> impl) {
  while (!impl->stopping) {
    co_await probe_once(impl);
    if (impl->stopping) break;
    co_await rest(impl);
  }
  impl->running = false;
}

}  // namespace

ClusterProbe::ClusterProbe(Worker& worker, std::shared_ptr<const ClusterEndpoint> endpoint,
                           ClusterProbeOptions options)
    : impl_(std::make_shared<Impl>(worker, std::move(endpoint), std::move(options))) {}
ClusterProbe::~ClusterProbe() = default;

void ClusterProbe::start() {
  impl_->worker.post([impl = impl_] {
    if (impl->running) return;
    impl->running = true;
    impl->stopping = false;
    asio::co_spawn(impl->worker.executor(), probe_in_turn(impl), asio::detached);
  });
}

void ClusterProbe::stop() {
  impl_->worker.post([impl = impl_] {
    impl->stopping = true;
    impl->pause.cancel();
    impl->pool.close_idle(true);
  });
}

}  // namespace postern::proxy
