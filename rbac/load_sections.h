#pragma once

#include "rbac/load_reader.h"
#include "rbac/role.h"

#include <optional>
#include <string>
#include <vector>

namespace postern::rbac {

/// The readers of one document's sections; each reports to the log and returns what it could read.

/// A `kind: role` document.
Role read_role(DocumentLog& log, MapReader& document);
/// A `kind: user` document.
User read_user(DocumentLog& log, MapReader& document);

/// What both kinds have in `metadata`.
struct Metadata {
  std::string name;
  std::string description;
  std::map<std::string, std::string> labels;
};
Metadata read_metadata(DocumentLog& log, MapReader& document, std::string_view kind);

/// `spec.allow` or `spec.deny`.
RoleConditions read_conditions(DocumentLog& log, const std::optional<Place>& place, int version,
                               Effect effect);
/// `kubernetes_resources`, checked by what the role's version allows.
std::vector<KubeResourceRule> read_resources(DocumentLog& log, const Place& place, int version,
                                             Effect effect);
LabelSelector read_labels(DocumentLog& log, const Place& place);
RequestConditions read_request(DocumentLog& log, const Place& place, Effect effect);
ReviewConditions read_review(DocumentLog& log, const Place& place, Effect effect);
std::vector<AdminRule> read_rules(DocumentLog& log, const Place& place, Effect effect);
RoleOptions read_options(DocumentLog& log, const std::optional<Place>& place);

}  // namespace postern::rbac
