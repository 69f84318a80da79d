#pragma once

#include "kube/result.h"
#include "proxy/net/task.h"

#include <string>
#include <vector>

namespace postern::proxy {

class UpstreamPool;

/// The impersonation that the configuration and the roles will make use of.
struct NeededRights {
  /// Users that roles name outright. Empty: any user name may come up (a role without
  /// `kubernetes_users` acts as the postern user).
  std::vector<std::string> users;
  std::vector<std::string> groups;            ///< `system:authenticated` included
  std::vector<std::string> service_accounts;  ///< `NAMESPACE/NAME`, of system:serviceaccount users
  bool access_request_extra = false;          ///< access requests exist: Impersonate-Extra is sent
};

/// The self check at start: asks the cluster, by SelfSubjectAccessReview about postern itself, for
/// each right that impersonation needs (apiserver pkg/endpoints/filters/impersonation: verb
/// `impersonate` on users, groups, serviceaccounts, userextras), and says in one sentence each
/// which are missing and what to grant. Empty: nothing is missing.
///
/// 502, 504 as fetch(). The sentences are for the log and the console of the operator.
Task<Result<std::vector<std::string>>> missing_rights(UpstreamPool& pool, NeededRights needed);

}  // namespace postern::proxy
