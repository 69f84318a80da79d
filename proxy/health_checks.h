#pragma once

#include "proxy/kube_clusters.h"
#include "proxy/observe/health.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace postern::proxy {

/// What the checks ask. Every function is called on the admin listener's thread and must come back
/// at once; all must outlive the registry's last answer.
struct HealthSources {
  /// Why the store of access requests cannot be used; nullopt: it can.
  std::function<std::optional<std::string>()> store_fault;
  /// A worker's loop has not come around for kStuckAfter.
  std::function<bool()> is_stuck;
  /// Some cluster's kinds are known.
  std::function<bool()> knows_a_cluster;
  const std::vector<KubeCluster>& clusters;
};

inline constexpr std::chrono::seconds kStuckAfter{30};

/// Adds the checks of /livez and /readyz that are about the proxy as a whole.
void add_health_checks(HealthRegistry& health, const HealthSources& sources);

}  // namespace postern::proxy
