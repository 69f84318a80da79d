#include "proxy/kube_clusters.h"

#include <utility>

namespace postern::proxy {
namespace {

/// A cluster that is down would else be told of once for each request.
std::function<void(LogLevel, const std::string&)> limited_log(Log& log,
                                                              const std::string& cluster) {
  return [&log, cluster](LogLevel level, const std::string& message) {
    const bool frequent = level == LogLevel::kWarn;
    if (frequent) {
      log.write_limited("cluster/" + cluster, level, message, {});
    } else {
      log.write(level, message, {});
    }
  };
}

Loaded<KubeCluster> open_kube_cluster(const KubeClusterConfiguration& cluster, Metrics& metrics,
                                      Log& log) {
  auto source = cluster.in_cluster ? in_cluster_source({})
                                   : kubeconfig_source(cluster.kubeconfig, cluster.context);
  if (!source) {
    return tl::unexpected(std::move(source.error()));
  }
  KubeCluster opened{.identity = {cluster.name, cluster.labels},
                     .hooks = {},
                     .metrics = std::make_shared<ClusterMetrics>(metrics, cluster.name),
                     .endpoints = {}};
  opened.hooks = {.metrics = opened.metrics.get(), .log = limited_log(log, cluster.name)};
  auto own = ClusterEndpoint::make(*source, opened.hooks);
  if (!own) {
    return tl::unexpected(std::move(own.error()));
  }
  opened.endpoints = {*own, *own};
  if (cluster.impersonator) {
    auto impersonating = ClusterEndpoint::make(without_credential(std::move(*source)), opened.hooks,
                                               (*own)->shared_health());
    if (!impersonating) {
      return tl::unexpected(std::move(impersonating.error()));
    }
    opened.endpoints.impersonating = std::move(*impersonating);
  }
  return opened;
}

}  // namespace

Loaded<std::vector<KubeCluster>> open_kube_clusters(const ProxyConfiguration& configuration,
                                                    Metrics& metrics, Log& log) {
  std::vector<KubeCluster> clusters;
  ConfigErrors errors;
  for (const KubeClusterConfiguration& cluster : configuration.kube_clusters) {
    auto opened = open_kube_cluster(cluster, metrics, log);
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
