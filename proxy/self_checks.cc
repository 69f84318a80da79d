#include "proxy/self_checks.h"

#include "proxy/configured_options.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <optional>

namespace postern::proxy {
namespace {

constexpr std::chrono::seconds kOwnCheck{10};

}  // namespace

SelfChecks::SelfChecks(const ProxyConfiguration& configuration, Worker& control,
                       SelfCheckBoard& board, Metrics& metrics, Log& log)
    : configuration_(configuration),
      control_(control),
      board_(board),
      metrics_(metrics),
      log_(log),
      pause_(control.executor()) {}

void SelfChecks::show_in_own_pod(const std::vector<KubeCluster>& clusters) {
  for (std::size_t i = 0; i < clusters.size() && !pod_events_; ++i) {
    if (configuration_.kube_clusters[i].in_cluster) make_pod_events(clusters[i]);
  }
  if (!pod_events_) return;
  board_.on_change([this] { pod_events_->post_soon(); });
  pod_events_->start();
}

/// If this postern is a pod of that cluster.
void SelfChecks::make_pod_events(const KubeCluster& cluster) {
  const auto authorization = cluster.endpoints.own->access()->authorization;
  const std::optional<PodIdentity> pod = pod_identity(authorization.value_or(""));
  if (!pod) return;
  pod_events_ = std::make_unique<PodEvents>(
      control_,
      std::make_unique<UpstreamPool>(control_, cluster.endpoints.own,
                                     upstream_timeouts(configuration_.upstream), cluster.hooks),
      *pod, board_, log_);
}

void SelfChecks::start(const std::vector<KubeCluster>& clusters,
                       const Snapshot<rbac::Policy>& policy, StoreFault store_fault) {
  store_fault_ = std::move(store_fault);
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    const KubeClusterConfiguration& configured = configuration_.kube_clusters[i];
    clusters_.push_back(std::make_unique<ClusterSelfCheck>(control_, configuration_, configured,
                                                           clusters[i].endpoints, clusters[i].hooks,
                                                           policy, board_));
  }
  for (const auto& check : clusters_) check->start();
  asio::co_spawn(control_.executor(), check_itself(), asio::detached);
}

Task<void> SelfChecks::check_itself() {
  while (!stopping_) {
    board_.report("certificates", certificate_problems(metrics_, std::chrono::system_clock::now()));
    board_.report(kStoreSource, store_problems(store_fault_()));
    pause_.expires_after(kOwnCheck);
    const auto [cut_short] = co_await pause_.async_wait(kAwait);
    static_cast<void>(cut_short);
  }
}

void SelfChecks::stop() {
  stopping_ = true;
  for (const auto& check : clusters_) check->stop();
  if (pod_events_) pod_events_->stop();
  pause_.cancel();
}

}  // namespace postern::proxy
