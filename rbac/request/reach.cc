#include "rbac/request/reach.h"

#include <algorithm>

namespace postern::rbac::request {
namespace {

using Scope = ResourceId::Scope;

bool knows_no_namespace(const Reach& reach) {
  const ShortKind* kind = find_short_kind(reach.group.text(), reach.plural);
  return reach.kinds == Reach::Kinds::kOne && kind != nullptr && !kind->namespaced;
}

Reach everything(Reach::Kinds kinds) {
  Reach reach;
  reach.kinds = kinds;
  reach.group = reach.namespace_ = reach.name = Pattern::any();
  reach.verbs = kOrdinaryVerbs;
  return reach;
}

Reach reach_of(const FrozenRole& role, const FrozenRule& rule) {
  Reach reach;
  reach.namespace_ = rule.namespace_.pattern();
  reach.name = rule.name.pattern();
  // In a grant, `*` never includes the verbs that have to be written out.
  reach.verbs = rule.all_verbs ? rule.verbs | kOrdinaryVerbs : rule.verbs;
  const ShortKind* known = role.version < 8 ? find_short_kind(rule.kind) : nullptr;
  if (role.version < 8 && rule.kind == "namespace") {
    reach.kinds = Reach::Kinds::kWholeNamespace;
  } else if (rule.kind == "*") {
    reach.kinds = Reach::Kinds::kAll;
    reach.group = role.version < 8 ? Pattern::any() : rule.api_group.pattern();
  } else if (known != nullptr) {
    reach.group = Pattern::literal(known->group);
    reach.plural = known->plural;
  } else {
    reach.group = rule.api_group.pattern();
    reach.plural = rule.kind;
  }
  if (knows_no_namespace(reach)) {
    reach.namespace_ = Pattern::any();
  }
  return reach;
}

Reach every_pod() {
  Reach reach = everything(Reach::Kinds::kOne);
  reach.group = Pattern();
  reach.plural = "pods";
  return reach;
}

bool kind_fits(const Reach& reach, const ResourceId& id) {
  switch (reach.kinds) {
    case Reach::Kinds::kOne:
      return reach.plural == id.plural() && reach.group.matches(id.group());
    case Reach::Kinds::kAll:
      return reach.group.matches(id.group());
    case Reach::Kinds::kWholeNamespace:
      return id.scope() == Scope::kNamespaced;
    case Reach::Kinds::kKnownButPods:
      return id.kind() != "pod" && find_short_kind(id.kind()) != nullptr;
  }
  return false;
}

/// The namespaces that a rule is about.
const Pattern& spaces_of(const Reach& reach) {
  return reach.kinds == Reach::Kinds::kWholeNamespace ? reach.name : reach.namespace_;
}

bool unlimited(const Pattern& spaces) {
  return spaces.is_any() || spaces.text().empty();
}

bool includes(const Pattern& rule, const Pattern& asked) {
  return rule.covers(asked, Effect::kAllow) ||
         (asked.kind() != Pattern::Kind::kRegex && rule.matches(asked.text()));
}

/// Whether some name could match both. Only literals are ever told apart, and heads of patterns.
bool overlap(const Pattern& a, const Pattern& b) {
  if (a.kind() == Pattern::Kind::kLiteral) {
    return b.matches(a.text());
  }
  if (b.kind() == Pattern::Kind::kLiteral) {
    return a.matches(b.text());
  }
  if (a.kind() == Pattern::Kind::kRegex || b.kind() == Pattern::Kind::kRegex) {
    return true;
  }
  return a.head().starts_with(b.head()) || b.head().starts_with(a.head());
}

/// accepts() and may_touch() are one question with two ways to compare patterns.
template <typename Compare>
bool meets(const Reach& reach, const ResourceId& id, Compare compare) {
  const bool in_namespaces = !knows_no_namespace(reach);
  switch (id.scope()) {
    case Scope::kOther:
      return false;
    case Scope::kKubeCluster:
      return true;
    case Scope::kNamespaced:
      return kind_fits(reach, id) && compare(spaces_of(reach), id.namespace_pattern()) &&
             (reach.kinds == Reach::Kinds::kWholeNamespace ||
              compare(reach.name, id.name_pattern()));
    case Scope::kClusterScoped:
      break;
  }
  if (id.is_whole_namespace() && in_namespaces && compare(spaces_of(reach), id.name_pattern())) {
    return true;
  }
  return kind_fits(reach, id) && (!in_namespaces || unlimited(reach.namespace_)) &&
         compare(reach.name, id.name_pattern());
}

bool takes(const Pattern& denied, const Pattern& asked) {
  return denied.covers(asked, Effect::kDeny);
}

/// Whether a deny of every verb leaves nothing of the ID. Of a whole cluster something may be left
/// by every rule, as far as this looks.
bool takes_all(const Reach& denied, const ResourceId& id) {
  const bool every_name =
      denied.kinds == Reach::Kinds::kWholeNamespace ||
      (denied.kinds == Reach::Kinds::kAll && denied.group.is_any() && denied.name.is_any());
  switch (id.scope()) {
    case Scope::kNamespaced:
      return kind_fits(denied, id) && takes(spaces_of(denied), id.namespace_pattern()) &&
             (every_name || takes(denied.name, id.name_pattern()));
    case Scope::kClusterScoped:
      return id.is_whole_namespace() ? every_name && takes(spaces_of(denied), id.name_pattern())
                                     : kind_fits(denied, id) && unlimited(denied.namespace_) &&
                                           takes(denied.name, id.name_pattern());
    case Scope::kKubeCluster:
    case Scope::kOther:
      break;
  }
  return false;
}

}  // namespace

std::vector<Reach> reaches_of(const FrozenRole& role) {
  std::vector<Reach> reaches;
  for (const FrozenRule& rule : role.allow.resources) {
    reaches.push_back(reach_of(role, rule));
  }
  if (role.version >= 7) {
    if (reaches.empty() && role.allow.labels) {
      reaches.push_back(everything(Reach::Kinds::kAll));
    }
    return reaches;
  }
  if (reaches.empty() && role.version < 6) {
    reaches.push_back(every_pod());
  }
  reaches.push_back(everything(Reach::Kinds::kKnownButPods));
  return reaches;
}

bool reaches_cluster(const FrozenRole& role, const KnownCluster& cluster) {
  if (!role.allow.labels) {
    return role.version == 3;
  }
  return labels_match(*role.allow.labels, cluster.labels);
}

bool accepts(const Reach& reach, const ResourceId& id) {
  return meets(reach, id, includes);
}

bool denies_all(const FrozenRole& role, const KnownCluster& cluster, const ResourceId& id) {
  const FrozenConditions& deny = role.deny;
  return (deny.labels && labels_match(*deny.labels, cluster.labels)) ||
         std::any_of(deny.resources.begin(), deny.resources.end(), [&](const FrozenRule& rule) {
           return rule.all_verbs && takes_all(reach_of(role, rule), id);
         });
}

bool concerns(const Reach& reach, std::string_view group, std::string_view plural,
              bool namespaced) {
  switch (reach.kinds) {
    case Reach::Kinds::kOne:
      return reach.plural == plural && reach.group.matches(group);
    case Reach::Kinds::kAll:
      return reach.group.matches(group) && (namespaced || unlimited(reach.namespace_));
    case Reach::Kinds::kWholeNamespace:
      return namespaced;
    case Reach::Kinds::kKnownButPods:
      return plural != "pods" && find_short_kind(group, plural) != nullptr;
  }
  return false;
}

bool may_touch(const Reach& reach, const ResourceId& id) {
  return meets(reach, id, overlap);
}

}  // namespace postern::rbac::request
