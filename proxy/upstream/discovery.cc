#include "proxy/upstream/discovery.h"

#include "proxy/net/remote_wait.h"
#include "proxy/observe/cluster_metrics.h"
#include "proxy/upstream/discovery_reader.h"
#include "proxy/upstream/targeted_refresh.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <random>
#include <utility>

// Tested by tests/proxy/upstream/discovery_test.cc
namespace postern::proxy {
/// Everything but the catalogue, `ready` and the counters belongs to the discovery's worker.
struct Discovery::Impl {
  Impl(Worker& on, std::shared_ptr<const ClusterEndpoint> endpoint, UpstreamTimeouts timeouts,
       DiscoveryOptions with)
      : worker(on),
        options(std::move(with)),
        pool(on, std::move(endpoint), timeouts, options.hooks),
        targets({options.targeted_burst, options.targeted_gap, options.negative_ttl}),
        pause(on.executor()) {}

  std::chrono::milliseconds next_pause();
  void note(const Result<std::shared_ptr<const kube::ApiCatalog>>& outcome);
  void note_identity(const Result<ClusterIdentity>& fresh);
  void tell_stale(const kube::ApiCatalog& fresh);
  void join(const GroupVersion& wanted, const std::shared_ptr<RemoteWait>& wait,
            const std::shared_ptr<Impl>& self);

  Worker& worker;
  DiscoveryOptions options;
  UpstreamPool pool;
  TargetedRefreshes<std::shared_ptr<RemoteWait>> targets;
  Timer pause;
  DiscoveryTags tags;
  bool running = false;
  bool stopping = false;
  bool again = false;  ///< without a pause
  unsigned failures_in_a_row = 0;
  std::string told_stale;
  std::minstd_rand random{std::random_device{}()};

