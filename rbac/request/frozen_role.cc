#include "rbac/request/frozen_role.h"

#include "kube/text.h"
#include "rbac/expand_rule.h"

#include <algorithm>
#include <utility>

namespace postern::rbac::request {
namespace {

/// The patterns that a template stands for. Under allow, what has no value is left out; under deny
/// it is any.
std::vector<FrozenPattern> expand(const PatternTemplate& source, const Traits& traits,
                                  Effect effect) {
  std::vector<FrozenPattern> patterns;
  bool incomplete = false;
  const auto add = [&](tl::expected<FrozenPattern, PatternError> pattern) {
    incomplete |= !pattern.has_value();
    if (pattern) {
      patterns.push_back(std::move(*pattern));
    }
  };
  const auto parsed = TraitTemplate::parse(source.text());
  if (!source.has_trait() || !parsed) {
    add(FrozenPattern::written(source.text()));
  } else {
    // The values themselves: what stands around them is cut off again.
    const std::size_t fixed = parsed->prefix().size() + parsed->suffix().size();
    const auto expanded = parsed->expand(traits);
    incomplete = expanded.empty();
    for (const std::string& text : expanded) {
      add(FrozenPattern::around(parsed->prefix(),
                                text.substr(parsed->prefix().size(), text.size() - fixed),
                                parsed->suffix()));
    }
  }
  if (incomplete && effect == Effect::kDeny) {
    patterns = {FrozenPattern::any()};
  }
  return patterns;
}

bool is_kind(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::vector<std::string> expand_kinds(const TraitTemplate& kind, const Traits& traits,
                                      Effect effect) {
  std::vector<std::string> kinds = kind.expand(traits);
  if (!kind.has_trait()) {
    return kinds;
  }
  // A trait's value is one kind: no wildcard, and nothing that no kind is called.
  const std::size_t values = kinds.size();
  std::erase_if(kinds, [](const std::string& value) { return !is_kind(value); });
  if (effect == Effect::kDeny && (kinds.empty() || kinds.size() < values)) {
    return {"*"};
  }
  return kinds;
}

tl::unexpected<kube::Status> cannot_freeze(const Role& role, const std::string& why) {
  return fail(kube::Status::forbidden("the role " + kube::quoted(role.name) + " " + why));
}

Result<void> freeze_rule(const Role& role, const KubeResourceRule& rule, const Traits& traits,
                         Effect effect, std::vector<FrozenRule>& rules) {
  FrozenRule frozen;
  frozen.namespace_written = rule.namespace_written;
  const ExpandedVerbs verbs = expand_verbs(rule, traits);
  frozen.verbs = verbs.known;
  frozen.all_verbs = rule.all_verbs || (verbs.incomplete && effect == Effect::kDeny);
  const auto groups = expand(rule.api_group, traits, effect);
  const auto namespaces = expand(rule.namespace_, traits, effect);
  const auto names = expand(rule.name, traits, effect);
  for (std::string& kind : expand_kinds(rule.kind, traits, effect)) {
    for (const FrozenPattern& group : groups) {
      for (const FrozenPattern& space : namespaces) {
        for (const FrozenPattern& name : names) {
          if (rules.size() == kMaxFrozenRules) {
            return cannot_freeze(role, "has more rules than can be requested, with its traits");
          }
          frozen.kind = kind;
          frozen.api_group = group;
          frozen.namespace_ = space;
          frozen.name = name;
          rules.push_back(frozen);
        }
      }
    }
  }
  return {};
}

/// Stands for rules that all vanished: a role without any rule means every resource.
FrozenRule rule_of_nothing(int version) {
  FrozenRule rule;
  rule.kind = version >= 8 ? "pods" : "pod";
  rule.namespace_written = true;
  return rule;
}

Result<std::vector<std::string>> freeze_principals(const Role& role,
                                                   const std::vector<TraitTemplate>& sources,
                                                   const Traits& traits, Effect effect) {
  std::vector<std::string> names;
  for (const TraitTemplate& source : sources) {
    std::vector<std::string> values = source.expand(traits);
    if (values.empty() && effect == Effect::kDeny) {
      values = {"*"};
    }
    for (std::string& value : values) {
      const auto written = TraitTemplate::parse(value);
      if (!kube::is_utf8(value) || !written || written->has_trait()) {
        return cannot_freeze(
            role, "names a user or group that cannot be written down: " + kube::quoted(value));
      }
      if (std::find(names.begin(), names.end(), value) == names.end()) {
        names.push_back(std::move(value));
      }
    }
  }
  return names;
}

Result<FrozenConditions> freeze_conditions(const Role& role, const RoleConditions& conditions,
                                           const Traits& traits, Effect effect) {
  FrozenConditions frozen;
  if (conditions.kubernetes_labels) {
    frozen.labels = freeze_labels(*conditions.kubernetes_labels, traits, effect);
  }
  for (const KubeResourceRule& rule : conditions.kubernetes_resources) {
    if (auto done = freeze_rule(role, rule, traits, effect, frozen.resources); !done) {
      return fail(std::move(done.error()));
    }
  }
  if (frozen.resources.empty() && !conditions.kubernetes_resources.empty()) {
    frozen.resources.push_back(rule_of_nothing(role.version));
  }
  auto groups = freeze_principals(role, conditions.kubernetes_groups, traits, effect);
  auto users = freeze_principals(role, conditions.kubernetes_users, traits, effect);
  if (!groups || !users) {
    return fail(std::move(groups ? users.error() : groups.error()));
  }
  frozen.groups = std::move(*groups);
  frozen.users = std::move(*users);
  return frozen;
}

}  // namespace

FrozenLabels freeze_labels(const LabelSelector& selector, const Traits& traits, Effect effect) {
  FrozenLabels frozen;
  for (const auto& [label, templates] : selector.labels) {
    std::vector<FrozenPattern> patterns;
    for (const PatternTemplate& source : templates) {
      auto more = expand(source, traits, effect);
      std::move(more.begin(), more.end(), std::back_inserter(patterns));
    }
    const bool unknown =
        std::find(patterns.begin(), patterns.end(), FrozenPattern::any()) != patterns.end() &&
        std::any_of(templates.begin(), templates.end(),
                    [](const auto& each) { return each.has_trait(); });
    if (effect == Effect::kAllow || !unknown) {
      frozen.emplace(label, std::move(patterns));
    }  // else: a deny that cannot be evaluated does not ask for the label either
  }
  if (effect == Effect::kDeny && frozen.empty() && !selector.labels.empty()) {
    frozen["*"] = {FrozenPattern::any()};
  }
  return frozen;
}

bool labels_match(const FrozenLabels& selector, const std::map<std::string, std::string>& labels) {
  return !selector.empty() &&
         std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
           if (wanted.first == "*") {
             return true;
           }
           const auto found = labels.find(wanted.first);
           return found != labels.end() &&
                  std::any_of(wanted.second.begin(), wanted.second.end(),
                              [&](const FrozenPattern& pattern) {
                                return pattern.pattern().matches(found->second);
                              });
         });
}

Result<FrozenRole> freeze(const Role& role, const Traits& traits) {
  auto allow = freeze_conditions(role, role.allow, traits, Effect::kAllow);
  auto deny = freeze_conditions(role, role.deny, traits, Effect::kDeny);
  if (!allow || !deny) {
    return fail(std::move(allow ? deny.error() : allow.error()));
  }
  return FrozenRole{role.name, role.version, std::move(*allow), std::move(*deny)};
}

}  // namespace postern::rbac::request
