#pragma once

#include "rbac/authorize.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// A question of a SelfSubjectAccessReview: `spec.resourceAttributes`, or `spec.
/// nonResourceAttributes` when `path` is not empty. Views live as long as the call.
struct AccessQuestion {
  std::string_view verb;
  std::string_view group;
  std::string_view resource;
  std::string_view subresource;
  std::string_view namespace_;
  std::string_view name;
  std::string_view path;
};

/// postern's half of the answer.
struct AccessAnswer {
  bool allowed = false;
  std::string reason;  ///< why not; which role and rule, when allowed
  /// Which role, rule and request decided, until when, whatever the answer (rbac/explain.h).
  std::string explanation;
  /// allowed: whom the cluster is asked as, any of them suffices; its answer is the other half.
  std::vector<Principals> principals;
};

/// Would postern let this subject do that? The answer is what authorize() would say to the request;
/// a question without a name about a verb that needs one is answered leniently: whether any object
/// of the kind there could be allowed. `resource` is the kind from discovery, nullptr for paths and
/// for kinds that the cluster does not serve (not allowed).
AccessAnswer review_access(const Policy& policy, const Subject& subject, const Cluster& cluster,
                           const AccessQuestion& question, const kube::ApiResource* resource,
                           const ImpersonationChoice& choice, TimePoint now);

/// authorization.k8s.io/v1 ResourceRule. Patterns of names stand in `resource_names` as written.
struct ResourceRule {
  std::vector<std::string> verbs;
  std::vector<std::string> api_groups;
  std::vector<std::string> resources;
  std::vector<std::string> resource_names;  ///< none: every name
  friend bool operator==(const ResourceRule&, const ResourceRule&) = default;
};

/// authorization.k8s.io/v1 NonResourceRule.
struct NonResourceRule {
  std::vector<std::string> verbs;
  std::vector<std::string> paths;
  friend bool operator==(const NonResourceRule&, const NonResourceRule&) = default;
};

/// `status` of a SelfSubjectRulesReview.
struct RulesAnswer {
  std::vector<ResourceRule> resource_rules;
  std::vector<NonResourceRule> non_resource_rules;
  bool incomplete = false;  ///< denies and patterns that rules cannot say
};

/// What the subject may do in a namespace, as far as rules can say it: postern's half.
RulesAnswer review_rules(const Policy& policy, const Subject& subject, const Cluster& cluster,
                         std::string_view namespace_, TimePoint now);

/// Both halves together: what postern and the cluster both allow.
RulesAnswer intersect_rules(const RulesAnswer& postern, const RulesAnswer& cluster);

}  // namespace postern::rbac
