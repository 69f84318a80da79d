#include "rbac/may_ask.h"

#include "rbac/requestable_kind.h"
#include "rbac/resource_id.h"

#include <algorithm>
#include <cstdint>

// Tested by tests/rbac/may_ask_test.cc
namespace postern::rbac {
namespace {

/// Whether the rule is about objects like this one, somewhere.
bool is_about(const Rule& rule, const ObjectRef& object) {
  return object.namespaced ? rule.namespaced : rule.cluster_scoped;
}

/// Patterns are compared as request::accepts compares them.
bool includes(const Pattern& rule, const Pattern& asked) {
  return rule.covers(asked, Effect::kAllow) ||
         (asked.kind() != Pattern::Kind::kRegex && rule.matches(asked.text()));
}

/// Whether the rule, which is about the ID's kind, gives all that the ID asks for.
bool accepts(const Rule& rule, const ResourceId& id) {
  switch (id.scope()) {
    case ResourceId::Scope::kKubeCluster:
      return true;
    case ResourceId::Scope::kNamespaced:
      return rule.namespaced && includes(rule.namespace_, id.namespace_pattern()) &&
             includes(rule.name, id.name_pattern());
    case ResourceId::Scope::kClusterScoped:
      return (id.is_whole_namespace() && rule.namespaced &&
              includes(rule.namespace_, id.name_pattern())) ||
             (rule.cluster_scoped && includes(rule.name, id.name_pattern()));
    case ResourceId::Scope::kOther:
      break;
  }
  return false;
}

bool lists_kind(const Role& role, const ObjectRef& object) {
  const auto& kinds = role.allow.request.kubernetes_resources;
  if (!kinds || kinds->empty()) return true;
  const ShortKind* known = find_short_kind(object.group, object.plural);
  const std::string_view word = known == nullptr ? std::string_view() : known->name;
  return std::any_of(kinds->begin(), kinds->end(), [&](const RequestableKind& entry) {
    if (entry.kind == "*") return entry.api_group.empty() || group_fits(entry, object.group);
    return names_kind(entry, word, object.group, object.plural);
  });
}

/// By the rules of one role: those of the kind, or where a namespace or a cluster would be asked
/// for, which come with any right inside, all of them.
WayOut way_by(const RoleRules& role, const Need& need, bool whole, const ResourceId* id) {
  WayOut way = WayOut::kNone;
  const auto look = [&](const Rule& rule, std::uint32_t) {
    if (!whole && !is_about(rule, need.object)) return false;
    way = id == nullptr || accepts(rule, *id) ? WayOut::kAsk : WayOut::kSearch;
    return way == WayOut::kAsk;
  };
  if (!whole) {
    role.allow.any_rule(need.object.group, need.object.plural, look);
    return way;
  }
  for (const Rule& rule : role.allow.rules()) {
    if (look(rule, 0)) break;
  }
  return way;
}

}  // namespace

WayOut way_out(const SubjectRules& rules, const Cluster& cluster, const Need& need, bool events,
               const std::string& id) {
  const bool whole = events || need.is_namespace_object();
  const auto wanted = ResourceId::parse(id);
  WayOut best = WayOut::kNone;
  for (const SearchedRole& role : rules.searched) {
    const RoleRules& found = *role.rules;
    if (!found.allow_labels || !found.allow_labels->matches(cluster.labels)) continue;
    if (!whole && !lists_kind(*role.by, need.object)) continue;
    best = std::max(best, way_by(found, need, whole, wanted ? &*wanted : nullptr));
    if (best == WayOut::kAsk) break;
  }
  return best;
}

}  // namespace postern::rbac
