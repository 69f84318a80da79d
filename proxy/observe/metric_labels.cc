#include "proxy/observe/metric_labels.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>

namespace postern::proxy::metric_labels {
namespace {

constexpr std::array<std::string_view, 14> kVerbs = {
    "other",  "",       "get",   "list",   "watch",
    "create", "update", "patch", "delete", "deletecollection",
    "post",   "put",    "head",  "options"};

constexpr KnownResource kOther{"other", "other"};
constexpr auto kResources = std::to_array<KnownResource>({
    kOther,
    {"", ""},
    {"", "bindings"},
    {"", "componentstatuses"},
    {"", "configmaps"},
    {"", "endpoints"},
    {"", "events"},
    {"", "limitranges"},
    {"", "namespaces"},
    {"", "nodes"},
    {"", "persistentvolumeclaims"},
    {"", "persistentvolumes"},
    {"", "pods"},
    {"", "podtemplates"},
    {"", "replicationcontrollers"},
    {"", "resourcequotas"},
    {"", "secrets"},
    {"", "serviceaccounts"},
    {"", "services"},
    {"access.postern.dev", "accessrequests"},
    {"access.postern.dev", "accessroles"},
    {"access.postern.dev", "accessusers"},
    {"access.postern.dev", "kubeclusters"},
    {"access.postern.dev", "resourcesearches"},
    {"access.postern.dev", "sessions"},
    {"admissionregistration.k8s.io", "mutatingadmissionpolicies"},
    {"admissionregistration.k8s.io", "mutatingadmissionpolicybindings"},
    {"admissionregistration.k8s.io", "mutatingwebhookconfigurations"},
    {"admissionregistration.k8s.io", "validatingadmissionpolicies"},
    {"admissionregistration.k8s.io", "validatingadmissionpolicybindings"},
    {"admissionregistration.k8s.io", "validatingwebhookconfigurations"},
    {"apiextensions.k8s.io", "customresourcedefinitions"},
    {"apiregistration.k8s.io", "apiservices"},
    {"apps", "controllerrevisions"},
    {"apps", "daemonsets"},
    {"apps", "deployments"},
    {"apps", "replicasets"},
    {"apps", "statefulsets"},
    {"authentication.k8s.io", "selfsubjectreviews"},
    {"authentication.k8s.io", "tokenreviews"},
    {"authorization.k8s.io", "localsubjectaccessreviews"},
    {"authorization.k8s.io", "selfsubjectaccessreviews"},
    {"authorization.k8s.io", "selfsubjectrulesreviews"},
    {"authorization.k8s.io", "subjectaccessreviews"},
    {"autoscaling", "horizontalpodautoscalers"},
    {"batch", "cronjobs"},
    {"batch", "jobs"},
    {"certificates.k8s.io", "certificatesigningrequests"},
    {"coordination.k8s.io", "leases"},
    {"discovery.k8s.io", "endpointslices"},
    {"events.k8s.io", "events"},
    {"flowcontrol.apiserver.k8s.io", "flowschemas"},
    {"flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"},
    {"metrics.k8s.io", "nodes"},
    {"metrics.k8s.io", "pods"},
    {"networking.k8s.io", "ingressclasses"},
    {"networking.k8s.io", "ingresses"},
    {"networking.k8s.io", "networkpolicies"},
    {"node.k8s.io", "runtimeclasses"},
    {"policy", "poddisruptionbudgets"},
    {"rbac.authorization.k8s.io", "clusterrolebindings"},
    {"rbac.authorization.k8s.io", "clusterroles"},
    {"rbac.authorization.k8s.io", "rolebindings"},
    {"rbac.authorization.k8s.io", "roles"},
    {"resource.k8s.io", "deviceclasses"},
    {"resource.k8s.io", "resourceclaims"},
    {"resource.k8s.io", "resourceclaimtemplates"},
    {"resource.k8s.io", "resourceslices"},
    {"scheduling.k8s.io", "priorityclasses"},
    {"storage.k8s.io", "csidrivers"},
    {"storage.k8s.io", "csinodes"},
    {"storage.k8s.io", "csistoragecapacities"},
    {"storage.k8s.io", "storageclasses"},
    {"storage.k8s.io", "volumeattachments"},
});

constexpr auto kSubresources = std::to_array<std::string_view>(
    {"other",    "",         "approval", "attach", "binding",     "ephemeralcontainers",
     "eviction", "exec",     "finalize", "log",    "portforward", "preview",
     "proxy",    "refusals", "requests", "resize", "review",      "reviews",
     "scale",    "status",   "token"});

struct KnownCode {
  unsigned code;
  std::string_view name;
};
constexpr auto kCodes = std::to_array<KnownCode>({
    {1, "other"}, {0, "none"},  {101, "101"}, {200, "200"}, {201, "201"}, {202, "202"},
    {204, "204"}, {206, "206"}, {301, "301"}, {302, "302"}, {304, "304"}, {307, "307"},
    {308, "308"}, {400, "400"}, {401, "401"}, {403, "403"}, {404, "404"}, {405, "405"},
    {406, "406"}, {408, "408"}, {409, "409"}, {410, "410"}, {412, "412"}, {413, "413"},
    {415, "415"}, {416, "416"}, {417, "417"}, {422, "422"}, {425, "425"}, {426, "426"},
    {428, "428"}, {429, "429"}, {431, "431"}, {499, "499"}, {500, "500"}, {501, "501"},
    {502, "502"}, {503, "503"}, {504, "504"}, {505, "505"}, {507, "507"}, {511, "511"},
});

struct ResourceHash {
  std::size_t operator()(const KnownResource& key) const noexcept {
    const std::hash<std::string_view> hash;
    return hash(key.group) * 31 + hash(key.resource);
  }
};
struct ResourceEqual {
  bool operator()(const KnownResource& a, const KnownResource& b) const noexcept {
    return a.group == b.group && a.resource == b.resource;
  }
};

}  // namespace

std::size_t verb_index(std::string_view verb) {
  const auto found = std::find(kVerbs.begin(), kVerbs.end(), verb);
  return found == kVerbs.end() ? 0 : static_cast<std::size_t>(found - kVerbs.begin());
}

std::string_view verb_name(std::size_t index) {
  return kVerbs.at(index);
}

std::size_t resource_index(std::string_view group, std::string_view resource) {
  static const auto* const index = [] {
    auto* made = new std::unordered_map<KnownResource, std::size_t, ResourceHash, ResourceEqual>;
    for (std::size_t i = 0; i < kResources.size(); ++i) made->emplace(kResources[i], i);
    return made;
  }();
  const auto found = index->find(KnownResource{group, resource});
  return found == index->end() ? 0 : found->second;
}

KnownResource resource_name(std::size_t index) {
  return kResources.at(index);
}

std::size_t subresource_index(std::string_view subresource) {
  const auto found = std::find(kSubresources.begin(), kSubresources.end(), subresource);
  return found == kSubresources.end() ? 0 : static_cast<std::size_t>(found - kSubresources.begin());
}

std::string_view subresource_name(std::size_t index) {
  return kSubresources.at(index);
}

std::size_t code_index(unsigned code) {
  const auto found = std::find_if(kCodes.begin() + 1, kCodes.end(),
                                  [code](const KnownCode& known) { return known.code == code; });
  return found == kCodes.end() ? 0 : static_cast<std::size_t>(found - kCodes.begin());
}

std::string_view code_name(std::size_t index) {
  return kCodes.at(index).name;
}
std::size_t code_count() {
  return kCodes.size();
}

}  // namespace postern::proxy::metric_labels
