#pragma once

#include "proxy/access/state/objects.h"
#include "rbac/request/access_request.h"
#include "rbac/user_info.h"

#include <map>
#include <string>

/// How far a name reaches in the access API that one kube cluster proved
/// (rbac::UserInfo::kube_cluster, design §2 "Names"): whoever may make service accounts or sign
/// certificates at one cluster must not get, give or see anything of the others that way.
namespace postern::proxy::access {

using ClusterMap = std::map<std::string, ClusterPtr, std::less<>>;

/// Whether the name counts at every cluster there is: it was not proved by a cluster, or by the
/// only one. False while no cluster is known.
bool reaches_all(const rbac::UserInfo& user, const ClusterMap& clusters);

/// Whether nothing of the request is beyond the user's cluster. A request for roles as a whole
/// reaches every cluster.
bool reaches(const rbac::UserInfo& user, const ClusterMap& clusters,
             const rbac::request::AccessRequest& request);

/// "the name counts at the kube cluster \"staging\" only".
std::string reach_sentence(const rbac::UserInfo& user);

}  // namespace postern::proxy::access
