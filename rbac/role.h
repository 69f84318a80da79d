#pragma once

#include "rbac/trait_template.h"
#include "rbac/verb.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postern::rbac {

/// Labels that a role wants, e.g. `{env: [staging, 'dev-*'], '*': '*'}`: every key has to be there,
/// with one of its values. An empty one is `{}`.
struct LabelSelector {
  std::map<std::string, std::vector<PatternTemplate>> labels;
};

/// One entry of `kubernetes_resources`, as it was written (before its version's meaning is
/// applied).
struct KubeResourceRule {
  TraitTemplate kind;         ///< literal or `*`: a short kind (v3…v7) or a plural (v8)
  PatternTemplate api_group;  ///< v8; "" is core
  PatternTemplate namespace_;
  PatternTemplate name;
  VerbSet verbs;
  bool all_verbs = false;                  ///< written `*`
  std::vector<TraitTemplate> verb_traits;  ///< interpolated verbs
  bool namespace_written = false;          ///< there, and not empty
  bool namespace_absent = true;            ///< not even written as empty
};

/// `thresholds` of `request`: how many reviews decide. Kept for the request workflow.
struct ReviewThreshold {
  std::string name;
  std::string filter;
  std::uint32_t approve = 1;
  std::uint32_t deny = 1;
};

/// An entry of `request.kubernetes_resources`: kinds that may be requested.
struct RequestableKind {
  std::string kind;
  std::string api_group;
};

/// `request` of allow or deny. Kept for the request workflow; `search_as_roles` also decides which
/// clusters a user may know of.
struct RequestConditions {
  std::vector<PatternTemplate> roles;
  std::vector<std::string> search_as_roles;
  std::vector<ReviewThreshold> thresholds;
  std::vector<std::string> suggested_reviewers;
  /// What reviewers' conditions may ask of a request (`request.system_annotations`).
  std::map<std::string, std::vector<TraitTemplate>> annotations;
  std::chrono::seconds max_duration{0};  ///< 0: not set
  std::optional<std::vector<RequestableKind>> kubernetes_resources;
  bool reason_required = false;
  std::string reason_prompt;
};

/// `review_requests` of allow or deny. Kept for the request workflow.
struct ReviewConditions {
  std::vector<PatternTemplate> roles;
  std::vector<std::string> preview_as_roles;
  std::string where;
};

/// An entry of `rules`: rights on postern's own objects.
struct AdminRule {
  std::vector<std::string> resources;
  std::vector<std::string> verbs;
};

/// `spec.allow` or `spec.deny`.
struct RoleConditions {
  std::optional<LabelSelector> kubernetes_labels;
  std::vector<KubeResourceRule> kubernetes_resources;
  std::vector<TraitTemplate> kubernetes_groups;
  std::vector<TraitTemplate> kubernetes_users;
  RequestConditions request;
  ReviewConditions review_requests;
  std::vector<AdminRule> rules;

  /// The other kinds: `node`, `db`, `app`, `windows_desktop` labels, and who one is there
  /// (`logins`, `db_users`, `db_names`, `windows_desktop_logins`). Kept for an inventory of them.
  std::map<std::string, LabelSelector> other_labels;
  std::map<std::string, std::vector<TraitTemplate>> other_values;
};

enum class RequestAccess { kOptional, kAlways, kReason };

/// `spec.options`.
struct RoleOptions {
  std::chrono::seconds max_session_ttl{0};  ///< 0: not set
  RequestAccess request_access = RequestAccess::kOptional;
  std::string request_prompt;
};

/// A `kind: role` document after loading: checked, every pattern compiled, otherwise as it was
/// written. What it means for requests by its version: rbac/role_rules.h.
struct Role {
  std::string name;
  int version = 8;  ///< 3 … 8
  std::string description;
  std::map<std::string, std::string> labels;
  RoleConditions allow;
  RoleConditions deny;
  RoleOptions options;
  std::string origin;  ///< "roles.yaml:12", for messages
  std::string source;  ///< the document's values in a canonical form: equal text, equal role
};

/// A `kind: user` document after loading.
struct User {
  std::string name;
  std::vector<std::string> roles;
  Traits traits;
  bool locked = false;  ///< spec.locked or spec.status.is_locked: a subject that may do nothing
  std::string origin;
  std::string source;  ///< as Role::source
};

}  // namespace postern::rbac
