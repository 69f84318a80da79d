#include "rbac/subject_builder.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postern::rbac {
namespace {

std::vector<std::string> in_both(const std::vector<std::string>& a,
                                 const std::vector<std::string>& b) {
  std::vector<std::string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

}  // namespace

std::vector<std::string> searchable_roles(const Role& role) {
  std::vector<std::string> names = role.allow.request.search_as_roles;
  const auto& denied = role.deny.request.search_as_roles;
  std::erase_if(names, [&denied](const std::string& name) {
    return std::find(denied.begin(), denied.end(), name) != denied.end();
  });
  return names;
}

SubjectBuilder::SubjectBuilder(const UserInfo& user, const Traits& traits,
                               const ImpersonationLimits& limits)
    : user_(user), traits_(traits), limits_(limits) {}

void SubjectBuilder::forbid_everything(std::string why) {
  if (rules_->unusable.empty()) {
    rules_->unusable = std::move(why);
  }
}

void SubjectBuilder::add_denying(const std::shared_ptr<const RoleRules>& role) {
  all_roles_.push_back(role);
  if (role->has_denies()) {
    rules_->denying.push_back(role);
  }
}

void SubjectBuilder::add_static(std::shared_ptr<const RoleRules> role) {
  add_denying(role);
  rules_->seeing.push_back(role);
  UsableRole usable;
  usable.rules = std::move(role);
  static_roles_.roles.push_back(std::move(usable));
}

void SubjectBuilder::add_searched(std::shared_ptr<const RoleRules> role,
                                  std::shared_ptr<const Role> by) {
  rules_->seeing.push_back(role);
  rules_->searched.push_back({std::move(role), std::move(by)});
}

void SubjectBuilder::begin_grant(const Grant& grant, std::string_view cluster_name) {
  RoleContext& context = grants_.emplace_back();
  context.request = grant.request;
  context.problem = grant.problem;
  context.expires_at = grant.expires_at;
  context.has_ids = !grant.resource_ids.empty();
  context.ids = index_ids(grant.resource_ids, cluster_name);
}

void SubjectBuilder::add_granted(const std::shared_ptr<const Role>& approved,
                                 const std::shared_ptr<const Role>& today) {
  UsableRole usable;
  usable.rules = std::make_shared<const RoleRules>(approved, traits_, true);
  add_denying(usable.rules);
  if (today == nullptr) {
    return;
  }
  usable.today = std::make_shared<const RoleRules>(today, traits_, true);
  add_denying(usable.today);
  rules_->seeing.push_back(usable.today);  // or a granted role would reach a cluster in vain
  grants_.back().roles.push_back(std::move(usable));
}

bool SubjectBuilder::is_denied_user(std::string_view name) const {
  return std::any_of(all_roles_.begin(), all_roles_.end(),
                     [&](const auto& role) { return role->denied_users.matches(name); });
}

bool SubjectBuilder::is_denied_group(std::string_view name) const {
  return std::any_of(all_roles_.begin(), all_roles_.end(),
                     [&](const auto& role) { return role->denied_groups.matches(name); });
}

/// Users and groups without the denied ones, and what is wrong with those that are left. One wrong
/// name makes the whole role unusable: without it the role would mean something else.
void SubjectBuilder::work_out_principals(UsableRole& role) const {
  role.users = role.today ? in_both(role.rules->users, role.today->users) : role.rules->users;
  role.groups = role.today ? in_both(role.rules->groups, role.today->groups) : role.rules->groups;
  std::erase_if(role.users, [this](const std::string& name) { return is_denied_user(name); });
  std::erase_if(role.groups, [this](const std::string& name) { return is_denied_group(name); });
  const bool names_users = !role.rules->users.empty() || (role.today && !role.today->users.empty());
  std::string fault;
  if (role.users.empty()) {
    fault = names_users ? "none of its users, which are all denied" : rules_->own_name_problem;
  }
  for (const auto* names : {&role.users, &role.groups}) {
    for (const std::string& name : *names) {
      if (fault.empty()) {
        fault = principal_fault(name, limits_);
      }
    }
  }
  if (!fault.empty()) {
    role.problem = "role " + role.name() + " would use " + fault;
  }
}

std::shared_ptr<const SubjectRules> SubjectBuilder::finish() {
  rules_->own_name_problem = is_denied_user(user_.name) ? "the user's own name, which is denied"
                                                        : principal_fault(user_.name, limits_);
  if (grants_.empty()) {
    rules_->contexts.push_back(std::move(static_roles_));
  } else {
    rules_->contexts = std::move(grants_);
  }
  for (RoleContext& context : rules_->contexts) {
    for (UsableRole& role : context.roles) {
      work_out_principals(role);
    }
  }
  return std::move(rules_);
}

}  // namespace postern::rbac
