#pragma once

#include "rbac/request/directory.h"
#include "rbac/request/field_errors.h"
#include "rbac/resource_id.h"

#include <string>
#include <vector>

namespace postern::rbac::request {

/// The resource IDs of a request, parsed, each once, in their first order; what is wrong goes to
/// `errors` under `spec.resources[i]`: too many or too long, malformed, of another installation, in
/// a kube cluster or of a kind that there is not (for this person), of a kind that this
/// installation has no inventory of.
std::vector<ResourceId> check_ids(const std::vector<std::string>& texts, const Person& requester,
                                  const Directory& directory, const Limits& limits,
                                  FieldErrors& errors);

}  // namespace postern::rbac::request
