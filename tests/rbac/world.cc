#include "world.h"

#include <doctest/doctest.h>
#include <numeric>

namespace postern::rbac::test {
namespace {

kube::ApiResource kind(const char* group, const char* version, const char* resource,
                       const char* name, bool namespaced) {
  kube::ApiResource made;
  made.group = group;
  made.version = version;
  made.resource = resource;
  made.kind = name;
  made.namespaced = namespaced;
  return made;
}

std::string role_text(std::string_view version, const std::vector<std::string>& allow,
                      const std::vector<std::string>& deny, std::string_view name) {
  std::string text = "kind: role\nversion: " + std::string(version) +
                     "\nmetadata: {name: " + std::string(name) + "}\nspec:\n";
  const auto add = [&text](const char* block, const std::vector<std::string>& rules) {
    text += "  " + std::string(block) + ":\n";
    if (std::string_view(block) == "allow") text += "    kubernetes_labels: {'*': '*'}\n";
    text += "    kubernetes_resources:\n";
    for (const std::string& rule : rules) text += "    - " + rule + "\n";
  };
  if (!allow.empty()) add("allow", allow);
  if (!deny.empty()) add("deny", deny);
  if (allow.empty() && deny.empty()) text += "  allow: {}\n";
  return text + "---\n";
}

}  // namespace

const std::vector<kube::ApiResource>& kinds() {
  static const std::vector<kube::ApiResource> list = {
      kind("", "v1", "pods", "Pod", true),
      kind("", "v1", "secrets", "Secret", true),
      kind("", "v1", "configmaps", "ConfigMap", true),
      kind("", "v1", "services", "Service", true),
      kind("", "v1", "endpoints", "Endpoints", true),
      kind("", "v1", "serviceaccounts", "ServiceAccount", true),
      kind("", "v1", "events", "Event", true),
      kind("", "v1", "bindings", "Binding", true),
      kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true),
      kind("", "v1", "namespaces", "Namespace", false),
      kind("", "v1", "nodes", "Node", false),
      kind("", "v1", "persistentvolumes", "PersistentVolume", false),
      kind("events.k8s.io", "v1", "events", "Event", true),
      kind("apps", "v1", "deployments", "Deployment", true),
      kind("apps", "v1beta2", "deployments", "Deployment", true),
      kind("apps", "v1", "statefulsets", "StatefulSet", true),
      kind("apps", "v1", "replicasets", "ReplicaSet", true),
      kind("apps", "v1", "daemonsets", "DaemonSet", true),
      kind("extensions", "v1beta1", "ingresses", "Ingress", true),
      kind("networking.k8s.io", "v1", "ingresses", "Ingress", true),
      kind("coordination.k8s.io", "v1", "leases", "Lease", true),
      kind("batch", "v1", "jobs", "Job", true),
      kind("batch", "v1", "cronjobs", "CronJob", true),
      kind("rbac.authorization.k8s.io", "v1", "roles", "Role", true),
      kind("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true),
      kind("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false),
      kind("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false),
      kind("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest",
           false),
      kind("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations",
           "ValidatingWebhookConfiguration", false),
      kind("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies",
           "ValidatingAdmissionPolicy", false),
      kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
           false),
      kind("apiregistration.k8s.io", "v1", "apiservices", "APIService", false),
      kind("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview",
           false),
      kind("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview",
           false),
      kind("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", false),
      kind("authorization.k8s.io", "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview",
           true),
      kind("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", false),
      kind("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", false),
      kind("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", true),
      kind("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", false),
      kind("custom.metrics.k8s.io", "v1beta1", "pods", "MetricValueList", true),
      kind("access.postern.dev", "v1alpha1", "accessrequests", "AccessRequest", false),
      kind("e.com", "v1", "widgets", "Widget", true),
      kind("e.com", "v2", "widgets", "Widget", true),
      kind("e.com", "v1", "gadgets", "Gadget", false),
      kind("e.com", "v1", "pods", "Pod", true),
  };
  return list;
}

const kube::ApiResource* find_kind(std::string_view group, std::string_view resource) {
  for (const kube::ApiResource& candidate : kinds()) {
    if (candidate.group == group && candidate.resource == resource) return &candidate;
  }
  return nullptr;
}

const kube::ApiCatalog& catalog() {
  static const kube::ApiCatalog made = [] {
    kube::ApiCatalog filled;
    std::map<std::pair<std::string, std::string>, std::string> lists;
    for (const kube::ApiResource& one : kinds()) {
      std::string& list = lists[{one.group, one.version}];
      list += std::string(list.empty() ? "" : ",") + "{\"name\":\"" + one.resource +
              "\",\"singularName\":\"\",\"kind\":\"" + one.kind +
              "\",\"namespaced\":" + (one.namespaced ? "true" : "false") +
              ",\"verbs\":[\"get\",\"list\"]}";
    }
    for (const auto& [group_version, list] : lists) {
      const auto& [group, version] = group_version;
      const std::string name = group.empty() ? version : group + "/" + version;
      const std::string json =
          "{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\",\"groupVersion\":\"" + name +
          "\",\"resources\":[" + list + "]}";
      const auto added = filled.add_resource_list(group, version, json);
      REQUIRE(added.has_value());
    }
    return filled;
  }();
  return made;
}

World::World(std::string_view documents, ImpersonationLimits limits) {
  LoadResult loaded = load_documents("world.yaml", documents);
  for (const LoadMessage& error : loaded.errors) FAIL(error.str());
  if (loaded.users.empty()) {
    User alice;
    alice.name = "alice";
    for (const Role& role : loaded.roles) alice.roles.push_back(role.name);
    loaded.users.push_back(alice);
  }
  policy_ = std::make_shared<const Policy>(
      "c", std::move(loaded.roles), std::move(loaded.users),
      std::map<std::string, std::vector<std::string>>{{"devs", {"dev"}}}, std::move(limits));
  subject_ = policy_->subject(user_);
}

void World::assume(std::vector<Grant> grants) {
  subject_ = policy_->subject(user_, grants);
}

void World::become(UserInfo user) {
  user_ = std::move(user);
  subject_ = policy_->subject(user_);
}

Decision World::ask(const Ask& ask) const {
  CAPTURE(ask.target);
  const auto info = kube::parse_request_info(ask.method, ask.target);
  if (!info) {
    Decision refused;
    refused.status = info.error();
    return refused;
  }
  const kube::ApiResource* resource = nullptr;
  for (const kube::ApiResource& candidate : kinds()) {
    if (candidate.group == info->api_group && candidate.version == info->api_version &&
        candidate.resource == info->resource) {
      resource = &candidate;
    }
  }
  return authorize(*policy_, *subject_, cluster,
                   {cluster.name, *info, resource, ask.body, ask.patch_type}, ask.choice, ask.now);
}

Decision World::ask(std::string_view method, std::string_view target) const {
  return ask(Ask{std::string(method), std::string(target)});
}

std::string World::verdict(const Ask& question) const {
  const Decision decision = ask(question);
  switch (decision.verdict) {
    case Verdict::kAllow:
      CHECK(decision.shares.size() == 1);
      CHECK_FALSE(decision.shares.front().principals.user.empty());
      return "allow";
    case Verdict::kAllowFiltered:
      CHECK_FALSE(decision.shares.empty());
      CHECK(decision.status.code == 403);
      return "filter";
    case Verdict::kDeny:
      break;
  }
  CHECK(decision.status.code >= 400);
  return decision.needs_body ? "body" : std::to_string(decision.status.code);
}

std::string World::verdict(std::string_view method, std::string_view target) const {
  return verdict(Ask{std::string(method), std::string(target)});
}

std::string World::seen(std::string_view target, const std::vector<std::string>& objects,
                        std::string_view method) const {
  const Decision decision = ask(method, target);
  if (decision.verdict != Verdict::kAllowFiltered) return std::to_string(decision.status.code);
  std::vector<std::size_t> shares(decision.shares.size());
  std::iota(shares.begin(), shares.end(), std::size_t{0});
  const auto predicate = make_predicate(decision, shares, catalog());
  std::string seen;
  for (const std::string& object : objects) {
    const std::size_t slash = object.find('/');
    kube::filter::Item item;
    if (slash != std::string::npos) item.namespace_ = std::string_view(object).substr(0, slash);
    item.name = std::string_view(object).substr(slash == std::string::npos ? 0 : slash + 1);
    if (predicate->allows(item)) seen += (seen.empty() ? "" : " ") + object;
  }
  return seen;
}

std::string role_v8(const std::vector<std::string>& allow, const std::vector<std::string>& deny,
                    std::string_view name) {
  return role_text("v8", allow, deny, name);
}

std::string role_v7(const std::vector<std::string>& allow, const std::vector<std::string>& deny,
                    std::string_view name) {
  return role_text("v7", allow, deny, name);
}

std::shared_ptr<const Role> load_role(std::string_view document) {
  LoadResult loaded = load_documents("role.yaml", document);
  for (const LoadMessage& error : loaded.errors) FAIL(error.str());
  REQUIRE(loaded.roles.size() == 1);
  return std::make_shared<const Role>(std::move(loaded.roles.front()));
}

Grant grant(std::string request, std::vector<std::shared_ptr<const Role>> roles,
            const std::vector<std::string>& ids) {
  Grant made;
  made.request = std::move(request);
  made.roles = std::move(roles);
  for (const std::string& id : ids) {
    auto parsed = ResourceId::parse(id);
    if (!parsed) FAIL(parsed.error().message);
    made.resource_ids.push_back(std::move(*parsed));
  }
  return made;
}

kube::BodyFacts body(std::string_view name, std::string_view generate_name) {
  kube::BodyFacts facts;
  facts.name = name;
  facts.generate_name = generate_name;
  return facts;
}

}  // namespace postern::rbac::test
