#include "rbac/may_ask.h"

#include "rbac/requestable_kind.h"
#include "rbac/resource_id.h"

#include <algorithm>

// Tested by tests/rbac/may_ask_test.cc
namespace postern::rbac {
namespace {

bool is_about(const RoleRules& role, const ObjectRef& object) {
  return role.allow.any_rule(object.group, object.plural,
                             [](const Rule&, std::uint32_t) { return true; });
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

}  // namespace

bool may_ask(const SubjectRules& rules, const Cluster& cluster, const Need& need, bool events) {
  return std::any_of(rules.searched.begin(), rules.searched.end(), [&](const SearchedRole& role) {
    const RoleRules& found = *role.rules;
    if (!found.allow_labels || !found.allow_labels->matches(cluster.labels)) return false;
    // A namespace comes with any right inside.
    if (events || need.is_namespace_object()) return !found.allow.empty();
    return is_about(found, need.object) && lists_kind(*role.by, need.object);
  });
}

}  // namespace postern::rbac
