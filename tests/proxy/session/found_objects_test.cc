#include "proxy/session/found_objects.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

kube::ApiResource kind(std::string group, std::string plural, bool namespaced = true) {
  kube::ApiResource resource;
  resource.group = std::move(group);
  resource.version = "v1";
  resource.resource = std::move(plural);
  resource.namespaced = namespaced;
  return resource;
}

TEST_CASE("kinds by the words that people use") {
  struct Row {
    const char* text;
    const char* group;
    const char* plural;
  };
  for (const Row& row :
       {Row{"pod", "", "pods"}, Row{"pods", "", "pods"}, Row{"kube_node", "", "nodes"},
        Row{"deployment", "apps", "deployments"}, Row{"deployments", "apps", "deployments"},
        Row{"widgets.e.com", "e.com", "widgets"}, Row{"endpoints.core", "", "endpoints"}}) {
    CAPTURE(row.text);
    const auto found = searched_kind(row.text);
    REQUIRE(found);
    CHECK(found->group == row.group);
    CHECK(found->plural == row.plural);
  }
  CHECK_FALSE(searched_kind("gadget"));
  CHECK_FALSE(searched_kind(""));
}

TEST_CASE("words are looked for in names, namespaces and labels, in any case") {
  const ObjectSummary web{"web-1", "dev", {{"app", "Frontend"}}, "", ""};
  CHECK(has_words(web, {}));
  CHECK(has_words(web, {"WEB"}));
  CHECK(has_words(web, {"dev", "front"}));
  CHECK(has_words(web, {"app"}));
  CHECK_FALSE(has_words(web, {"web", "prod"}));
}

TEST_CASE("pods have the pattern of their workload, once") {
  const kube::ApiResource pods = kind("", "pods");
  FoundObjects found("c", "k", pods);
  const ObjectSummary web{
      "web-5d4f8c-abcde", "dev", {{"pod-template-hash", "5d4f8c"}}, "ReplicaSet", "web-5d4f8c"};
  const auto pattern = found.new_pattern(web);
  REQUIRE(pattern);
  CHECK(pattern->id == "/c/pod/k/dev/web-*");
  CHECK(pattern->workload == "deployment/web");
  CHECK_FALSE(found.new_pattern(web));

  // A replica set of its own, whose name only looks like it.
  const auto alone = found.new_pattern({"x-1", "dev", {}, "ReplicaSet", "x"});
  REQUIRE(alone);
  CHECK(alone->id == "/c/pod/k/dev/x-*");
  CHECK(alone->workload == "replicaset/x");
  CHECK(found.new_pattern({"db-0", "dev", {}, "StatefulSet", "db"})->workload == "statefulset/db");
  CHECK_FALSE(found.new_pattern({"nginx-1", "dev", {}, "", ""}));

  const auto object = found.found(web);
  CHECK(object.id == "/c/pod/k/dev/web-5d4f8c-abcde");
  CHECK(object.namespace_ == "dev");
}

TEST_CASE("workloads have the pattern of their pods, other kinds have none") {
  const kube::ApiResource deployments = kind("apps", "deployments");
  FoundObjects workloads("c", "k", deployments);
  const auto pattern = workloads.new_pattern({"web", "dev", {}, "", ""});
  REQUIRE(pattern);
  CHECK(pattern->id == "/c/pod/k/dev/web-*");
  CHECK(pattern->workload == "deployment/web");
  CHECK(workloads.found({"web", "dev", {}, "", ""}).id == "/c/deployment/k/dev/web");

  const kube::ApiResource zones = kind("e.com", "zones", false);
  FoundObjects others("c", "k", zones);
  CHECK_FALSE(others.new_pattern({"z", "", {}, "", ""}));
  CHECK(others.found({"z", "", {}, "", ""}).id == "/c/zones.e.com/k/z");
}

}  // namespace
}  // namespace postern::proxy
