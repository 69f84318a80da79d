#pragma once

#include "rbac/authorize.h"
#include "rbac/choose_principals.h"
#include "rbac/may_ask.h"
#include "rbac/requirement.h"

#include <string>
#include <string_view>

namespace postern::rbac {

/// The answers of a refusal: 403 in kube-apiserver's words. They say nothing about whether an
/// object exists, nor why; the explanation is for logs.

/// The ID that would have allowed the request, for details.causes and for the command that asks for
/// it; "" where no ID could (non-resource paths, names that would read as patterns).
std::string wanted_id(const Policy& policy, const Cluster& cluster, const Need& need, bool events);

/// `… is forbidden: User "alice" cannot …: ask for access with: postern request create --resource
/// ID --reason '…'`, with the ID in details.causes.
kube::Status access_refusal(std::string_view user, const kube::RequestInfo& info,
                            const std::string& id);

/// What the way out leads to: access_refusal(); or the command that finds what may be asked for
/// instead; or whom to ask. The ID stays in details.causes in each case, for audit logs and for
/// whoever gives the access.
kube::Status way_refusal(std::string_view user, const kube::RequestInfo& info,
                         const std::string& id, WayOut way);

/// The client has to choose among several users, or chose one that it may not be.
kube::Status principal_refusal(std::string_view user, const kube::RequestInfo& info,
                               const PrincipalRefusal& refusal);

}  // namespace postern::rbac
