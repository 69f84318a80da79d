#pragma once

#include "kube/result.h"
#include "proxy/net/task.h"
#include "proxy/upstream/access_check.h"

#include <string>
#include <vector>

namespace postern::proxy {

class UpstreamPool;

/// A right that something of the configuration rests on at a cluster.
struct NeededRight {
  AccessQuestion question;
  std::string purpose;  ///< "authentication.tokenReview"
};

/// The impersonation that the configuration and the roles will make use of.
struct NeededImpersonation {
  /// Users that may come up. Empty: any user name.
  std::vector<std::string> users;
  std::vector<std::string> groups;            ///< `system:authenticated` included
  std::vector<std::string> service_accounts;  ///< `NAMESPACE/NAME`, of system:serviceaccount users
  bool access_request_extra = false;          ///< access requests exist: Impersonate-Extra is sent
};

/// A right that the cluster does not give.
struct MissingRight {
  std::string what;        ///< "impersonate groups \"viewers\""
  std::string purpose;     ///< as NeededRight::purpose
  std::string namespace_;  ///< "": the rule belongs into a ClusterRole
  /// An RBAC rule that gives it, to be pasted below `rules:` of a role.
  std::string rule;

  /// One sentence for the operator; `account` for "the service account NAMESPACE/NAME".
  std::string sentence(const std::string& account) const;
};

/// Asks the cluster for each right whether the pool's credential has it, by SelfSubjectAccessReview
/// about itself. What is missing, in order, and as few rules as possible: rights that differ in the
/// verb or in the resource alone are one. 502, 504 as fetch().
Task<Result<std::vector<MissingRight>>> missing_rights(UpstreamPool& pool,
                                                       std::vector<NeededRight> needed);

/// The same of impersonation, with the credential that impersonates. A right counts as given by the
/// verb `impersonate` (apiserver pkg/endpoints/filters/impersonation), and also by
/// `impersonate:user-info` of constrained impersonation (KEP-5284).
Task<Result<std::vector<MissingRight>>> missing_impersonation(UpstreamPool& pool,
                                                              NeededImpersonation needed);

}  // namespace postern::proxy
