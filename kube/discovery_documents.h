#pragma once

#include "kube/api_catalog.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::kube {

/// What a discovery document says of one group version.
struct DiscoveredVersion {
  std::string group;
  std::string version;
  bool stale = false;  ///< served, but nothing current is known; `resources` is empty
  std::vector<ApiResource> resources;
};

/// Reads an `APIGroupDiscoveryList` (apidiscovery.k8s.io v2 or v2beta1): versions in the document's
/// order of preference. 502 when it is none; groups, versions and resources that do not make sense
/// are left out one by one.
Result<std::vector<DiscoveredVersion>> read_aggregated_discovery(std::string_view json);

/// Reads a legacy `APIResourceList` that must be of this group version, else 502.
Result<DiscoveredVersion> read_resource_list(std::string_view group, std::string_view version,
                                             std::string_view json);

}  // namespace postern::kube
