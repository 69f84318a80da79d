#include "cli/builtin_kinds.h"

#include "kube/text.h"
#include "rbac/resource_id.h"

#include <algorithm>
#include <array>

namespace postern::cli {
namespace {

struct BuiltinKind {
  std::string_view group;
  std::string_view version;
  std::string_view plural;
  std::string_view kind;
  bool namespaced;
  std::string_view short_name = "";
};

/// `kubectl api-resources` of a bare cluster.
constexpr auto kKinds = std::to_array<BuiltinKind>({
    {"", "v1", "bindings", "Binding", true},
    {"", "v1", "componentstatuses", "ComponentStatus", false, "cs"},
    {"", "v1", "configmaps", "ConfigMap", true, "cm"},
    {"", "v1", "endpoints", "Endpoints", true, "ep"},
    {"", "v1", "events", "Event", true, "ev"},
    {"", "v1", "limitranges", "LimitRange", true, "limits"},
    {"", "v1", "namespaces", "Namespace", false, "ns"},
    {"", "v1", "nodes", "Node", false, "no"},
    {"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true, "pvc"},
    {"", "v1", "persistentvolumes", "PersistentVolume", false, "pv"},
    {"", "v1", "pods", "Pod", true, "po"},
    {"", "v1", "podtemplates", "PodTemplate", true},
    {"", "v1", "replicationcontrollers", "ReplicationController", true, "rc"},
    {"", "v1", "resourcequotas", "ResourceQuota", true, "quota"},
    {"", "v1", "secrets", "Secret", true},
    {"", "v1", "serviceaccounts", "ServiceAccount", true, "sa"},
    {"", "v1", "services", "Service", true, "svc"},
    {"admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations",
     "MutatingWebhookConfiguration", false},
    {"admissionregistration.k8s.io", "v1", "validatingadmissionpolicies",
     "ValidatingAdmissionPolicy", false},
    {"admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings",
     "ValidatingAdmissionPolicyBinding", false},
    {"admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations",
     "ValidatingWebhookConfiguration", false},
    {"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false,
     "crd"},
    {"apiregistration.k8s.io", "v1", "apiservices", "APIService", false},
    {"apps", "v1", "controllerrevisions", "ControllerRevision", true},
    {"apps", "v1", "daemonsets", "DaemonSet", true, "ds"},
    {"apps", "v1", "deployments", "Deployment", true, "deploy"},
    {"apps", "v1", "replicasets", "ReplicaSet", true, "rs"},
    {"apps", "v1", "statefulsets", "StatefulSet", true, "sts"},
    {"authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", false},
    {"authentication.k8s.io", "v1", "tokenreviews", "TokenReview", false},
    {"authorization.k8s.io", "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview", true},
    {"authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", false},
    {"authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", false},
    {"authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", false},
    {"autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true, "hpa"},
    {"batch", "v1", "cronjobs", "CronJob", true, "cj"},
    {"batch", "v1", "jobs", "Job", true},
    {"certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", false,
     "csr"},
    {"coordination.k8s.io", "v1", "leases", "Lease", true},
    {"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true},
    {"events.k8s.io", "v1", "events", "Event", true},
    {"flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema", false},
    {"flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations",
     "PriorityLevelConfiguration", false},
    {"metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", false},
    {"metrics.k8s.io", "v1beta1", "pods", "PodMetrics", true},
    {"networking.k8s.io", "v1", "ingressclasses", "IngressClass", false},
    {"networking.k8s.io", "v1", "ingresses", "Ingress", true, "ing"},
    {"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true, "netpol"},
    {"node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", false},
    {"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, "pdb"},
    {"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false},
    {"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false},
    {"rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true},
    {"rbac.authorization.k8s.io", "v1", "roles", "Role", true},
    {"scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false, "pc"},
    {"storage.k8s.io", "v1", "csidrivers", "CSIDriver", false},
    {"storage.k8s.io", "v1", "csinodes", "CSINode", false},
    {"storage.k8s.io", "v1", "csistoragecapacities", "CSIStorageCapacity", true},
    {"storage.k8s.io", "v1", "storageclasses", "StorageClass", false, "sc"},
    {"storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", false},
});

/// A group and a plural taken apart: `deployments.apps`; `pods.core` and `pods` are of core.
struct GroupedPlural {
  std::string plural;
  std::optional<std::string> group;  ///< nullopt: not written
};

GroupedPlural split(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return {kube::ascii_lower(text), std::nullopt};
  const std::string_view group = text.substr(dot + 1);
  return {kube::ascii_lower(text.substr(0, dot)),
          std::string(group == "core" ? std::string_view() : group)};
}

kube::ApiResource to_resource(const BuiltinKind& kind) {
  kube::ApiResource resource;
  resource.group = kind.group;
  resource.version = kind.version;
  resource.resource = kind.plural;
  resource.kind = kind.kind;
  resource.namespaced = kind.namespaced;
  resource.verbs = {"create", "delete", "deletecollection", "get",
                    "list",   "patch",  "update",           "watch"};
  return resource;
}

/// `name` is lower-case: a plural, a Kind, a short name.
bool is_called(const BuiltinKind& kind, std::string_view name) {
  return name == kind.plural || name == kube::ascii_lower(kind.kind) ||
         (!kind.short_name.empty() && name == kind.short_name);
}

const BuiltinKind* find_builtin(const GroupedPlural& wanted) {
  const auto* const found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const BuiltinKind& kind) {
        return is_called(kind, wanted.plural) && (!wanted.group || *wanted.group == kind.group);
      });
  return found == kKinds.end() ? nullptr : found;
}

/// What a short kind of resource IDs stands for.
GroupedPlural resolve_short_kind(std::string_view text) {
  if (const rbac::ShortKind* const kind = rbac::find_short_kind(text)) {
    return {std::string(kind->plural), std::string(kind->group)};
  }
  return split(text);
}

}  // namespace

std::optional<NamedKind> find_builtin_kind(std::string_view text, bool cluster_scoped) {
  const GroupedPlural wanted = resolve_short_kind(text);
  if (const BuiltinKind* const kind = find_builtin(wanted)) return NamedKind{to_resource(*kind)};
  if (!wanted.group || wanted.group->empty() || wanted.plural.empty()) return std::nullopt;
  BuiltinKind guess{*wanted.group, "v1", wanted.plural, wanted.plural, !cluster_scoped};
  return NamedKind{to_resource(guess), true};
}

std::optional<NamedKind> find_served_kind(std::string_view text, const kube::ApiCatalog& catalog) {
  GroupedPlural wanted = resolve_short_kind(text);
  if (const BuiltinKind* const kind = find_builtin(wanted)) {
    wanted = {std::string(kind->plural), std::string(kind->group)};
  }
  if (wanted.group) {
    const kube::ApiResource* const found = catalog.find(*wanted.group, wanted.plural);
    return found == nullptr ? std::nullopt : std::optional(NamedKind{*found});
  }
  for (const kube::ApiResource* const resource : catalog.all()) {
    if (resource->resource == wanted.plural || kube::ascii_lower(resource->kind) == wanted.plural) {
      return NamedKind{*resource};
    }
  }
  return std::nullopt;
}

}  // namespace postern::cli
