#include "rbac/could_match.h"

#include <algorithm>

namespace postern::rbac {
namespace {

/// Whether a rule reaches the scope and the name that are asked for.
bool reaches_scope(const Rule& rule, const Need& need) {
  const ObjectRef& object = need.object;
  const bool in_scope = !object.namespaced
                            ? rule.cluster_scoped
                            : rule.namespaced && (object.namespace_.empty() ||
                                                  rule.namespace_.matches(object.namespace_));
  return in_scope && (object.scope != NameScope::kExact || rule.name.matches(object.name));
}

const RuleIndex* ids_of(const RoleContext& context, const Cluster& cluster) {
  const auto found = context.ids.find(cluster.name);
  return found == context.ids.end() ? nullptr : found->second.get();
}

}  // namespace

/// Calls `accept` for the domain of every rule that gives the need, until it returns true. Without
/// budget the answer is true.
template <typename Accept>
bool CollectionProbe::any_domain(const RuleIndex& index, Accept accept) {
  const bool writes_namespaces = need_.is_namespace_object() && !kReadVerbs.contains(need_.verbs);
  const ObjectRef& object = need_.object;
  const auto accepts = [&](const Rule& rule, std::uint32_t) {
    return spent() || (rule.verbs.intersects(need_.verbs) && reaches_scope(rule, need_) &&
                       (!writes_namespaces || rule.writes_namespaces) &&
                       accept(Domain{object.namespaced ? &rule.namespace_ : nullptr, &rule.name}));
  };
  const bool every_namespace = object.namespaced && object.namespace_.empty();
  const bool direct = every_namespace
                          ? index.any_rule(object.group, object.plural, accepts)
                          : index.any_rule_in(object.group, object.plural, object.namespaced,
                                              object.namespace_, accepts);
  if (direct || !need_.is_namespace_object() || writes_namespaces) {
    return direct;
  }
  // A namespace object is readable when any rule reaches inside.
  return std::any_of(index.rules().begin(), index.rules().end(), [&](const Rule& rule) {
    return spent() || (rule.namespaced && !rule.verbs.empty() &&
                       (need_.object.scope != NameScope::kExact ||
                        rule.namespace_.matches(need_.object.name)) &&
                       accept(Domain{nullptr, &rule.namespace_}));
  });
}

/// Whether a rule of the index could reach something in the domain as well.
bool CollectionProbe::intersects(const Domain& domain, const RuleIndex& index) {
  return any_domain(index, [&](const Domain& other) {
    const bool namespaces =
        domain.namespace_ == nullptr || domain.namespace_->could_intersect(*other.namespace_);
    return namespaces && domain.name->could_intersect(*other.name) && !is_wiped(other);
  });
}

bool CollectionProbe::wipes(const Rule& deny, const Domain& domain) const {
  const ObjectRef& object = need_.object;
  if (!deny.verbs.intersects(need_.verbs)) {
    return false;
  }
  if (!object.namespaced) {
    if (!deny.cluster_scoped) return false;
  } else if (!deny.namespaced ||
             !(object.namespace_.empty()
                   ? deny.namespace_.covers(*domain.namespace_, Effect::kDeny)
                   : deny.namespace_.matches(object.namespace_, Effect::kDeny))) {
    return false;
  }
  return object.scope == NameScope::kExact ? deny.name.matches(object.name, Effect::kDeny)
                                           : deny.name.covers(*domain.name, Effect::kDeny);
}

/// Whether one deny surely takes the whole domain.
bool CollectionProbe::is_wiped(const Domain& domain) {
  bool wiped = false;
  for_each_denied_group(need_, [&](std::string_view group) {
    for (const auto& role : rules_.denying) {
      wiped = wiped ||
              role->deny.any_rule(group, need_.object.plural, [&](const Rule& deny, std::uint32_t) {
                return !spent() && wipes(deny, domain);
              });
    }
  });
  return wiped && budget_ > 0;
}

bool CollectionProbe::could_match(const RoleContext& context, const UsableRole& role) {
  const RuleIndex* ids = ids_of(context, cluster_);
  if (context.has_ids && ids == nullptr) {
    return false;
  }
  return any_domain(role.rules->allow, [&](const Domain& domain) {
    return !is_wiped(domain) && (role.today == nullptr || intersects(domain, role.today->allow)) &&
           (!context.has_ids || intersects(domain, *ids));
  });
}

bool CollectionProbe::reaches_events(const RuleIndex& index) const {
  const std::string_view asked = need_.object.namespace_;
  // Events about what has no namespace are kept in these.
  const bool about_cluster = asked.empty() || asked == "default" || asked == "kube-system";
  return std::any_of(index.rules().begin(), index.rules().end(), [&](const Rule& rule) {
    return rule.verbs.contains(Verb::kGet) &&
           ((rule.cluster_scoped && about_cluster) ||
            (rule.namespaced && (asked.empty() || rule.namespace_.matches(asked))));
  });
}

bool CollectionProbe::could_match_events(const RoleContext& context, const UsableRole& role) {
  const RuleIndex* ids = ids_of(context, cluster_);
  if (context.has_ids && (ids == nullptr || !reaches_events(*ids))) {
    return false;
  }
  return reaches_events(role.rules->allow) &&
         (role.today == nullptr || reaches_events(role.today->allow));
}

}  // namespace postern::rbac
