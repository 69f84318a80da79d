#include "rbac/role_rules.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {
namespace {

/// The labels of the clusters that a role allows something in. Until v3 a role without labels meant
/// every cluster, if it said anything about Kubernetes at all.
std::optional<LabelMatcher> allowed_labels(const Role& role, const Traits& traits) {
  const RoleConditions& allow = role.allow;
  if (allow.kubernetes_labels) {
    return LabelMatcher(*allow.kubernetes_labels, traits, Effect::kAllow);
  }
  const bool about_kubernetes = !allow.kubernetes_resources.empty() ||
                                !allow.kubernetes_groups.empty() || !allow.kubernetes_users.empty();
  return role.version == 3 && about_kubernetes ? std::optional(LabelMatcher::every())
                                               : std::nullopt;
}

std::vector<std::string> expand_all(const std::vector<TraitTemplate>& templates,
                                    const Traits& traits) {
  std::vector<std::string> values;
  for (const TraitTemplate& text : templates) {
    for (std::string& value : text.expand(traits)) {
      values.push_back(std::move(value));
    }
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

DeniedNames denied_names(const std::vector<TraitTemplate>& templates, const Traits& traits) {
  DeniedNames denied;
  for (const TraitTemplate& text : templates) {
    const auto pattern = PatternTemplate::parse(text.text());
    if (!pattern) {
      denied.all = true;
      continue;
    }
    PatternTemplate::Expansion expansion = pattern->expand(traits);
    denied.all |= expansion.incomplete;
    denied.patterns.insert(denied.patterns.end(),
                           std::make_move_iterator(expansion.patterns.begin()),
                           std::make_move_iterator(expansion.patterns.end()));
  }
  return denied;
}

std::optional<LabelMatcher> denied_labels(const Role& role, const Traits& traits) {
  return role.deny.kubernetes_labels
             ? std::optional(LabelMatcher(*role.deny.kubernetes_labels, traits, Effect::kDeny))
             : std::nullopt;
}

std::vector<Rule> allowed_rules(const Role& role, const Traits& traits, bool in_grant) {
  return allowed_labels(role, traits) ? allow_rules(role, traits, in_grant) : std::vector<Rule>();
}

}  // namespace

LabelMatcher::LabelMatcher(const LabelSelector& selector, const Traits& traits, Effect effect)
    : effect_(effect) {
  for (const auto& [key, values] : selector.labels) {
    if (key == "*") {
      every_ = selector.labels.size() == 1;
      continue;
    }
    Label& label = labels_.emplace_back();
    label.key = key;
    for (const PatternTemplate& value : values) {
      PatternTemplate::Expansion expansion = value.expand(traits);
      label.any_value |= expansion.incomplete && effect == Effect::kDeny;
      label.values.insert(label.values.end(), std::make_move_iterator(expansion.patterns.begin()),
                          std::make_move_iterator(expansion.patterns.end()));
    }
  }
}

LabelMatcher LabelMatcher::every() {
  LabelMatcher matcher;
  matcher.every_ = true;
  return matcher;
}

bool LabelMatcher::matches(const std::map<std::string, std::string>& labels) const {
  if (every_) {
    return true;
  }
  return std::all_of(labels_.begin(), labels_.end(), [&](const Label& label) {
    if (label.any_value) {
      return true;
    }
    const auto found = labels.find(label.key);
    return found != labels.end() &&
           std::any_of(label.values.begin(), label.values.end(),
                       [&](const Pattern& value) { return value.matches(found->second, effect_); });
  });
}

bool DeniedNames::matches(std::string_view name) const {
  return all || std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& pattern) {
           return pattern.matches(name, Effect::kDeny);
         });
}

RoleRules::RoleRules(std::shared_ptr<const Role> of, const Traits& traits, bool in_grant)
    : role(std::move(of)),
      allow_labels(allowed_labels(*role, traits)),
      allow(allowed_rules(*role, traits, in_grant), Effect::kAllow),
      users(expand_all(role->allow.kubernetes_users, traits)),
      groups(expand_all(role->allow.kubernetes_groups, traits)),
      deny_labels(denied_labels(*role, traits)),
      deny(deny_rules(*role, traits), Effect::kDeny),
      denied_users(denied_names(role->deny.kubernetes_users, traits)),
      denied_groups(denied_names(role->deny.kubernetes_groups, traits)) {}

bool RoleRules::denies_cluster(const Cluster& cluster) const {
  return deny_labels && deny_labels->matches(cluster.labels);
}

const char* alias_group(std::string_view group, std::string_view plural) {
  struct Alias {
    std::string_view plural;
    const char* one;
    const char* other;
  };
  static constexpr Alias kAliases[] = {
      {"events", "", "events.k8s.io"},
      {"deployments", "apps", "extensions"},
      {"daemonsets", "apps", "extensions"},
      {"replicasets", "apps", "extensions"},
      {"ingresses", "networking.k8s.io", "extensions"},
      {"networkpolicies", "networking.k8s.io", "extensions"},
  };
  for (const Alias& alias : kAliases) {
    if (plural == alias.plural) {
      if (group == alias.one) return alias.other;
      if (group == alias.other) return alias.one;
    }
  }
  return nullptr;
}

}  // namespace postern::rbac
