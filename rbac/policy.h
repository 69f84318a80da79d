#pragma once

#include "kube/result.h"
#include "rbac/grant.h"
#include "rbac/resource_id.h"
#include "rbac/role.h"
#include "rbac/subject.h"
#include "rbac/user_info.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// A kube cluster as roles see it.
struct Cluster {
  std::string name;
  std::map<std::string, std::string> labels;
};

/// `impersonation:` of the configuration.
struct ImpersonationLimits {
  std::set<std::string, std::less<>>
      allow_system;            ///< `system:` users and groups that roles may use
  bool allow_masters = false;  ///< system:masters, only together with allow_system
};

struct RoleRules;  // a role's compiled rules; rbac/role_rules.h

/// What a user is by static roles alone, whatever a session has assumed.
struct StaticRights {
  Traits traits;
  /// Sorted by name. None for a user who is locked, or has a role that does not exist.
  std::vector<std::shared_ptr<const Role>> roles;
  bool known = false;  ///< there is a `kind: user` document
  bool locked = false;
};

/// Everything that decisions are made from: an immutable value behind a shared_ptr<const Policy>,
/// replaced as a whole on reload. Safe from any thread.
class Policy {
 public:
  /// From roles and users that have been loaded and checked (rbac/load.h). `cluster_name` is the
  /// first segment of every resource ID. Compiles every role that holds no interpolation, once for
  /// all users.
  Policy(std::string cluster_name, std::vector<Role> roles, std::vector<User> users,
         std::map<std::string, std::vector<std::string>> group_roles, ImpersonationLimits limits);
  /// The same from shared values. What `previous` (may be nullptr) has compiled of roles that are
  /// in both, the same objects, is taken over, so that a change of one role costs one role.
  Policy(std::string cluster_name, const std::vector<std::shared_ptr<const Role>>& roles,
         const std::vector<std::shared_ptr<const User>>& users,
         std::map<std::string, std::vector<std::string>> group_roles, ImpersonationLimits limits,
         const Policy* previous);

  /// The roles that this identity has today, compiled with the user's traits: those of its `kind:
  /// user` document and those of its groups (authentication.groupRoles). A user without roles is a
  /// valid subject that may do nothing; so is one with a role that does not exist, whose denies
  /// nobody knows, and one that is locked. The result keeps what it needs of this policy alive.
  /// Costs compilation of the roles with interpolations: callers cache it per policy and user.
  std::shared_ptr<const Subject> subject(const UserInfo& user) const;

  /// The same in a session that has assumed approved requests: the allow rules of static roles do
  /// not count then, not even when every grant has ended.
  std::shared_ptr<const Subject> subject(const UserInfo& user,
                                         const std::vector<Grant>& grants) const;

  /// What requests and reviews go by (rbac/request/directory.h).
  StaticRights static_rights(const UserInfo& user) const;

  const std::string& cluster_name() const { return cluster_name_; }
  const ImpersonationLimits& limits() const { return limits_; }
  /// nullptr where there is none.
  std::shared_ptr<const Role> role(std::string_view name) const;
  std::map<std::string, std::shared_ptr<const Role>, std::less<>> roles() const;
  /// Users and groups that roles name and that `limits` refuse, one sentence each, for the log:
  /// such a role gives nothing.
  std::vector<std::string> warnings() const;

 private:
  struct CompiledRole {
    std::shared_ptr<const Role> role;
    std::shared_ptr<const RoleRules> rules;  ///< nullptr: holds an interpolation
  };

  void add_role(std::shared_ptr<const Role> role, const Policy* previous);
  /// nullptr where there is none.
  const User* find_user(std::string_view name) const;
  std::vector<std::string> role_names(const UserInfo& user) const;
  std::shared_ptr<const RoleRules> rules_of(const CompiledRole& role, const Traits& traits) const;

  std::string cluster_name_;
  std::map<std::string, CompiledRole, std::less<>> roles_;
  std::map<std::string, std::shared_ptr<const User>, std::less<>> users_;
  std::map<std::string, std::vector<std::string>> group_roles_;
  ImpersonationLimits limits_;
};

}  // namespace postern::rbac
