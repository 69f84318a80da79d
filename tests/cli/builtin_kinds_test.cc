#include "cli/builtin_kinds.h"

#include "rbac/resource_id.h"

#include <doctest/doctest.h>
#include <string>

namespace postern::cli {
namespace {

std::string described(const std::optional<NamedKind>& kind) {
  if (!kind) return "none";
  const kube::ApiResource& resource = kind->resource;
  return resource.group + "/" + resource.version + "/" + resource.resource +
         (resource.namespaced ? "" : " cluster") + (kind->guessed ? " guessed" : "");
}

TEST_CASE("kinds as people write them") {
  struct Row {
    const char* text;
    const char* kind;
  };
  const Row rows[] = {
      {"pods", "/v1/pods"},
      {"pod", "/v1/pods"},
      {"Pod", "/v1/pods"},
      {"po", "/v1/pods"},
      {"pods.core", "/v1/pods"},
      {"pods.metrics.k8s.io", "metrics.k8s.io/v1beta1/pods"},
      {"deploy", "apps/v1/deployments"},
      {"deployments.apps", "apps/v1/deployments"},
      {"kube_node", "/v1/nodes cluster"},
      {"kube_role", "rbac.authorization.k8s.io/v1/roles"},
      {"clusterrole", "rbac.authorization.k8s.io/v1/clusterroles cluster"},
      {"namespace", "/v1/namespaces cluster"},
      {"events", "/v1/events"},
      {"events.events.k8s.io", "events.k8s.io/v1/events"},
      {"hpa", "autoscaling/v2/horizontalpodautoscalers"},
      {"widgets.example.com", "example.com/v1/widgets guessed"},
      {"deployments.example.com", "example.com/v1/deployments guessed"},
      {"widgets", "none"},
      {"", "none"},
      {".apps", "none"},
      {"widgets.core", "none"},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.text));
    CHECK(described(find_builtin_kind(row.text, false)) == row.kind);
  }
  CHECK(described(find_builtin_kind("widgets.example.com", true)) ==
        "example.com/v1/widgets cluster guessed");
}

TEST_CASE("the short kinds of resource IDs are all known, with the same scope") {
  for (const rbac::ShortKind& kind : rbac::short_kinds()) {
    CAPTURE(std::string(kind.name));
    const auto found = find_builtin_kind(kind.name, false);
    REQUIRE(found);
    CHECK_FALSE(found->guessed);
    CHECK(found->resource.group == kind.group);
    CHECK(found->resource.resource == kind.plural);
    CHECK(found->resource.namespaced == kind.namespaced);
  }
}

TEST_CASE("kinds that a cluster serves") {
  kube::ApiCatalog catalog;
  REQUIRE(catalog.add_resource_list("", "v1", R"({"kind":"APIResourceList","groupVersion":"v1",
    "resources":[{"name":"pods","kind":"Pod","namespaced":true,"verbs":["get","list"]}]})"));
  REQUIRE(catalog.add_resource_list("example.com", "v2", R"({"kind":"APIResourceList",
    "groupVersion":"example.com/v2","resources":[
    {"name":"widgets","kind":"Widget","namespaced":false,"verbs":["get"]}]})"));
  CHECK(described(find_served_kind("po", catalog)) == "/v1/pods");
  CHECK(described(find_served_kind("widgets", catalog)) == "example.com/v2/widgets cluster");
  CHECK(described(find_served_kind("Widget", catalog)) == "example.com/v2/widgets cluster");
  CHECK(described(find_served_kind("widgets.example.com", catalog)) ==
        "example.com/v2/widgets cluster");
  CHECK(described(find_served_kind("widgets.example.org", catalog)) == "none");
  CHECK(described(find_served_kind("deploy", catalog)) == "none");
}

}  // namespace
}  // namespace postern::cli
