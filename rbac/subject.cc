#include "rbac/subject.h"

#include "kube/text.h"
#include "rbac/subject_rules.h"

#include <utility>

namespace postern::rbac {

Subject::Subject(UserInfo user, std::string fingerprint, std::shared_ptr<const SubjectRules> rules)
    : user_(std::move(user)), fingerprint_(std::move(fingerprint)), rules_(std::move(rules)) {}

bool UsableRole::matches_cluster(const Cluster& cluster) const {
  const auto matches = [&cluster](const RoleRules& role) {
    return role.allow_labels && role.allow_labels->matches(cluster.labels);
  };
  return matches(*rules) && (today == nullptr || matches(*today));
}

std::string principal_fault(std::string_view name, const ImpersonationLimits& limits) {
  if (name.empty()) {
    return "an empty name";
  }
  if (name.front() == ' ' || name.back() == ' ' || !kube::is_printable(name)) {
    return "a name with spaces at its edges or control characters";
  }
  if (name == "system:masters" && !limits.allow_masters) {
    return "system:masters, which impersonation.allowMasters does not allow";
  }
  if (name.starts_with("system:") && name != "system:authenticated" &&
      limits.allow_system.find(name) == limits.allow_system.end()) {
    return std::string(name) + ", which impersonation.allowSystem does not allow";
  }
  return "";
}

namespace {

/// What one ID reaches. An ID says nothing about verbs; those come from the role's rule.
Rule rule_of(const ResourceId& id, int number) {
  Rule rule;
  rule.verbs = kAllVerbs;
  rule.source = number;
  rule.name = Pattern::any();
  rule.namespace_ = Pattern::any();
  switch (id.scope()) {
    case ResourceId::Scope::kKubeCluster:
      rule.namespaced = rule.cluster_scoped = rule.writes_namespaces = true;
      break;
    case ResourceId::Scope::kNamespaced:
      rule.namespaced = true;
      rule.namespace_ = id.namespace_pattern();
      rule.name = id.name_pattern();
      break;
    case ResourceId::Scope::kClusterScoped:
      rule.namespaced = id.is_whole_namespace();
      rule.cluster_scoped = !rule.namespaced;
      (rule.namespaced ? rule.namespace_ : rule.name) = id.name_pattern();
      break;
    case ResourceId::Scope::kOther:
      break;
  }
  if (id.scope() != ResourceId::Scope::kKubeCluster && !id.is_whole_namespace()) {
    rule.group = Pattern::literal(id.group());
    rule.plural = id.plural();
  }
  return rule;
}

}  // namespace

std::map<std::string, std::shared_ptr<const RuleIndex>, std::less<>> index_ids(
    const std::vector<ResourceId>& ids, std::string_view cluster_name) {
  std::map<std::string, std::vector<Rule>> rules;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].cluster() == cluster_name && ids[i].scope() != ResourceId::Scope::kOther) {
      rules[ids[i].kube_cluster()].push_back(rule_of(ids[i], static_cast<int>(i)));
    }
  }
  std::map<std::string, std::shared_ptr<const RuleIndex>, std::less<>> indexes;
  for (auto& [kube_cluster, of_cluster] : rules) {
    indexes[kube_cluster] =
        std::make_shared<const RuleIndex>(std::move(of_cluster), Effect::kAllow);
  }
  return indexes;
}

}  // namespace postern::rbac
