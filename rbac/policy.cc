#include "rbac/policy.h"

#include "kube/text.h"
#include "rbac/fingerprint.h"
#include "rbac/subject_builder.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {

Policy::Policy(std::string cluster_name, std::vector<Role> roles, std::vector<User> users,
               std::map<std::string, std::vector<std::string>> group_roles,
               ImpersonationLimits limits)
    : cluster_name_(std::move(cluster_name)),
      group_roles_(std::move(group_roles)),
      limits_(std::move(limits)) {
  for (Role& role : roles) {
    add_role(std::make_shared<const Role>(std::move(role)), nullptr);
  }
  for (User& user : users) {
    std::string name = user.name;
    users_.insert_or_assign(std::move(name), std::make_shared<const User>(std::move(user)));
  }
}

Policy::Policy(std::string cluster_name, const std::vector<std::shared_ptr<const Role>>& roles,
               const std::vector<std::shared_ptr<const User>>& users,
               std::map<std::string, std::vector<std::string>> group_roles,
               ImpersonationLimits limits, const Policy* previous)
    : cluster_name_(std::move(cluster_name)),
      group_roles_(std::move(group_roles)),
      limits_(std::move(limits)) {
  for (const auto& role : roles) {
    add_role(role, previous);
  }
  for (const auto& user : users) {
    users_.insert_or_assign(user->name, user);
  }
}

void Policy::add_role(std::shared_ptr<const Role> role, const Policy* previous) {
  CompiledRole compiled{role, nullptr};
  if (previous != nullptr) {
    const auto before = previous->roles_.find(role->name);
    if (before != previous->roles_.end() && before->second.role == role) {
      compiled.rules = before->second.rules;
    }
  }
  if (!compiled.rules && !has_traits(*role)) {
    compiled.rules = std::make_shared<const RoleRules>(role, Traits(), false);
  }
  roles_.insert_or_assign(role->name, std::move(compiled));
}

const User* Policy::find_user(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second.get();
}

std::shared_ptr<const Role> Policy::role(std::string_view name) const {
  const auto found = roles_.find(name);
  return found == roles_.end() ? nullptr : found->second.role;
}

std::vector<std::string> Policy::role_names(const UserInfo& user) const {
  std::vector<std::string> names;
  if (const User* known = find_user(user.name)) {
    names = known->roles;
  }
  for (const std::string& group : user.groups) {
    if (const auto found = group_roles_.find(group); found != group_roles_.end()) {
      names.insert(names.end(), found->second.begin(), found->second.end());
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::shared_ptr<const RoleRules> Policy::rules_of(const CompiledRole& role,
                                                  const Traits& traits) const {
  return role.rules != nullptr ? role.rules
                               : std::make_shared<const RoleRules>(role.role, traits, false);
}

std::shared_ptr<const Subject> Policy::subject(const UserInfo& user) const {
  return subject(user, {});
}

std::shared_ptr<const Subject> Policy::subject(const UserInfo& user,
                                               const std::vector<Grant>& grants) const {
  static const Traits kNoTraits;
  const User* known = find_user(user.name);
  const Traits& traits = known == nullptr ? kNoTraits : known->traits;
  SubjectBuilder builder(user, traits, limits_);
  Fingerprint fingerprint;
  fingerprint.add(cluster_name_).add(user.name).add(limits_).add(traits);
  if (known != nullptr && known->locked) {
    builder.forbid_everything("the user is locked");
    fingerprint.add("locked");
  }
  for (const std::string& name : role_names(user)) {
    const auto found = roles_.find(name);
    if (found == roles_.end()) {
      builder.forbid_everything("there is no role " + kube::quoted(name));
      fingerprint.add("missing").add(name);
      continue;
    }
    fingerprint.add(found->second.role->source);
    builder.add_static(rules_of(found->second, traits));
    for (const std::string& searched : searchable_roles(*found->second.role)) {
      if (const auto role = roles_.find(searched); role != roles_.end()) {
        builder.add_searched(rules_of(role->second, traits), found->second.role);
        fingerprint.add(role->second.role->source);
      }
    }
  }
  for (const Grant& grant : grants) {
    fingerprint.add(grant);
    builder.begin_grant(grant, cluster_name_);
    for (const auto& approved : grant.roles) {
      const std::shared_ptr<const Role> today = role(approved->name);
      fingerprint.add(today ? today->source : "gone");
      builder.add_granted(approved, today);
    }
  }
  return std::make_shared<const Subject>(user, fingerprint.text(), builder.finish());
}

StaticRights Policy::static_rights(const UserInfo& user) const {
  StaticRights rights;
  if (const User* known = find_user(user.name)) {
    rights.known = true;
    rights.locked = known->locked;
    rights.traits = known->traits;
  }
  for (const std::string& name : role_names(user)) {
    rights.roles.push_back(role(name));
  }
  const bool incomplete =
      std::find(rights.roles.begin(), rights.roles.end(), nullptr) != rights.roles.end();
  if (rights.locked || incomplete) {
    rights.roles.clear();
  }
  return rights;
}

std::map<std::string, std::shared_ptr<const Role>, std::less<>> Policy::roles() const {
  std::map<std::string, std::shared_ptr<const Role>, std::less<>> roles;
  for (const auto& [name, compiled] : roles_) {
    roles.emplace(name, compiled.role);
  }
  return roles;
}

std::vector<std::string> Policy::warnings() const {
  std::vector<std::string> warnings;
  for (const auto& [name, compiled] : roles_) {
    const RoleConditions& allow = compiled.role->allow;
    for (const auto* names : {&allow.kubernetes_users, &allow.kubernetes_groups}) {
      for (const TraitTemplate& principal : *names) {
        const std::string fault =
            principal.has_trait() ? "" : principal_fault(principal.text(), limits_);
        if (!fault.empty()) {
          warnings.push_back(compiled.role->origin + ": role/" + name +
                             " gives nothing: it would use " + fault);
        }
      }
    }
  }
  return warnings;
}

}  // namespace postern::rbac
