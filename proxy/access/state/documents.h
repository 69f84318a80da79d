#pragma once

#include "kube/result.h"
#include "proxy/access/state/access_state.h"
#include "proxy/access/state/objects.h"
#include "rbac/load.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy::access {

/// What one file of `resources:` gave.
struct LoadedFile {
  FileObjects objects;
  std::vector<rbac::LoadMessage> errors;  ///< conditions that do not parse among them
  std::vector<rbac::LoadMessage> warnings;
};

/// Reads `kind: role` and `kind: user` documents; each with its text as JSON beside it.
LoadedFile load_file_objects(const std::string& file, std::string_view text);

/// The presets that none of these roles takes the place of.
std::vector<RoleObject> presets_beside(const std::vector<RoleObject>& roles);

/// Reads one document of the API: JSON in the shape of the files' documents, `metadata.annotations`
/// besides. Everything that is wrong at once: 422 with a cause for each key path. Of the metadata
/// only name, labels and annotations are filled.
Result<RoleObject> read_role(std::string_view json);
Result<UserObject> read_user(std::string_view json);

/// 422 `AccessRole.access.postern.dev "NAME" is invalid: FIELD: FAULT`. `kind`: "AccessRole".
kube::Status invalid_object(std::string_view kind, std::string_view name,
                            std::vector<kube::StatusCause> causes);

}  // namespace postern::proxy::access
