#include "rbac/rule.h"

namespace postern::rbac {
namespace {

bool reaches_name(const Rule& rule, const ObjectRef& object, Effect effect) {
  switch (object.scope) {
    case NameScope::kExact:
      return rule.name.matches(object.name, effect);
    case NameScope::kGenerated:
      return effect == Effect::kAllow ? rule.name.covers_generated(object.name)
                                      : rule.name.could_match_generated(object.name, effect);
    case NameScope::kEvery:
      break;
  }
  return effect == Effect::kDeny || rule.name.is_any();
}

}  // namespace

bool reaches_kind(const Rule& rule, std::string_view group, std::string_view plural) {
  return (rule.plural.empty() || rule.plural == plural) && rule.group.matches(group);
}

bool reaches(const Rule& rule, const ObjectRef& object, Effect effect) {
  if ((!rule.plural.empty() && rule.plural != object.plural) ||
      !rule.group.matches(object.group, effect)) {
    return false;
  }
  const bool in_scope = object.namespaced
                            ? rule.namespaced && rule.namespace_.matches(object.namespace_, effect)
                            : rule.cluster_scoped;
  return in_scope && reaches_name(rule, object, effect);
}

}  // namespace postern::rbac
