#pragma once

#include "rbac/role.h"
#include "rbac/rule.h"

#include <string>
#include <vector>

namespace postern::rbac {

/// Fills the traits of one user into a written rule. What cannot be evaluated is left out under
/// Effect::kAllow and is everything under Effect::kDeny.

/// The first version of roles whose kinds are plurals with a group.
inline constexpr int kFirstWithGroups = 8;

/// The verbs that are written or that traits name.
struct ExpandedVerbs {
  VerbSet known;
  bool incomplete = false;  ///< a trait has no value, or one that is no verb
};
ExpandedVerbs expand_verbs(const KubeResourceRule& source, const Traits& traits);

/// Every value of each field; a rule for each of their combinations. A field without any: no rule.
struct ExpandedRule {
  std::vector<std::string> kinds;
  std::vector<Pattern> groups;
  std::vector<Pattern> namespaces;
  std::vector<Pattern> names;
  VerbSet verbs;  ///< to deny: widened to their effect
};
/// `version`: of the role. More than 100,000 combinations cannot be evaluated.
ExpandedRule expand_rule(const KubeResourceRule& source, const Traits& traits, int version,
                         Effect effect);

}  // namespace postern::rbac
