#pragma once

#include "kube/result.h"
#include "rbac/resource_id.h"
#include "rbac/role.h"
#include "rbac/user_info.h"

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

/// Everything that decisions are made from: an immutable value behind a shared_ptr<const Policy>,
/// replaced as a whole on reload. Safe from any thread.
class Policy {
 public:
  /// From roles and users that have been loaded and checked (rbac/load.h). `cluster_name` is the
  /// first segment of every resource ID.
  Policy(std::string cluster_name, std::vector<Role> roles, std::vector<User> users,
         std::map<std::string, std::vector<std::string>> group_roles, ImpersonationLimits limits);

  /// The roles that this identity has today, compiled with the user's traits: those of its `kind:
  /// user` document and those of its groups (authentication.groupRoles). A user without roles is a
  /// valid subject that may do nothing. The result refers to this policy's roles and keeps them
  /// alive. Costs compilation: callers cache it per policy and user.
  std::shared_ptr<const Subject> subject(const UserInfo& user) const;

  const std::string& cluster_name() const { return cluster_name_; }
  const ImpersonationLimits& limits() const { return limits_; }

 private:
  std::string cluster_name_;
  std::map<std::string, std::shared_ptr<const Role>, std::less<>> roles_;
  std::map<std::string, User, std::less<>> users_;
  std::map<std::string, std::vector<std::string>> group_roles_;
  ImpersonationLimits limits_;
};

}  // namespace postern::rbac
