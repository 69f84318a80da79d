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
    auto shared = std::make_shared<const Role>(std::move(role));
    CompiledRole compiled{shared, nullptr};
    if (!has_traits(*shared)) {
      compiled.rules = std::make_shared<const RoleRules>(shared, Traits(), false);
    }
    roles_.insert_or_assign(shared->name, std::move(compiled));
  }
  for (User& user : users) {
    std::string name = user.name;
    users_.insert_or_assign(std::move(name), std::move(user));
  }
}

std::shared_ptr<const Role> Policy::role(std::string_view name) const {
  const auto found = roles_.find(name);
  return found == roles_.end() ? nullptr : found->second.role;
}

std::vector<std::string> Policy::role_names(const UserInfo& user) const {
  std::vector<std::string> names;
  if (const auto found = users_.find(user.name); found != users_.end()) {
    names = found->second.roles;
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
  const auto known = users_.find(user.name);
  const Traits& traits = known == users_.end() ? kNoTraits : known->second.traits;
  SubjectBuilder builder(user, traits, limits_);
  Fingerprint fingerprint;
  fingerprint.add(cluster_name_).add(user.name).add(limits_).add(traits);
  if (known != users_.end() && known->second.locked) {
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
        builder.add_seeing(rules_of(role->second, traits));
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
