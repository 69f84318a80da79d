#pragma once

#include "kube/result.h"
#include "rbac/request/directory.h"
#include "rbac/resource_id.h"

#include <string>
#include <vector>

namespace postern::rbac::request {

/// The roles of a request without resource IDs: each exists and may be requested; `*` alone is all
/// of those that are not held. Sorted, each once. 403 otherwise, alike for roles that do not exist.
Result<std::vector<const Role*>> choose_roles(const Person& requester, const Directory& directory,
                                              const std::vector<std::string>& asked);

/// The roles of a request for these resources (see create()). `asked` may be empty. A role that
/// denies all of what an ID asks for does not reach it.
Result<std::vector<const Role*>> choose_search_roles(const Person& requester,
                                                     const Directory& directory,
                                                     const std::vector<std::string>& asked,
                                                     const std::vector<ResourceId>& ids);

}  // namespace postern::rbac::request
