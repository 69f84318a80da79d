#include "rbac/request/make_grant.h"

#include "kube/text.h"
#include "rbac/explain.h"
#include "rbac/request/create.h"

#include <algorithm>
#include <set>
#include <utility>

namespace postern::rbac::request {
namespace {

tl::unexpected<kube::Status> no_grant(const AccessRequest& request, const std::string& why) {
  return fail(kube::Status::forbidden("access request " + kube::quoted(request.name) + " " + why));
}

Result<void> check_time(const AccessRequest& request, TimePoint now) {
  if (request.state != State::kApproved) {
    return no_grant(request, "is " + std::string(state_name(request.state)) + ", not APPROVED");
  }
  if (now >= request.access_expires) {
    return no_grant(request, "has expired");
  }
  if (request.assume_start && now < *request.assume_start) {
    return no_grant(request, "cannot be assumed before " + utc_text(*request.assume_start));
  }
  return {};
}

/// What was asked for and what was frozen must be the same: a request for resources that lost its
/// IDs would be one for everything.
bool agrees(const AccessRequest& request) {
  std::vector<std::string> ids;
  for (const ResourceId& id : request.spec.resource_ids) {
    ids.push_back(id.str());
  }
  std::sort(ids.begin(), ids.end());
  std::vector<std::string> roles;
  for (const FrozenRole& role : request.effective.roles) {
    roles.push_back(role.name);
  }
  return ids == request.effective.resource_ids && roles == request.spec.roles && !roles.empty() &&
         request.user == request.effective.user;
}

bool is_same_cluster(const AccessRequest& request, const Directory& directory,
                     const std::string& name) {
  const KnownCluster* cluster = directory.kube_cluster(name);
  const auto approved = request.effective.clusters.find(name);
  return cluster != nullptr && approved != request.effective.clusters.end() &&
         !approved->second.empty() && cluster->uid == approved->second;
}

Result<void> confine(const AccessRequest& request, const Directory& directory, Grant& grant) {
  for (const ResourceId& id : request.spec.resource_ids) {
    if (is_same_cluster(request, directory, id.kube_cluster())) {
      grant.resource_ids.push_back(id);
    }
  }
  const auto& clusters = request.effective.clusters;
  const bool same = std::all_of(clusters.begin(), clusters.end(), [&](const auto& cluster) {
    return is_same_cluster(request, directory, cluster.first);
  });
  if (request.spec.resource_ids.empty() ? !same : grant.resource_ids.empty()) {
    return no_grant(request, "was approved for another kube cluster of that name");
  }
  return {};
}

}  // namespace

Result<Grant> make_grant(const AccessRequest& request, const Person& requester,
                         const Directory& directory, TimePoint now) {
  // First: of what has ended the effective rules are not even read.
  if (auto in_time = check_time(request, now); !in_time) {
    return fail(std::move(in_time.error()));
  }
  if (!agrees(request)) {
    return fail(kube::Status::internal("the stored access request " + kube::quoted(request.name) +
                                       " does not agree with itself"));
  }
  if (auto still = could_still_file(request, requester, directory); !still) {
    return fail(std::move(still.error()));
  }
  Grant grant;
  grant.request = request.name;
  grant.expires_at = request.access_expires;
  if (auto confined = confine(request, directory, grant); !confined) {
    return fail(std::move(confined.error()));
  }
  for (const FrozenRole& frozen : request.effective.roles) {
    auto role = thaw(frozen, frozen_role_json(frozen), "accessrequest/" + request.name);
    if (!role) {
      return fail(std::move(role.error()));
    }
    grant.roles.push_back(std::move(*role));
  }
  return grant;
}

}  // namespace postern::rbac::request
