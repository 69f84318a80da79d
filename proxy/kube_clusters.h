#pragma once

#include "proxy/config.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "rbac/policy.h"

#include <memory>
#include <vector>

namespace postern::proxy {

/// A kube cluster of the configuration, opened: its files were read and fit together.
struct KubeCluster {
  rbac::Cluster identity;
  std::shared_ptr<const ClusterEndpoint> endpoint;
};

/// Opens every cluster; all errors of all of them at once. Connects to none.
Loaded<std::vector<KubeCluster>> open_kube_clusters(const ProxyConfiguration& configuration,
                                                    const UpstreamHooks& hooks);

}  // namespace postern::proxy
