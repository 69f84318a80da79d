#include "proxy/kube_clusters.h"

#include <utility>

namespace postern::proxy {
namespace {

Loaded<KubeCluster> open_kube_cluster(const KubeClusterConfiguration& cluster,
                                      const UpstreamHooks& hooks) {
  auto source = cluster.in_cluster ? in_cluster_source({})
                                   : kubeconfig_source(cluster.kubeconfig, cluster.context);
  if (!source) {
    return tl::unexpected(std::move(source.error()));
  }
  auto endpoint = ClusterEndpoint::make(std::move(*source), hooks);
  if (!endpoint) {
    return tl::unexpected(std::move(endpoint.error()));
  }
  return KubeCluster{{cluster.name, cluster.labels}, std::move(*endpoint)};
}

}  // namespace

Loaded<std::vector<KubeCluster>> open_kube_clusters(const ProxyConfiguration& configuration,
                                                    const UpstreamHooks& hooks) {
  std::vector<KubeCluster> clusters;
  ConfigErrors errors;
  for (const KubeClusterConfiguration& cluster : configuration.kube_clusters) {
    auto opened = open_kube_cluster(cluster, hooks);
    if (opened) {
      clusters.push_back(std::move(*opened));
    } else {
      errors.insert(errors.end(), opened.error().begin(), opened.error().end());
    }
  }
  if (!errors.empty()) {
    return tl::unexpected(std::move(errors));
  }
  return clusters;
}

}  // namespace postern::proxy
