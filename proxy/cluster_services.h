#pragma once

#include "proxy/access_runtime.h"
#include "proxy/cluster_client_ca.h"
#include "proxy/config.h"
#include "proxy/kube_clusters.h"
#include "proxy/live_files.h"
#include "proxy/upstream/cluster_probe.h"
#include "proxy/upstream/discovery.h"
#include "proxy/upstream/service_account_token.h"

#include <memory>
#include <vector>

namespace postern::proxy {

/// What is kept up to date about each cluster, beside its clients' requests: its kinds, whether it
/// answers, the token that impersonates there, and the CA of its own client certificates. Runs on
/// the control worker; methods are its thread's, but for facts().
class ClusterServices {
 public:
  struct Sinks {
    AccessRuntime& access;  ///< told of changes, so that requests and grants follow
    LiveFiles& files;       ///< takes the cluster's client CA
    Log& log;
  };

  /// Makes all of them and starts none. Everything must outlive this.
  ClusterServices(const ProxyConfiguration& configuration, Worker& control,
                  std::vector<KubeCluster>& clusters, Sinks sinks);
  ClusterServices(const ClusterServices&) = delete;
  ClusterServices& operator=(const ClusterServices&) = delete;

  void start();
  void stop();

  /// In the order of the clusters.
  const std::vector<std::unique_ptr<Discovery>>& discoveries() const { return discoveries_; }
  /// What the access API may know of every cluster. Any thread.
  std::vector<access::ClusterFacts> facts() const;

 private:
  void make_discovery(const KubeCluster& cluster);
  void make_probe(std::size_t index);
  void make_impersonator_token(std::size_t index);
  void make_client_ca(const KubeCluster& cluster);

  const ProxyConfiguration& configuration_;
  Worker& control_;
  std::vector<KubeCluster>& clusters_;
  Sinks sinks_;
  UpstreamTimeouts timeouts_;
  std::vector<std::unique_ptr<Discovery>> discoveries_;
  std::vector<std::unique_ptr<ClusterProbe>> probes_;
  /// Of the clusters with an `impersonator`.
  std::vector<std::unique_ptr<ServiceAccountToken>> impersonator_tokens_;
  std::unique_ptr<ClusterClientCA> client_ca_;  ///< nullptr: not configured
};

}  // namespace postern::proxy
