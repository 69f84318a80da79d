#pragma once

#include "rbac/role_rules.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postern::rbac {

/// A role of a subject, with whom it may be used as.
struct UsableRole {
  /// Static roles: as they are today. In a grant: as they were approved.
  std::shared_ptr<const RoleRules> rules;
  std::shared_ptr<const RoleRules> today;  ///< in a grant: as they are today; else nullptr

  std::vector<std::string> users;   ///< none: the subject's own name; denied ones left out
  std::vector<std::string> groups;  ///< sorted; denied ones left out
  /// Why the role cannot be used: it names somebody whom the configuration refuses. "" if it can.
  std::string problem;

  const std::string& name() const { return rules->role->name; }
  bool matches_cluster(const Cluster& cluster) const;
};

/// What may be used together: the static roles, or the roles and resource IDs of one grant.
struct RoleContext {
  std::string request;  ///< the grant's access request; "" for static roles
  std::string problem;  ///< why the grant gives nothing, for explanations
  std::optional<std::chrono::system_clock::time_point> expires_at;
  std::vector<UsableRole> roles;
  bool has_ids = false;
  std::map<std::string, std::shared_ptr<const RuleIndex>, std::less<>> ids;  ///< by kube cluster

  bool is_live(std::chrono::system_clock::time_point now) const {
    return !expires_at || now < *expires_at;
  }
};

/// A role that the user may request resources with, by one of their static roles.
struct SearchedRole {
  std::shared_ptr<const RoleRules> rules;
  std::shared_ptr<const Role> by;  ///< the static role
};

/// What a Subject stands on. Immutable, safe from any thread.
struct SubjectRules {
  /// What may allow: the static roles, or every assumed grant; static roles not beside grants.
  std::vector<RoleContext> contexts;
  /// What may deny: every role of the user with denies, assumed ones in both their forms.
  std::vector<std::shared_ptr<const RoleRules>> denying;
  /// Static roles, granted ones and those that may be searched as: clusters that the user may know
  /// of.
  std::vector<std::shared_ptr<const RoleRules>> seeing;
  /// What refusals go by when they say how to ask (may_ask.h).
  std::vector<SearchedRole> searched;
  /// Why this user may do nothing at all; "" normally.
  std::string unusable;
  /// Why the user's own name may not be used at the API server; "" if it may.
  std::string own_name_problem;
};

/// Why this user or group name may not be told to an API server; "" if it may. Source: design §2
/// "Impersonation".
std::string principal_fault(std::string_view name, const ImpersonationLimits& limits);

/// The rules that a grant's resource IDs stand for, by kube cluster. IDs of another `cluster_name`
/// match nothing.
std::map<std::string, std::shared_ptr<const RuleIndex>, std::less<>> index_ids(
    const std::vector<ResourceId>& ids, std::string_view cluster_name);

}  // namespace postern::rbac