  Snapshot<kube::ApiCatalog> catalog;
  Snapshot<ClusterIdentity> identity;
  std::atomic<bool> ready{false};
  std::atomic<std::uint64_t> refreshed{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> targeted{0};
  std::atomic<std::uint64_t> suppressed{0};
};

/// Around `interval`, so that replicas do not ask at the same time; sooner until the first success.
std::chrono::milliseconds Discovery::Impl::next_pause() {
  auto pause_for = options.interval;
  if (!ready && failures_in_a_row > 0) {
    pause_for =
        std::min(pause_for, options.first_retry * (1U << std::min(failures_in_a_row - 1, 16U)));
  }
  std::uniform_real_distribution<double> jitter(0.9, 1.1);
  const auto exact = std::chrono::duration<double, std::milli>(pause_for) * jitter(random);
  return std::chrono::duration_cast<std::chrono::milliseconds>(exact);
}

void Discovery::Impl::note(const Result<std::shared_ptr<const kube::ApiCatalog>>& outcome) {
  if (options.hooks.metrics != nullptr) {
    options.hooks.metrics->discovery_refreshed(outcome.has_value());
  }
  if (outcome) {
    if (*outcome != nullptr) {
      tell_stale(**outcome);
      catalog.publish(*outcome);
    }
    if (failures_in_a_row > 0 && options.hooks.log) {
      options.hooks.log(LogLevel::kInfo, "discovery of " + options.cluster + " works again");
    }
    failures_in_a_row = 0;
    ready = true;
    ++refreshed;
    return;
  }
  ++failures_in_a_row;
  ++failed;
  if (options.hooks.log) {
    options.hooks.log(LogLevel::kWarn,
                      "discovery of " + options.cluster + " failed: " + outcome.error().message);
  }
}

void Discovery::Impl::note_identity(const Result<ClusterIdentity>& fresh) {
  // A cluster that does not answer for the moment is no other one.
  if (!fresh) return;
  const auto known = identity.load();
  if (known != nullptr && *known == *fresh) return;
  identity.publish(std::make_shared<const ClusterIdentity>(*fresh));
  if (!options.hooks.log) return;
  if (fresh->uid.empty()) {
    options.hooks.log(LogLevel::kError,
                      "the UID of the namespace kube-system of " + options.cluster +
                          " cannot be read, and without it there are no access requests for it: "
                          "grant postern's identity the verb \"get\" on \"namespaces\" with the "
                          "resource name \"kube-system\"");
  }
  if (known != nullptr && !known->uid.empty() && !fresh->uid.empty()) {
    options.hooks.log(LogLevel::kWarn, options.cluster +
                                           " is another cluster now: what was approved for the one "
                                           "before counts no more");
  }
}

/// Which APIs are broken, when that has changed.
void Discovery::Impl::tell_stale(const kube::ApiCatalog& fresh) {
  std::string list;
  for (const auto& [group, version] : fresh.stale()) {
    list.append(list.empty() ? "" : ", ").append(group).append("/").append(version);
  }
  if (list == told_stale) return;
  told_stale = list;
  if (!options.hooks.log) return;
  options.hooks.log(list.empty() ? LogLevel::kInfo : LogLevel::kWarn,
                    list.empty() ? "every API of " + options.cluster + " can be discovered again"
                                 : "requests for these APIs of " + options.cluster +
                                       " are refused, their discovery is broken: " + list);
}

namespace {

template <typename Impl>
Task<void> refresh_all(std::shared_ptr<Impl> impl) {
  Result<std::shared_ptr<const kube::ApiCatalog>> outcome;
  Result<ClusterIdentity> identity = fail(kube::Status::internal("not asked"));
  bool bug = false;
  try {
    outcome = co_await read_discovery(impl->pool, impl->tags, impl->options.max_bytes);
    if (outcome) identity = co_await read_identity(impl->pool);
  } catch (const std::exception&) {
    bug = true;
  }
  if (bug) outcome = fail(kube::Status::internal("an error of postern's own"));
  if (outcome) impl->note_identity(identity);
  impl->note(outcome);
  if (impl->options.on_change) impl->options.on_change();
}

template <typename Impl>
Task<void> refresh_in_turn(std::shared_ptr<Impl> impl) {
  while (!impl->stopping) {
    impl->again = false;
    co_await refresh_all(impl);
    if (impl->stopping) break;
    if (impl->again) continue;
    impl->pause.expires_after(impl->next_pause());
    auto [error] = co_await impl->pause.async_wait(kAwait);
    static_cast<void>(error);
  }
  impl->running = false;
}

/// Adds what one group version's document says to the catalogue that is there when it has come.
template <typename Impl>
Task<void> refresh_one(std::shared_ptr<Impl> impl, GroupVersion wanted) {
  const auto& [group, version] = wanted;
  const auto answer =
      co_await get_group_version(impl->pool, group, version, impl->options.max_bytes);
  if (!answer || answer->status == 404) co_return;
  auto catalog = std::make_shared<kube::ApiCatalog>(*impl->catalog.load());
  const auto added = add_group_version(*catalog, group, version, *answer);
  if (added == GroupVersionAnswer::kBroken) catalog->add_stale(group, version);
  impl->catalog.publish(std::move(catalog));
  impl->tags = {};  // the next whole refresh reads everything
}

template <typename Impl>
Task<void> run_target(std::shared_ptr<Impl> impl, GroupVersion wanted) {
  try {
    co_await refresh_one(impl, wanted);
  } catch (const std::exception& bug) {
    if (impl->options.hooks.log) impl->options.hooks.log(LogLevel::kError, bug.what());
  }
  for (const auto& wait : impl->targets.finish(wanted, Clock::now())) wake(wait);
}

}  // namespace

void Discovery::Impl::join(const GroupVersion& wanted, const std::shared_ptr<RemoteWait>& wait,
                           const std::shared_ptr<Impl>& self) {
  if (stopping || !ready) return wake(wait);
  switch (targets.join(wanted, wait, Clock::now())) {
    case TargetedJoin::kStart:
      ++targeted;
      asio::co_spawn(worker.executor(), run_target(self, wanted), asio::detached);
      return;
    case TargetedJoin::kWait:
      return;
    case TargetedJoin::kKnownUnknown:
      return wake(wait);
    case TargetedJoin::kTooMany:
      ++suppressed;
      return wake(wait);
  }
}

Discovery::Discovery(Worker& worker, std::shared_ptr<const ClusterEndpoint> endpoint,
                     UpstreamTimeouts timeouts, DiscoveryOptions options)
    : impl_(std::make_shared<Impl>(worker, std::move(endpoint), timeouts, std::move(options))) {}
Discovery::~Discovery() = default;

void Discovery::start() {
  impl_->worker.post([impl = impl_] {
    if (impl->running) return;
    impl->running = true;
    impl->stopping = false;
    asio::co_spawn(impl->worker.executor(), refresh_in_turn(impl), asio::detached);
  });
}

void Discovery::refresh_soon() {
  impl_->worker.post([impl = impl_] {
    impl->again = true;  // also when one is under way, which may have begun too early
    impl->pause.cancel();
  });
}

void Discovery::stop() {
  impl_->worker.post([impl = impl_] {
    impl->stopping = true;
    impl->pause.cancel();
    for (const auto& wait : impl->targets.abandon()) wake(wait);
    impl->pool.close_idle(true);
  });
}

const Snapshot<kube::ApiCatalog>& Discovery::catalog() const {
  return impl_->catalog;
}
const Snapshot<ClusterIdentity>& Discovery::identity() const {
  return impl_->identity;
}
bool Discovery::ready() const {
  return impl_->ready;
}
Discovery::Counters Discovery::counters() const {
  return {impl_->refreshed, impl_->failed, impl_->targeted, impl_->suppressed};
}

Task<std::shared_ptr<const kube::ApiCatalog>> Discovery::refresh_kind(Worker& caller,
                                                                      std::string group,
                                                                      std::string version) {
  const std::shared_ptr<Impl> impl = impl_;
  Event done(caller.executor());
  const auto wait = std::make_shared<RemoteWait>(caller, &done);
  const RemoteWaitGuard guard(wait);
  const GroupVersion wanted{std::move(group), std::move(version)};
  if (is_group_version(wanted)) {
    impl->worker.post([impl, wanted, wait] { impl->join(wanted, wait, impl); });
    co_await done.wait();
  }
  co_return impl->catalog.load();
}

}  // namespace postern::proxy
