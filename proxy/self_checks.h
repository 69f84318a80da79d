#pragma once

#include "proxy/config.h"
#include "proxy/kube_clusters.h"
#include "proxy/pod_events.h"
#include "proxy/self_check.h"
#include "proxy/self_check_board.h"

#include <memory>
#include <vector>

namespace postern::proxy {

/// The self-checks of every cluster and of the certificates in use, which report to the board, and
/// the events of postern's own Pod that show what it holds. Runs on the control worker; methods are
/// its thread's.
class SelfChecks {
 public:
  /// All must outlive this.
  SelfChecks(const ProxyConfiguration& configuration, Worker& control, SelfCheckBoard& board,
             Metrics& metrics, Log& log);
  SelfChecks(const SelfChecks&) = delete;
  SelfChecks& operator=(const SelfChecks&) = delete;

  /// What is given must outlive this.
  void start(const std::vector<KubeCluster>& clusters, const Snapshot<rbac::Policy>& policy);
  void stop();

 private:
  void show_in_own_pod(const KubeCluster& cluster, const KubeClusterConfiguration& configured);
  Task<void> check_certificates();

  const ProxyConfiguration& configuration_;
  Worker& control_;
  SelfCheckBoard& board_;
  Metrics& metrics_;
  Log& log_;
  Timer certificate_check_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<ClusterSelfCheck>> clusters_;
  std::unique_ptr<PodEvents> pod_events_;  ///< nullptr: this is no pod of a cluster that is served
};

}  // namespace postern::proxy
