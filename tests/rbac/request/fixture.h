#pragma once

#include "rbac/load.h"
#include "rbac/request/create.h"
#include "rbac/request/transition.h"

#include <chrono>
#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::rbac::request {

using namespace std::chrono_literals;
using std::chrono::seconds;

inline constexpr seconds kDay = 24h;
/// The time at which every test begins.
inline const TimePoint kNow{seconds(1'800'000'000)};

/// One entry of a discovery document.
struct ServedKind {
  std::string plural;
  std::string kind;
  bool namespaced;
};

inline std::string resource_list(std::string_view group_version,
                                 const std::vector<ServedKind>& kinds) {
  std::string json = R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":")" +
                     std::string(group_version) + R"(","resources":[)";
  for (const ServedKind& kind : kinds) {
    json += std::string(json.back() == '[' ? "" : ",") + R"({"name":")" + kind.plural +
            R"(","singularName":"","namespaced":)" + (kind.namespaced ? "true" : "false") +
            R"(,"kind":")" + kind.kind + R"(","verbs":["get","list"]})";
  }
  return json + "]}";
}

inline std::shared_ptr<const kube::ApiCatalog> test_catalog() {
  auto catalog = std::make_shared<kube::ApiCatalog>();
  const auto add = [&](std::string_view group, std::string_view version,
                       std::string_view group_version, const std::vector<ServedKind>& kinds) {
    const auto added =
        catalog->add_resource_list(group, version, resource_list(group_version, kinds));
    REQUIRE(added.has_value());
  };
  add("", "v1", "v1",
      {{"pods", "Pod", true},
       {"secrets", "Secret", true},
       {"configmaps", "ConfigMap", true},
       {"services", "Service", true},
       {"namespaces", "Namespace", false},
       {"nodes", "Node", false}});
  add("apps", "v1", "apps/v1", {{"deployments", "Deployment", true}});
  add("e.com", "v1", "e.com/v1", {{"widgets", "Widget", true}, {"zones", "Zone", false}});
  return catalog;
}

/// Roles from YAML, in the installation "mycluster" with the kube clusters "k" (env=dev), "prod"
/// (env=prod) and "a/b" (env=dev).
inline Directory directory_of(std::string_view yaml) {
  Directory directory;
  directory.cluster_name = "mycluster";
  LoadResult loaded = load_documents("roles.yaml", yaml);
  for (const LoadMessage& error : loaded.errors) {
    FAIL(error.str());
  }
  for (Role& role : loaded.roles) {
    std::string name = role.name;
    directory.roles.emplace(std::move(name), std::make_shared<const Role>(std::move(role)));
  }
  const auto catalog = test_catalog();
  directory.kube_clusters["k"] = {{{"env", "dev"}}, "uid-k", catalog};
  directory.kube_clusters["prod"] = {{{"env", "prod"}}, "uid-prod", catalog};
  directory.kube_clusters["a/b"] = {{{"env", "dev"}}, "uid-ab", catalog};
  return directory;
}

/// `kind: role` with the text as its flow-style `spec`.
inline std::string role(std::string_view name, std::string_view spec,
                        std::string_view version = "v7") {
  return "---\nkind: role\nversion: " + std::string(version) +
         "\nmetadata: {name: " + std::string(name) + "}\nspec: {" + std::string(spec) + "}\n";
}

/// A role that reaches these pods and everything of the short kinds in `also`.
inline std::string pod_role(std::string_view name, std::string_view resources,
                            std::string_view labels = "'*': '*'") {
  return role(name, "allow: {kubernetes_labels: {" + std::string(labels) +
                        "}, kubernetes_groups: [g-" + std::string(name) +
                        "], kubernetes_resources: [" + std::string(resources) + "]}");
}

inline Person person_of(const Directory& directory, std::string name,
                        const std::vector<std::string>& roles, Traits traits = {}) {
  Person person{std::move(name), std::move(traits), {}};
  for (const std::string& each : roles) {
    const auto found = directory.roles.find(each);
    REQUIRE_MESSAGE(found != directory.roles.end(), each);
    person.roles.push_back(found->second);
  }
  return person;
}

inline Result<AccessRequest> create_as(const Directory& directory, const Person& requester,
                                       const NewRequest& asked, const Limits& limits = {},
                                       std::optional<TimePoint> session_ends = std::nullopt,
                                       bool dry_run = false) {
  return create(asked, {requester, directory, limits, kNow, session_ends, "r-1", "uid-1", dry_run});
}

/// "ok", or the code and message of the error.
template <typename T>
std::string said(const Result<T>& result) {
  return result ? "ok" : std::to_string(result.error().code) + " " + result.error().message;
}

inline ReviewEvent review_of(const AccessRequest& request, const Person& reviewer, Vote vote,
                             std::string reason = "") {
  return {reviewer, vote, std::move(reason), request.uid, request.effective.digest(), std::nullopt};
}

#define CHECK_HAS(text, part) CHECK_MESSAGE((text).find(part) != std::string::npos, (text))

}  // namespace postern::rbac::request
