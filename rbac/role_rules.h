#pragma once

#include "rbac/policy.h"
#include "rbac/rule_index.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// Labels of a role with the user's traits filled in.
class LabelMatcher {
 public:
  /// Effect::kDeny: a label without values of its trait matches every value.
  LabelMatcher(const LabelSelector& selector, const Traits& traits, Effect effect);
  /// `*: *`, which every cluster matches, also one without labels.
  static LabelMatcher every();
  bool matches(const std::map<std::string, std::string>& labels) const;

 private:
  LabelMatcher() = default;

  struct Label {
    std::string key;
    std::vector<Pattern> values;
    bool any_value = false;  ///< could not be evaluated, under deny
  };
  Effect effect_ = Effect::kAllow;
  bool every_ = false;
  std::vector<Label> labels_;
};

/// Whom a role keeps out of the principals.
struct DeniedNames {
  std::vector<Pattern> patterns;
  bool all = false;  ///< could not be evaluated
  bool matches(std::string_view name) const;
};

/// What a role means for requests, with the traits of one user: its version worked out, every
/// pattern indexed. Immutable, safe from any thread.
///
/// Allow: the cluster's labels match *and* a rule reaches the object. Deny: absent labels mean
/// every cluster, absent resources every resource; both absent, nothing; both present, either
/// suffices (design §2).
struct RoleRules {
  RoleRules(std::shared_ptr<const Role> of, const Traits& traits, bool in_grant);

  /// Whether the deny part takes everything at a cluster, whatever is asked.
  bool denies_cluster(const Cluster& cluster) const;
  bool has_denies() const { return deny_labels || !deny.empty(); }

  std::shared_ptr<const Role> role;
  std::optional<LabelMatcher> allow_labels;  ///< none: matches no cluster
  RuleIndex allow;
  std::vector<std::string> users;
  std::vector<std::string> groups;

  std::optional<LabelMatcher> deny_labels;
  RuleIndex deny;
  DeniedNames denied_users;
  DeniedNames denied_groups;
};

/// The rules of `allow` by the role's version (behaviour reference §1.7). In a grant there is no
/// total wildcard. What cannot be evaluated is left out.
std::vector<Rule> allow_rules(const Role& role, const Traits& traits, bool in_grant);
/// The rules of `deny`, their verbs widened to their effect. What cannot be evaluated matches.
std::vector<Rule> deny_rules(const Role& role, const Traits& traits);

/// Whether the role holds an interpolation, so that its rules differ by user.
bool has_traits(const Role& role);

/// `{events}` of core and of events.k8s.io are the same objects, and old groups serve kinds of
/// newer ones: the other group that a denied kind is served under; nullptr where there is none.
const char* alias_group(std::string_view group, std::string_view plural);

}  // namespace postern::rbac
