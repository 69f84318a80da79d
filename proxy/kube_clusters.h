#pragma once

#include "proxy/config.h"
#include "proxy/observe/cluster_metrics.h"
#include "proxy/observe/log.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "rbac/policy.h"

#include <memory>
#include <vector>

namespace postern::proxy {

/// A kube cluster of the configuration, opened: its files were read and fit together.
struct KubeCluster {
  rbac::Cluster identity;
  /// For everything that is done with this cluster. They refer to `metrics`.
  UpstreamHooks hooks;
  std::shared_ptr<ClusterMetrics> metrics;
  ClusterEndpoints endpoints;
};

/// Opens every cluster; all errors of all of them at once. Connects to none. `metrics` and `log`
/// must outlive what comes of it.
Loaded<std::vector<KubeCluster>> open_kube_clusters(const ProxyConfiguration& configuration,
                                                    Metrics& metrics, Log& log);

}  // namespace postern::proxy
