#pragma once

#include "rbac/request/directory.h"
#include "rbac/resource_id.h"

#include <memory>
#include <vector>

namespace postern::rbac::request {

using RoleSet = std::vector<std::shared_ptr<const Role>>;

/// The roles as which the person may look for objects of the ID's kind: the search roles through
/// which they may request that kind. None: they may not search it.
RoleSet roles_to_search(const Person& person, const Directory& directory, const ResourceId& id);

/// The roles as which the person may look at what a request matches: `preview_as_roles` of their
/// static roles that no role denies, and their search roles. Source: design §4 "Previews".
RoleSet roles_to_preview(const Person& person, const Directory& directory);

}  // namespace postern::rbac::request
