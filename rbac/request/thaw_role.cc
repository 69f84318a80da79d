// The way back from a frozen role to one that decides.

#include "kube/text.h"
#include "rbac/request/frozen_role.h"

#include <utility>

namespace postern::rbac::request {
namespace {

Result<std::vector<TraitTemplate>> thaw_principals(const std::vector<std::string>& names) {
  std::vector<TraitTemplate> templates;
  for (const std::string& name : names) {
    auto parsed = TraitTemplate::parse(name);
    if (!parsed || parsed->has_trait()) {
      return fail(kube::Status::internal("frozen role: a principal is no plain name"));
    }
    templates.push_back(std::move(*parsed));
  }
  return templates;
}

Result<KubeResourceRule> thaw_rule(const FrozenRule& frozen) {
  KubeResourceRule rule;
  auto kind = TraitTemplate::parse(frozen.kind);
  if (!kind || kind->has_trait()) {
    return fail(kube::Status::internal("frozen role: a kind is no plain name"));
  }
  rule.kind = std::move(*kind);
  rule.api_group = PatternTemplate::fixed(frozen.api_group.pattern());
  rule.namespace_ = PatternTemplate::fixed(frozen.namespace_.pattern());
  rule.name = PatternTemplate::fixed(frozen.name.pattern());
  rule.verbs = frozen.verbs;
  rule.all_verbs = frozen.all_verbs;
  rule.namespace_written = frozen.namespace_written;
  return rule;
}

Result<RoleConditions> thaw_conditions(const FrozenConditions& frozen) {
  RoleConditions conditions;
  if (frozen.labels) {
    conditions.kubernetes_labels.emplace();
    for (const auto& [label, patterns] : *frozen.labels) {
      auto& values = conditions.kubernetes_labels->labels[label];
      for (const FrozenPattern& pattern : patterns) {
        values.push_back(PatternTemplate::fixed(pattern.pattern()));
      }
    }
  }
  for (const FrozenRule& each : frozen.resources) {
    auto rule = thaw_rule(each);
    if (!rule) {
      return fail(std::move(rule.error()));
    }
    conditions.kubernetes_resources.push_back(std::move(*rule));
  }
  auto groups = thaw_principals(frozen.groups);
  auto users = thaw_principals(frozen.users);
  if (!groups || !users) {
    return fail(std::move(groups ? users.error() : groups.error()));
  }
  conditions.kubernetes_groups = std::move(*groups);
  conditions.kubernetes_users = std::move(*users);
  return conditions;
}

}  // namespace

Result<std::shared_ptr<const Role>> thaw(const FrozenRole& frozen, std::string source,
                                         std::string origin) {
  auto allow = thaw_conditions(frozen.allow);
  auto deny = thaw_conditions(frozen.deny);
  if (!allow || !deny) {
    return fail(std::move(allow ? deny.error() : allow.error()));
  }
  auto role = std::make_shared<Role>();
  role->name = frozen.name;
  role->version = frozen.version;
  role->allow = std::move(*allow);
  role->deny = std::move(*deny);
  role->source = std::move(source);
  role->origin = std::move(origin);
  return role;
}

}  // namespace postern::rbac::request
