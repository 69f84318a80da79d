#pragma once

#include "rbac/load.h"

#include <vector>

namespace postern::rbac::request {

/// The conditions of roles (`request.thresholds[].filter`, `review_requests.where` of allow and
/// deny) that do not parse, each with its role, key path and the column in the expression. Roles
/// are checked so when they are loaded; rbac/load.h cannot, being below. An unchecked role fails
/// closed: nobody can review or request through it.
std::vector<LoadMessage> check_expressions(const std::vector<Role>& roles);

}  // namespace postern::rbac::request
