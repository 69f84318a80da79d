#include "rbac/request/effective.h"

#include "kube/text.h"
#include "rbac/request/reach.h"
#include "rbac/request/sha256.h"

#include <algorithm>
#include <utility>

namespace postern::rbac::request {
namespace {

/// The clusters that IDs name, or whose labels some role matches.
std::vector<std::string> clusters_of(const EffectiveRules& effective,
                                     const std::vector<ResourceId>& ids,
                                     const Directory& directory) {
  std::vector<std::string> names;
  for (const ResourceId& id : ids) {
    names.push_back(id.kube_cluster());
  }
  if (ids.empty()) {
    for (const auto& [name, cluster] : directory.kube_clusters) {
      if (std::any_of(effective.roles.begin(), effective.roles.end(),
                      [&](const FrozenRole& role) { return reaches_cluster(role, cluster); })) {
        names.push_back(name);
      }
    }
  }
  return names;
}

}  // namespace

Result<EffectiveRules> effective_rules(std::string_view user, const Traits& traits,
                                       const std::vector<const Role*>& roles,
                                       const std::vector<ResourceId>& ids,
                                       const Directory& directory) {
  EffectiveRules effective;
  effective.user = user;
  for (const Role* role : roles) {
    auto frozen = freeze(*role, traits);
    if (!frozen) {
      return fail(std::move(frozen.error()));
    }
    effective.roles.push_back(std::move(*frozen));
  }
  std::sort(effective.roles.begin(), effective.roles.end(),
            [](const FrozenRole& a, const FrozenRole& b) { return a.name < b.name; });
  for (const ResourceId& id : ids) {
    effective.resource_ids.push_back(id.str());
  }
  std::sort(effective.resource_ids.begin(), effective.resource_ids.end());
  for (const std::string& name : clusters_of(effective, ids, directory)) {
    const KnownCluster* cluster = directory.kube_cluster(name);
    if (cluster == nullptr || cluster->uid.empty()) {
      return fail(kube::Status::unavailable("the kube cluster " + kube::quoted(name) +
                                            " has not been reached yet; try again"));
    }
    effective.clusters[name] = cluster->uid;
  }
  return effective;
}

std::string EffectiveRules::digest() const {
  return digest_of(to_json());
}

std::string EffectiveRules::digest_of(std::string_view json) {
  return "sha256:" + sha256_hex(json);
}

}  // namespace postern::rbac::request
