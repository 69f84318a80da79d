#include "rbac/request/frozen_role.h"

#include "kube/text.h"

#include <algorithm>
#include <utility>

namespace postern::rbac::request {
namespace {

constexpr std::size_t kMaxWritten = 1024;  // patterns of labels may be that long

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

void expand_verbs(const KubeResourceRule& rule, const Traits& traits, Effect effect,
                  FrozenRule& frozen) {
  frozen.verbs = rule.verbs;
  frozen.all_verbs = rule.all_verbs;
  for (const TraitTemplate& source : rule.verb_traits) {
    const auto values = source.expand(traits);
    bool incomplete = values.empty();
    for (const std::string& value : values) {
      const auto verb = parse_verb(value);
      incomplete |= !verb.has_value();
      frozen.verbs |= verb ? VerbSet(*verb) : VerbSet();
    }
    frozen.all_verbs |= incomplete && effect == Effect::kDeny;
  }
}

tl::unexpected<kube::Status> cannot_freeze(const Role& role, const std::string& why) {
  return fail(kube::Status::forbidden("the role " + kube::quoted(role.name) + " " + why));
}

Result<void> freeze_rule(const Role& role, const KubeResourceRule& rule, const Traits& traits,
                         Effect effect, std::vector<FrozenRule>& rules) {
  FrozenRule frozen;
  frozen.namespace_written = rule.namespace_written;
  expand_verbs(rule, traits, effect, frozen);
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

tl::expected<FrozenPattern, PatternError> FrozenPattern::written(std::string_view text) {
  auto pattern = Pattern::compile(text, kMaxWritten);
  if (!pattern) {
    return tl::unexpected(std::move(pattern.error()));
  }
  FrozenPattern frozen;
  frozen.before_ = text;
  frozen.pattern_ = std::move(*pattern);
  return frozen;
}

tl::expected<FrozenPattern, PatternError> FrozenPattern::around(std::string_view before,
                                                                std::string_view value,
                                                                std::string_view after) {
  auto pattern = kube::is_utf8(value) ? Pattern::around(before, value, after)
                                      : tl::unexpected(PatternError{"is not UTF-8", before.size()});
  if (!pattern) {
    return tl::unexpected(std::move(pattern.error()));
  }
  FrozenPattern frozen;
  frozen.before_ = before;
  frozen.value_ = value;
  frozen.after_ = after;
  frozen.pattern_ = std::move(*pattern);
  return frozen;
}

FrozenPattern FrozenPattern::any() {
  FrozenPattern frozen;
  frozen.before_ = "*";
  frozen.pattern_ = Pattern::any();
  return frozen;
}

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
