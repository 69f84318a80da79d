#include "proxy/access/state/name_reach.h"

#include "kube/text.h"

#include <algorithm>

// Tested by tests/proxy/access/state/name_reach_test.cc
namespace postern::proxy::access {

bool reaches_all(const rbac::UserInfo& user, const ClusterMap& clusters) {
  if (user.kube_cluster.empty()) return true;
  return clusters.size() == 1 && user.counts_at(clusters.begin()->first);
}

bool reaches(const rbac::UserInfo& user, const ClusterMap& clusters,
             const rbac::request::AccessRequest& request) {
  if (reaches_all(user, clusters)) return true;
  const auto& ids = request.spec.resource_ids;
  return !ids.empty() && std::all_of(ids.begin(), ids.end(), [&](const rbac::ResourceId& id) {
    return id.scope() != rbac::ResourceId::Scope::kOther && user.counts_at(id.kube_cluster());
  });
}

std::string reach_sentence(const rbac::UserInfo& user) {
  return "the name counts at the kube cluster " + kube::quoted(user.kube_cluster) + " only";
}

}  // namespace postern::proxy::access
