#include "rbac/intersect_rules.h"
#include "rbac/rules_of_role.h"
#include "rbac/self_review.h"
#include "rbac/subject_rules.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {
namespace {

/// What everybody may do (see Decider): ask about themselves, and read what is open.
void add_everybodys(RulesAnswer& answer) {
  answer.resource_rules.push_back({{"create"},
                                   {"authorization.k8s.io"},
                                   {"selfsubjectaccessreviews", "selfsubjectrulesreviews"},
                                   {}});
  answer.resource_rules.push_back(
      {{"create"}, {"authentication.k8s.io"}, {"selfsubjectreviews"}, {}});
  answer.non_resource_rules.push_back(
      {{"get"},
       {"/.well-known/openid-configuration", "/api", "/api/*", "/apis", "/apis/*", "/healthz",
        "/livez", "/openapi/v2", "/openapi/v3", "/openapi/v3/*", "/openid/v1/jwks", "/readyz",
        "/version"}});
}

std::vector<ResourceRule> rules_of(const RoleContext& context, const UsableRole& role,
                                   const Cluster& cluster, std::string_view space,
                                   bool& incomplete) {
  std::vector<ResourceRule> rules = rules_of_index(role.rules->allow, space);
  if (role.today != nullptr) {
    rules = intersect(rules, rules_of_index(role.today->allow, space), incomplete);
  }
  if (context.has_ids) {
    const auto ids = context.ids.find(cluster.name);
    rules = ids == context.ids.end()
                ? std::vector<ResourceRule>()
                : intersect(rules, rules_of_index(*ids->second, space), incomplete);
  }
  return rules;
}

/// Takes the paths away that other rules give already: several of the cluster's roles give health
/// checks and versions.
void take_told(const std::vector<NonResourceRule>& told, NonResourceRule& rule) {
  const auto is_told = [&](const std::string& path) {
    return std::any_of(told.begin(), told.end(), [&](const NonResourceRule& other) {
      return other.verbs == rule.verbs &&
             std::find(other.paths.begin(), other.paths.end(), path) != other.paths.end();
    });
  };
  rule.paths.erase(std::remove_if(rule.paths.begin(), rule.paths.end(), is_told), rule.paths.end());
}

}  // namespace

RulesAnswer review_rules(const Policy&, const Subject& subject, const Cluster& cluster,
                         std::string_view namespace_, TimePoint now) {
  RulesAnswer answer;
  const SubjectRules& rules = subject.rules();
  if (!rules.unusable.empty()) {
    return answer;
  }
  for (const auto& role : rules.denying) {
    if (role->denies_cluster(cluster)) {
      return answer;
    }
  }
  answer.incomplete = !rules.denying.empty();
  for (const RoleContext& context : rules.contexts) {
    for (const UsableRole& role : context.roles) {
      if (!context.is_live(now) || !role.problem.empty() || !role.matches_cluster(cluster)) {
        continue;
      }
      for (ResourceRule& rule : rules_of(context, role, cluster, namespace_, answer.incomplete)) {
        answer.resource_rules.push_back(std::move(rule));
      }
    }
  }
  for (const auto& role : rules.denying) {
    take_denied(answer.resource_rules, role->deny, namespace_);
  }
  add_everybodys(answer);
  return answer;
}

RulesAnswer intersect_rules(const RulesAnswer& postern, const RulesAnswer& cluster) {
  RulesAnswer both;
  both.incomplete = postern.incomplete || cluster.incomplete;
  both.resource_rules = intersect(postern.resource_rules, cluster.resource_rules, both.incomplete);
  for (const NonResourceRule& ours : postern.non_resource_rules) {
    for (const NonResourceRule& theirs : cluster.non_resource_rules) {
      NonResourceRule rule{intersect_words(ours.verbs, theirs.verbs),
                           intersect_patterns(ours.paths, theirs.paths, both.incomplete)};
      take_told(both.non_resource_rules, rule);
      if (!rule.verbs.empty() && !rule.paths.empty()) {
        both.non_resource_rules.push_back(std::move(rule));
      }
    }
  }
  return both;
}

}  // namespace postern::rbac
