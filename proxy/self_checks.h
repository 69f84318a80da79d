#pragma once

#include "proxy/config.h"
#include "proxy/kube_clusters.h"
#include "proxy/pod_events.h"
#include "proxy/self_check.h"
#include "proxy/self_check_board.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postern::proxy {

/// The self-checks of every cluster, of the store and of the certificates in use, which report to
/// the board, and the events of postern's own Pod that show what it holds. Runs on the control
/// worker; methods are its thread's.
class SelfChecks {
 public:
  /// All must outlive this.
  SelfChecks(const ProxyConfiguration& configuration, Worker& control, SelfCheckBoard& board,
             Metrics& metrics, Log& log);
  SelfChecks(const SelfChecks&) = delete;
  SelfChecks& operator=(const SelfChecks&) = delete;

  /// What is wrong with the store of access requests at present; nullopt: nothing.
  using StoreFault = std::function<std::optional<std::string>()>;

  /// From now on events show the board, if this postern is a pod of one of these clusters. Before
  /// the first report and before start(), so that what the start waits for is shown too.
  void show_in_own_pod(const std::vector<KubeCluster>& clusters);
  /// When the store has been read. What is given must outlive this.
  void start(const std::vector<KubeCluster>& clusters, const Snapshot<rbac::Policy>& policy,
             StoreFault store_fault);
  void stop();

 private:
  void make_pod_events(const KubeCluster& cluster);
  Task<void> check_itself();

  const ProxyConfiguration& configuration_;
  Worker& control_;
  SelfCheckBoard& board_;
  Metrics& metrics_;
  Log& log_;
  Timer pause_;
  StoreFault store_fault_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<ClusterSelfCheck>> clusters_;
  std::unique_ptr<PodEvents> pod_events_;  ///< nullptr: this is no pod of a cluster that is served
};

}  // namespace postern::proxy
