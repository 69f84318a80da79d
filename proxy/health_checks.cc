#include "proxy/health_checks.h"

#include <algorithm>

namespace postern::proxy {
namespace {

/// The reason where something is wrong.
std::optional<std::string> unless(bool fine, const char* reason) {
  return fine ? std::nullopt : std::optional<std::string>(reason);
}

/// Each cluster is told of, but only when none works there is nothing to be ready for.
void add_cluster_checks(HealthRegistry& health, const std::vector<KubeCluster>& clusters) {
  for (const KubeCluster& cluster : clusters) {
    health.add_report("cluster-" + cluster.identity.name,
                      [endpoint = cluster.endpoints.own] { return endpoint->health().problem(); });
  }
  health.add_ready("clusters", [&clusters] {
    const bool some = std::any_of(clusters.begin(), clusters.end(), [](const auto& cluster) {
      return !cluster.endpoints.own->health().problem();
    });
    return unless(some || clusters.empty(), "no cluster can be reached");
  });
}

}  // namespace

void add_health_checks(HealthRegistry& health, const HealthSources& sources) {
  health.add_ready("access-store", sources.store_fault);
  health.add_live("event-loop", [is_stuck = sources.is_stuck] {
    return unless(!is_stuck(), "a worker's loop has not come around for 30 s");
  });
  // One cluster that is down must not take the others' clients away.
  health.add_ready("discovery", [knows = sources.knows_a_cluster] {
    return unless(knows(), "no cluster's kinds have been discovered yet");
  });
  add_cluster_checks(health, sources.clusters);
}

}  // namespace postern::proxy
