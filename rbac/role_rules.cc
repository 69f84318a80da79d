#include "rbac/role_rules.h"

#include "rbac/expand_rule.h"
#include "rbac/resource_id.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {
namespace {

constexpr int kFirstWithKinds = 7;

/// Everything of every kind, as the defaults of v3 to v8 have it. Not written, so no total
/// wildcard.
Rule everything(VerbSet verbs) {
  Rule rule;
  rule.namespaced = true;
  rule.namespace_ = Pattern::any();
  rule.cluster_scoped = true;
  rule.name = Pattern::any();
  rule.verbs = verbs;
  return rule;
}

/// Every object of one short kind.
Rule whole_kind(const ShortKind& kind, VerbSet verbs) {
  Rule rule = everything(verbs);
  rule.group = Pattern::literal(kind.group);
  rule.plural = kind.plural;
  rule.namespaced = kind.namespaced;
  rule.cluster_scoped = !kind.namespaced;
  return rule;
}

/// Until v6 rules are about pods alone, and every other kind is open. Namespace objects only to be
/// read (design §2).
void add_kinds_but_pods(std::vector<Rule>& rules) {
  for (const ShortKind& kind : short_kinds()) {
    if (kind.plural != "pods") {
      rules.push_back(whole_kind(kind, kind.plural == "namespaces" ? kReadVerbs : kOrdinaryVerbs));
    }
  }
}

/// One combination of a written rule's values.
struct Combination {
  const std::string& kind;
  const Pattern& group;
  const Pattern& namespace_;
  const Pattern& name;
  VerbSet verbs;
  int source;
};

Rule base_rule(const Combination& from) {
  Rule rule;
  rule.name = from.name;
  rule.verbs = from.verbs;
  rule.source = from.source;
  return rule;
}

/// The six kinds without a namespace that v7 knows.
void add_cluster_kinds(const Combination& from, std::vector<Rule>& rules) {
  for (const ShortKind& kind : short_kinds()) {
    if (!kind.namespaced) {
      Rule rule = whole_kind(kind, from.verbs);
      rule.name = from.name;
      rule.source = from.source;
      rules.push_back(std::move(rule));
    }
  }
}

/// v7 `namespace`: everything in the namespaces with that name; to deny, the object as well. (To
/// allow, the object is readable because a rule reaches inside.)
void add_whole_namespace(const Combination& from, Effect effect, std::vector<Rule>& rules) {
  Rule inside = base_rule(from);
  inside.namespaced = true;
  inside.namespace_ = from.name;
  inside.name = Pattern::any();
  rules.push_back(std::move(inside));
  if (effect == Effect::kDeny) {
    Rule object = base_rule(from);
    object.group = Pattern();
    object.plural = "namespaces";
    object.cluster_scoped = true;
    rules.push_back(std::move(object));
  }
}

/// v7, and the pods of earlier versions.
void add_short_kind(const Combination& from, Effect effect, std::vector<Rule>& rules) {
  if (from.kind == "namespace") {
    add_whole_namespace(from, effect, rules);
    return;
  }
  Rule rule = base_rule(from);
  rule.namespace_ = from.namespace_;
  if (from.kind == "*") {
    rule.namespaced = true;
    rule.cluster_scoped = from.namespace_.matches("", effect);
    rules.push_back(rule);
    if (effect == Effect::kDeny) {
      add_cluster_kinds(from, rules);
    }
    return;
  }
  const ShortKind* kind = find_short_kind(from.kind);
  rule.group = Pattern::literal(kind->group);
  rule.plural = kind->plural;
  rule.namespaced = kind->namespaced;
  rule.cluster_scoped = !kind->namespaced;
  rules.push_back(rule);
  if (effect == Effect::kDeny && from.kind == "service") {
    rule.plural = "endpoints";  // one kind with services until v7
    rules.push_back(std::move(rule));
  }
}

/// v8: plurals with a group.
void add_plural(const Combination& from, Effect effect, bool namespace_absent,
                std::vector<Rule>& rules) {
  const bool every_kind = from.kind == "*";
  Rule rule = base_rule(from);
  rule.group = from.group;
  rule.plural = every_kind ? "" : from.kind;
  rule.namespace_ = from.namespace_;
  rule.namespaced = !from.namespace_.text().empty();
  rule.cluster_scoped = from.namespace_.matches("", effect);
  rule.writes_namespaces = from.kind == "namespaces" && from.group.matches("");
  if (effect == Effect::kDeny) {
    // A deny never weakens by a gap: a namespace that was left out means every one, and one that is
    // written for a kind without namespaces does not matter.
    rule.cluster_scoped |= !every_kind || namespace_absent;
    const ShortKind* known = find_short_kind(from.group.text(), from.kind);
    if (known != nullptr && !known->namespaced) {
      rule.namespaced = false;
    } else if (!rule.namespaced && (!every_kind || namespace_absent)) {
      rule.namespaced = true;
      rule.namespace_ = Pattern::any();
    }
  }
  rules.push_back(std::move(rule));
}

void add_rule(const KubeResourceRule& source, int number, int version, const Traits& traits,
              Effect effect, std::vector<Rule>& rules) {
  const ExpandedRule fields = expand_rule(source, traits, version, effect);
  for (const std::string& kind : fields.kinds) {
    for (const Pattern& group : fields.groups) {
      for (const Pattern& space : fields.namespaces) {
        for (const Pattern& name : fields.names) {
          const Combination combination{kind, group, space, name, fields.verbs, number};
          if (version < kFirstWithGroups) {
            add_short_kind(combination, effect, rules);
          } else {
            add_plural(combination, effect, source.namespace_absent, rules);
          }
        }
      }
    }
  }
}

bool is_star(const PatternTemplate& pattern) {
  return !pattern.has_trait() && pattern.text() == "*";
}

/// One written rule with `*` in every field that its version has.
bool is_total(const KubeResourceRule& rule, int version) {
  return version >= kFirstWithKinds && rule.all_verbs && rule.kind.text() == "*" &&
         (version < kFirstWithGroups || is_star(rule.api_group)) && is_star(rule.namespace_) &&
         is_star(rule.name);
}

/// v3 to v6: one pod rule for everything opens every kind.
bool is_every_pod(const std::vector<KubeResourceRule>& rules) {
  return rules.size() == 1 && is_star(rules.front().namespace_) && is_star(rules.front().name);
}

template <typename Templates>
bool any_trait(const Templates& templates) {
  return std::any_of(templates.begin(), templates.end(),
                     [](const auto& text) { return text.has_trait(); });
}

bool has_traits(const RoleConditions& conditions) {
  if (conditions.kubernetes_labels) {
    for (const auto& [key, values] : conditions.kubernetes_labels->labels) {
      if (any_trait(values)) {
        return true;
      }
    }
  }
  for (const KubeResourceRule& rule : conditions.kubernetes_resources) {
    if (rule.kind.has_trait() || rule.api_group.has_trait() || rule.namespace_.has_trait() ||
        rule.name.has_trait() || !rule.verb_traits.empty()) {
      return true;
    }
  }
  return any_trait(conditions.kubernetes_groups) || any_trait(conditions.kubernetes_users);
}

}  // namespace

