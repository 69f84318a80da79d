#pragma once

#include "rbac/subject_rules.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace postern::rbac {

/// The roles that a role lets its holder search as: allow without deny.
std::vector<std::string> searchable_roles(const Role& role);

/// Puts a subject's rules together, role by role; finish() works out what needs all of them: who is
/// denied, and whom each role may be used as.
class SubjectBuilder {
 public:
  /// The references must outlive the builder.
  SubjectBuilder(const UserInfo& user, const Traits& traits, const ImpersonationLimits& limits);

  void forbid_everything(std::string why);
  void add_static(std::shared_ptr<const RoleRules> role);
  /// A role that `by`, one of the static ones, lets the user search as.
  void add_searched(std::shared_ptr<const RoleRules> role, std::shared_ptr<const Role> by);
  /// What follows by add_granted() belongs to this grant; static roles no longer allow.
  void begin_grant(const Grant& grant, std::string_view cluster_name);
  /// `today`: nullptr when the role is gone; then only what it denied still counts.
  void add_granted(const std::shared_ptr<const Role>& approved,
                   const std::shared_ptr<const Role>& today);
  std::shared_ptr<const SubjectRules> finish();

 private:
  void add_denying(const std::shared_ptr<const RoleRules>& role);
  bool is_denied_user(std::string_view name) const;
  bool is_denied_group(std::string_view name) const;
  void work_out_principals(UsableRole& role) const;

  const UserInfo& user_;
  const Traits& traits_;
  const ImpersonationLimits& limits_;
  RoleContext static_roles_;
  std::vector<RoleContext> grants_;
  std::vector<std::shared_ptr<const RoleRules>> all_roles_;
  std::shared_ptr<SubjectRules> rules_ = std::make_shared<SubjectRules>();
};

}  // namespace postern::rbac
