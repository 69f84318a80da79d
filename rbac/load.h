#pragma once

#include "rbac/role.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// What is wrong, or only meaningless here, in a document.
struct LoadMessage {
  std::string file;
  int document = 0;      ///< counted from 1; 0: the file as a whole
  std::string object;    ///< "role/dev", or "" before the name is known
  std::string key_path;  ///< "spec.allow.kubernetes_resources[2].name"
  int line = 0;          ///< counted from 1; 0: not known
  int column = 0;        ///< counted from 1
  std::string message;

  /// "roles.yaml:12:7: role/dev: spec.allow.kubernetes_resources[2].name: …".
  std::string str() const;
};

/// What a file gave. A role or user with an error is not in it.
struct LoadResult {
  std::vector<Role> roles;
  std::vector<User> users;
  std::vector<LoadMessage> warnings;
  std::vector<LoadMessage> errors;

  bool ok() const { return errors.empty(); }
  /// Adds what another file gave.
  void merge(LoadResult other);
};

/// Reads `kind: role` (v3 … v8) and `kind: user` (v2) documents from YAML, several in a file
/// possible; every error at once, each with its key path and position.
///
/// Strict (design §2): unknown and repeated keys, and keys that restrict what has no meaning here,
/// refuse the document; keys that only permit are named in a warning. Aliases and anchors are
/// refused, and files above 8 MiB. `file_name` is for messages.
LoadResult load_documents(std::string_view file_name, std::string_view text);

/// The presets `access`, `requester`, `reviewer`, `editor` and `auditor`, as the documents that
/// they are read from.
std::string_view preset_documents();
/// The same, loaded; `origin` is "presets:LINE".
std::vector<Role> preset_roles();

/// Checks that hold between documents, when everything is loaded: names used twice, and roles that
/// a user or a group names and that do not exist (presets count when they are among `roles`).
std::vector<LoadMessage> check_references(
    const std::vector<Role>& roles, const std::vector<User>& users,
    const std::map<std::string, std::vector<std::string>>& group_roles);

}  // namespace postern::rbac
