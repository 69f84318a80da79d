#include "rbac/evaluate.h"

#include "rbac/explain.h"

namespace postern::rbac {
namespace {

bool is_ids_match(const RoleContext& context, const Cluster& cluster, const Need& need) {
  if (!context.has_ids) {
    return true;
  }
  const auto ids = context.ids.find(cluster.name);
  return ids != context.ids.end() && find_allowing(*ids->second, need) != RuleIndex::kNone;
}

/// The rule of one role's deny part, or kNone.
int find_denying(const RuleIndex& deny, const Need& need) {
  int found = RuleIndex::kNone;
  for_each_denied_group(need, [&](std::string_view group) {
    if (found == RuleIndex::kNone) {
      ObjectRef object = need.object;
      object.group = group;
      found = deny.find(object, need.verbs);
    }
  });
  // Deleting a namespace deletes what is in it.
  const bool deletes = need.verbs.intersects(Verb::kDelete | Verb::kDeleteCollection);
  if (found == RuleIndex::kNone && need.is_namespace_object() && deletes) {
    found = deny.find_inside(need.object.name);
  }
  return found;
}

}  // namespace

std::string RuleRef::str() const {
  return "role " + role->name + ", " + rule_path(deciding());
}

int find_allowing(const RuleIndex& index, const Need& need) {
  if (!need.is_namespace_object()) {
    return index.find(need.object, need.verbs);
  }
  if (!kReadVerbs.contains(need.verbs)) {
    return index.find(need.object, need.verbs, true);
  }
  const int rule = index.find(need.object, need.verbs);
  if (rule != RuleIndex::kNone || need.object.scope != NameScope::kExact) {
    return rule;
  }
  return index.find_inside(need.object.name);
}

std::optional<RuleRef> allowing_rule(const RoleContext& context, const UsableRole& role,
                                     const Cluster& cluster, const Need& need) {
  const int rule = find_allowing(role.rules->allow, need);
  if (rule == RuleIndex::kNone ||
      (role.today != nullptr && find_allowing(role.today->allow, need) == RuleIndex::kNone) ||
      !is_ids_match(context, cluster, need)) {
    return std::nullopt;
  }
  const int source = role.rules->allow.rules()[static_cast<std::size_t>(rule)].source;
  return RuleRef{role.rules->role.get(), true, source};
}

std::optional<RuleRef> denying_rule(const SubjectRules& rules, const Cluster& cluster,
                                    const Need& need) {
  for (const auto& role : rules.denying) {
    if (role->denies_cluster(cluster)) {
      return RuleRef{role->role.get(), false, -1};
    }
    if (const int rule = find_denying(role->deny, need); rule != RuleIndex::kNone) {
      return RuleRef{role->role.get(), false,
                     role->deny.rules()[static_cast<std::size_t>(rule)].source};
    }
  }
  return std::nullopt;
}

}  // namespace postern::rbac
