#include "proxy/session/found_objects.h"

#include "kube/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::string_view kTemplateHash = "pod-template-hash";

/// Workloads whose pods are called NAME-…, by plural and the word for people.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kWorkloads = {{
    {"deployments", "deployment"},
    {"replicasets", "replicaset"},
    {"statefulsets", "statefulset"},
    {"daemonsets", "daemonset"},
    {"jobs", "job"},
    {"cronjobs", "cronjob"},
    {"replicationcontrollers", "replicationcontroller"},
}};

struct Workload {
  std::string kind;
  std::string name;
};

std::optional<Workload> workload_of_pod(const ObjectSummary& pod) {
  if (pod.controller_name.empty()) return std::nullopt;
  Workload workload{kube::ascii_lower(pod.controller_kind), pod.controller_name};
  if (workload.kind != "replicaset") return workload;
  // A replica set of a deployment is called DEPLOYMENT-HASH, and another one with each rollout.
  const auto hash = pod.labels.find(kTemplateHash.data());
  if (hash != pod.labels.end() && workload.name.ends_with("-" + hash->second)) {
    workload.name.resize(workload.name.size() - hash->second.size() - 1);
    workload.kind = "deployment";
  }
  return workload;
}

std::optional<Workload> workload_itself(const kube::ApiResource& resource,
                                        const ObjectSummary& object) {
  for (const auto& [plural, word] : kWorkloads) {
    if (resource.resource == plural) return Workload{std::string(word), object.name};
  }
  return std::nullopt;
}

bool contains(std::string_view text, const std::string& lower_word) {
  return kube::ascii_lower(text).find(lower_word) != std::string::npos;
}

}  // namespace

std::optional<SearchedKind> searched_kind(std::string_view text) {
  if (const rbac::ShortKind* kind = rbac::find_short_kind(text)) {
    return SearchedKind{std::string(kind->group), std::string(kind->plural)};
  }
  if (const std::size_t dot = text.find('.'); dot != std::string_view::npos) {
    const std::string_view group = text.substr(dot + 1);
    return SearchedKind{std::string(group == "core" ? "" : group),
                        std::string(text.substr(0, dot))};
  }
  for (const rbac::ShortKind& kind : rbac::short_kinds()) {
    if (kind.plural == text) return SearchedKind{std::string(kind.group), std::string(text)};
  }
  return std::nullopt;
}

bool has_words(const ObjectSummary& object, const std::vector<std::string>& words) {
  return std::all_of(words.begin(), words.end(), [&](const std::string& typed) {
    const std::string word = kube::ascii_lower(typed);
    return contains(object.name, word) || contains(object.namespace_, word) ||
           std::any_of(object.labels.begin(), object.labels.end(), [&](const auto& label) {
             return contains(label.first, word) || contains(label.second, word);
           });
  });
}

std::string FoundObjects::id(std::string_view namespace_, std::string_view name) const {
  return rbac::resource_id_text(installation_, kube_cluster_,
                                {.group = resource_.group,
                                 .plural = resource_.resource,
                                 .namespaced = resource_.namespaced,
                                 .namespace_ = namespace_,
                                 .name = name});
}

access::FoundResource FoundObjects::found(ObjectSummary object) const {
  std::string text = id(object.namespace_, object.name);
  return {std::move(text), std::move(object.name), std::move(object.namespace_),
          std::move(object.labels)};
}

std::optional<access::FoundPattern> FoundObjects::new_pattern(const ObjectSummary& object) {
  const bool is_pod = resource_.group.empty() && resource_.resource == "pods";
  const auto workload = is_pod ? workload_of_pod(object) : workload_itself(resource_, object);
  if (!workload) return std::nullopt;
  std::string text = rbac::resource_id_text(installation_, kube_cluster_,
                                            {.group = "",
                                             .plural = "pods",
                                             .namespaced = true,
                                             .namespace_ = object.namespace_,
                                             .name = workload->name + "-*"});
  if (!patterns_.insert(text).second) return std::nullopt;
  return access::FoundPattern{std::move(text), workload->kind + "/" + workload->name};
}

}  // namespace postern::proxy
