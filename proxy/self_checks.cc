#include "proxy/self_checks.h"

#include "proxy/configured_options.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <optional>

namespace postern::proxy {
namespace {

constexpr std::chrono::minutes kCertificateCheck{1};

}  // namespace

SelfChecks::SelfChecks(const ProxyConfiguration& configuration, Worker& control,
                       SelfCheckBoard& board, Metrics& metrics, Log& log)
    : configuration_(configuration),
      control_(control),
      board_(board),
      metrics_(metrics),
      log_(log),
      certificate_check_(control.executor()) {}

void SelfChecks::start(const std::vector<KubeCluster>& clusters,
                       const Snapshot<rbac::Policy>& policy) {
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    const KubeClusterConfiguration& configured = configuration_.kube_clusters[i];
    clusters_.push_back(std::make_unique<ClusterSelfCheck>(control_, configuration_, configured,
                                                           clusters[i].endpoints, clusters[i].hooks,
                                                           policy, board_));
    show_in_own_pod(clusters[i], configured);
  }
  board_.on_change([this] {
    if (pod_events_) pod_events_->post_soon();
  });
  for (const auto& check : clusters_) check->start();
  if (pod_events_) pod_events_->start();
  asio::co_spawn(control_.executor(), check_certificates(), asio::detached);
}

/// If this postern is a pod of that cluster, and of no other before it.
void SelfChecks::show_in_own_pod(const KubeCluster& cluster,
                                 const KubeClusterConfiguration& configured) {
  if (!configured.in_cluster || pod_events_) return;
  const auto authorization = cluster.endpoints.own->access()->authorization;
  const std::optional<PodIdentity> pod = pod_identity(authorization.value_or(""));
  if (!pod) return;
  pod_events_ = std::make_unique<PodEvents>(
      control_,
      std::make_unique<UpstreamPool>(control_, cluster.endpoints.own,
                                     upstream_timeouts(configuration_.upstream), cluster.hooks),
      *pod, board_, log_);
}

Task<void> SelfChecks::check_certificates() {
  while (!stopping_) {
    board_.report("certificates", certificate_problems(metrics_, std::chrono::system_clock::now()));
    certificate_check_.expires_after(kCertificateCheck);
    const auto [cut_short] = co_await certificate_check_.async_wait(kAwait);
    static_cast<void>(cut_short);
  }
}

void SelfChecks::stop() {
  stopping_ = true;
  for (const auto& check : clusters_) check->stop();
  if (pod_events_) pod_events_->stop();
  certificate_check_.cancel();
}

}  // namespace postern::proxy
