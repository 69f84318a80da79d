#pragma once

#include "proxy/authn/client_ca.h"
#include "proxy/authn/identity.h"
#include "proxy/net/worker.h"
#include "proxy/observe/log.h"
#include "proxy/upstream/upstream.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace postern::proxy {

/// Keeps the CA of a cluster's own client certificates up to date
/// (`authentication.clusterClientCA`): reads it from the cluster, every half minute, and hands over
/// what has changed. Runs on one worker.
///
/// While the cluster does not say, what it said last holds; before it has ever said, nobody is
/// known by such a certificate.
class ClusterClientCA {
 public:
  struct Options {
    std::string kube_cluster;
    NamePrefix prefix;
    std::chrono::milliseconds interval{30'000};  ///< ± nothing: one small call
    std::chrono::milliseconds retry{2'000};      ///< until the first success
    /// Gets the CA, or nullptr for a cluster without one.
    std::function<void(std::shared_ptr<const ClientCA>)> take;
  };

  /// `worker` and `log` must outlive this. `pool_to`: the cluster, with postern's own credential.
  ClusterClientCA(Worker& worker, std::unique_ptr<UpstreamPool> pool_to, Options options, Log& log);
  /// After the worker's loop has ended.
  ~ClusterClientCA();
  ClusterClientCA(const ClusterClientCA&) = delete;
  ClusterClientCA& operator=(const ClusterClientCA&) = delete;

  /// On the worker's thread, or before it runs.
  void start();
  /// On the worker's thread.
  void stop();

 private:
  Task<void> read_in_turn();
  void note(const Result<std::string>& pem);
  void complain(const std::string& why);

  Worker& worker_;
  std::unique_ptr<UpstreamPool> pool_;
  Options options_;
  Log& log_;
  Timer pause_;
  bool stopping_ = false;
  bool known_ = false;     ///< the cluster has said something
  std::string pem_;        ///< what it said last
  std::string complaint_;  ///< what was logged last, until it is over
};

}  // namespace postern::proxy
