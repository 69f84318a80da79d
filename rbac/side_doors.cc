#include "rbac/side_doors.h"

#include <algorithm>
#include <array>

namespace postern::rbac {
namespace {

constexpr std::string_view kRbac = "rbac.authorization.k8s.io";
constexpr std::string_view kOpenShiftRbac = "authorization.openshift.io";
constexpr std::string_view kAdmission = "admissionregistration.k8s.io";

template <typename List>
bool contains(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// Groups of Kubernetes itself in which no kind is created by PUT, and the core kinds likewise
/// (k8s.io/kubernetes pkg/registry, each strategy's AllowCreateOnUpdate).
constexpr std::array<std::string_view, 14> kNeverByPut = {
    "apps",
    "batch",
    "autoscaling",
    "policy",
    "networking.k8s.io",
    "certificates.k8s.io",
    "storage.k8s.io",
    "scheduling.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "discovery.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "resource.k8s.io",
};
constexpr std::array<std::string_view, 11> kCoreNeverByPut = {
    "pods",
    "secrets",
    "configmaps",
    "namespaces",
    "nodes",
    "persistentvolumes",
    "persistentvolumeclaims",
    "serviceaccounts",
    "replicationcontrollers",
    "podtemplates",
    "componentstatuses",
};

bool is_group_of_kubernetes(std::string_view group) {
  return group.find('.') == std::string_view::npos || group.ends_with(".k8s.io");
}

}  // namespace

std::optional<Verb> write_door(std::string_view group, std::string_view plural) {
  // OpenShift serves the roles and bindings of RBAC under a group of its own as well.
  if (group == kRbac || group == kOpenShiftRbac) {
    return plural == "rolebindings" || plural == "clusterrolebindings" ? Verb::kBind
                                                                       : Verb::kEscalate;
  }
  if (group.empty() && plural == "bindings") {
    return Verb::kBind;
  }
  const bool takes_over =
      group == kAdmission ||
      (group == "apiextensions.k8s.io" && plural == "customresourcedefinitions") ||
      (group == "apiregistration.k8s.io" && plural == "apiservices") ||
      group == "store.postern.dev";
  return takes_over ? std::optional(Verb::kEscalate) : std::nullopt;
}

bool guards(std::string_view group, std::string_view plural) {
  return group != kRbac && group != kOpenShiftRbac && write_door(group, plural) == Verb::kEscalate;
}

bool is_self_review(std::string_view group, std::string_view plural) {
  return (group == "authorization.k8s.io" &&
          (plural == "selfsubjectaccessreviews" || plural == "selfsubjectrulesreviews")) ||
         (group == "authentication.k8s.io" && plural == "selfsubjectreviews");
}

bool is_foreign_review(std::string_view group, std::string_view plural) {
  return (group == "authorization.k8s.io" || group == "authentication.k8s.io") &&
         !is_self_review(group, plural);
}

bool is_bootstrap_token(std::string_view namespace_, std::string_view name) {
  return namespace_ == "kube-system" && name.starts_with("bootstrap-token-");
}

bool is_trust_map(std::string_view namespace_, std::string_view name) {
  return namespace_ == "kube-system" &&
         (name == "extension-apiserver-authentication" || name == "aws-auth");
}

bool put_could_create(std::string_view group, std::string_view plural) {
  if (group.empty()) {
    return !contains(kCoreNeverByPut, plural);
  }
  return is_group_of_kubernetes(group) && !contains(kNeverByPut, group);
}

}  // namespace postern::rbac
