#include "rbac/expand_rule.h"

#include "rbac/resource_id.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {
namespace {

constexpr std::size_t kMaxExpansions = 100'000;

std::vector<Pattern> expand_pattern(const PatternTemplate& source, const Traits& traits,
                                    Effect effect) {
  PatternTemplate::Expansion expansion = source.expand(traits);
  if (expansion.incomplete && effect == Effect::kDeny) {
    return {Pattern::any()};
  }
  return std::move(expansion.patterns);
}

bool is_kind(std::string_view kind, int version) {
  return version < kFirstWithGroups ? find_short_kind(kind) != nullptr
                                    : !kind.empty() && kind.find_first_of("*/^$") == kind.npos;
}

std::vector<std::string> expand_kind(const TraitTemplate& source, const Traits& traits, int version,
                                     Effect effect) {
  if (!source.has_trait()) {
    return {source.text()};
  }
  std::vector<std::string> kinds = source.expand(traits);
  const std::size_t before = kinds.size();
  std::erase_if(kinds, [&](const std::string& kind) { return !is_kind(kind, version); });
  if (effect == Effect::kDeny && (before == 0 || kinds.size() != before)) {
    return {"*"};
  }
  return kinds;
}

/// The verbs of a rule as they count.
VerbSet effective_verbs(const KubeResourceRule& source, const Traits& traits, Effect effect) {
  if (source.all_verbs) {
    return effect == Effect::kDeny ? kAllVerbs : kOrdinaryVerbs;
  }
  const ExpandedVerbs verbs = expand_verbs(source, traits);
  if (effect == Effect::kAllow) {
    return verbs.known;
  }
  return denied_by_effect(verbs.incomplete ? kAllVerbs : verbs.known);
}

}  // namespace

ExpandedVerbs expand_verbs(const KubeResourceRule& source, const Traits& traits) {
  ExpandedVerbs verbs{source.verbs};
  for (const TraitTemplate& verb : source.verb_traits) {
    const std::vector<std::string> values = verb.expand(traits);
    verbs.incomplete |= values.empty();
    for (const std::string& value : values) {
      const auto known = parse_verb(value);
      verbs.known |= known ? VerbSet(*known) : VerbSet();
      verbs.incomplete |= !known;
    }
  }
  return verbs;
}

ExpandedRule expand_rule(const KubeResourceRule& source, const Traits& traits, int version,
                         Effect effect) {
  ExpandedRule fields;
  fields.kinds = expand_kind(source.kind, traits, version, effect);
  fields.groups = expand_pattern(source.api_group, traits, effect);
  fields.namespaces = expand_pattern(source.namespace_, traits, effect);
  fields.names = expand_pattern(source.name, traits, effect);
  fields.verbs = effective_verbs(source, traits, effect);
  if (fields.kinds.size() * fields.groups.size() * fields.namespaces.size() * fields.names.size() >
      kMaxExpansions) {
    // Too much to evaluate: nothing to allow, everything to deny.
    fields.kinds =
        effect == Effect::kDeny ? std::vector<std::string>{"*"} : std::vector<std::string>{};
    fields.groups = fields.namespaces = fields.names = {Pattern::any()};
  }
  return fields;
}

}  // namespace postern::rbac
