#pragma once

#include "rbac/resource_id.h"
#include "rbac/role.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postern::rbac {

/// An approved access request that a session has assumed.
///
/// It allows what its `roles` allowed when it was approved *and* what the roles of the same names
/// allow today, within its resource IDs; the denies of both always apply (design §2 "Roles").
struct Grant {
  std::string request;  ///< the access request's name
  /// The effective roles, as they were shown when the request was approved.
  std::vector<std::shared_ptr<const Role>> roles;
  /// Empty: a request for roles; everything that they allow.
  std::vector<ResourceId> resource_ids;
  std::optional<std::chrono::system_clock::time_point> expires_at;
  /// Why it gives nothing, where it does; for explanations alone.
  std::string problem = {};
};

}  // namespace postern::rbac
