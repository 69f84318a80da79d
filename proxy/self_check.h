#pragma once

#include "proxy/config.h"
#include "proxy/kube_clusters.h"
#include "proxy/net/snapshot.h"
#include "proxy/net/worker.h"
#include "proxy/self_check_board.h"
#include "proxy/upstream/rights_check.h"
#include "proxy/upstream/upstream.h"
#include "rbac/policy.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postern::proxy {

/// Asks one cluster again and again whether everything is as the configuration needs it: that it
/// answers, that its clock and postern's agree, and that postern has its rights there. Reports to a
/// SelfCheckBoard. Runs on one worker.
///
/// Often while something is wrong, seldom when nothing is: what was put right shows soon, and
/// nobody is flooded with reviews.
class ClusterSelfCheck {
 public:
  struct Options {
    std::chrono::milliseconds when_well{600'000};
    std::chrono::milliseconds when_not{10'000};
    std::chrono::seconds skew{5};  ///< of the clocks, that is not worth a word
  };

  /// `configuration`, `cluster` (one of its kubeClusters), `policy` and `board` must outlive this.
  ClusterSelfCheck(Worker& worker, const ProxyConfiguration& configuration,
                   const KubeClusterConfiguration& cluster, const ClusterEndpoints& endpoints,
                   const UpstreamHooks& hooks, const Snapshot<rbac::Policy>& policy,
                   SelfCheckBoard& board, Options options);
  ClusterSelfCheck(Worker& worker, const ProxyConfiguration& configuration,
                   const KubeClusterConfiguration& cluster, const ClusterEndpoints& endpoints,
                   const UpstreamHooks& hooks, const Snapshot<rbac::Policy>& policy,
                   SelfCheckBoard& board)
      : ClusterSelfCheck(worker, configuration, cluster, endpoints, hooks, policy, board,
                         Options()) {}
  ClusterSelfCheck(const ClusterSelfCheck&) = delete;
  ClusterSelfCheck& operator=(const ClusterSelfCheck&) = delete;

  /// On the worker's thread, or before it runs.
  void start();
  /// On the worker's thread.
  void stop();
  /// One round; what it found.
  Task<std::vector<Problem>> check();

 private:
  Task<void> check_in_turn();
  Task<bool> check_server(std::vector<Problem>& found);
  Task<void> wait_for_token();
  Task<void> check_own_rights(std::vector<Problem>& found);
  Task<void> check_impersonation(std::vector<Problem>& found);
  void note_unasked(const kube::Status& why, std::vector<Problem>& found) const;

  const ProxyConfiguration& configuration_;
  const KubeClusterConfiguration& cluster_;
  const Snapshot<rbac::Policy>& policy_;
  SelfCheckBoard& board_;
  Options options_;
  Worker& worker_;
  UpstreamPool own_pool_;
  UpstreamPool impersonating_pool_;
  Timer pause_;
  bool stopping_ = false;
};

/// What is missing at `cluster` for `account`, as problems.
std::vector<Problem> rights_problems(const std::vector<MissingRight>& missing,
                                     const std::string& account, const std::string& cluster);

/// Problems with the clocks of postern and a server, whose Date says `server`; nothing within
/// `tolerance`.
std::optional<Problem> clock_problem(const std::string& cluster,
                                     std::chrono::system_clock::time_point own,
                                     std::chrono::system_clock::time_point server,
                                     std::chrono::seconds tolerance);

/// Of the store of access requests: under this name on the board, before and after it was read.
inline constexpr const char* kStoreSource = "store";

/// `fault`: what is in the way of the store; nullopt: nothing.
std::vector<Problem> store_problems(std::optional<std::string> fault);

/// Certificates in use that have ended, or end within a day.
std::vector<Problem> certificate_problems(const Metrics& metrics,
                                          std::chrono::system_clock::time_point now);

}  // namespace postern::proxy