std::vector<Rule> allow_rules(const Role& role, const Traits& traits, bool in_grant) {
  const std::vector<KubeResourceRule>& written = role.allow.kubernetes_resources;
  std::vector<Rule> rules;
  if (written.empty()) {
    if (role.version == 6) {
      add_kinds_but_pods(rules);
    } else {
      rules.push_back(everything(kOrdinaryVerbs));
    }
    return rules;
  }
  if (role.version < kFirstWithKinds && is_every_pod(written)) {
    rules.push_back(everything(kOrdinaryVerbs));
    rules.back().source = 0;
    return rules;
  }
  for (std::size_t i = 0; i < written.size(); ++i) {
    add_rule(written[i], static_cast<int>(i), role.version, traits, Effect::kAllow, rules);
    if (!in_grant && is_total(written[i], role.version)) {
      rules.back().verbs = kAllVerbs;
      rules.back().writes_namespaces = true;
      rules.back().total = true;
    }
  }
  if (role.version < kFirstWithKinds) {
    add_kinds_but_pods(rules);
  }
  return rules;
}

std::vector<Rule> deny_rules(const Role& role, const Traits& traits) {
  std::vector<Rule> rules;
  for (std::size_t i = 0; i < role.deny.kubernetes_resources.size(); ++i) {
    add_rule(role.deny.kubernetes_resources[i], static_cast<int>(i), role.version, traits,
             Effect::kDeny, rules);
  }
  return rules;
}

bool has_traits(const Role& role) {
  return has_traits(role.allow) || has_traits(role.deny);
}

}  // namespace postern::rbac
