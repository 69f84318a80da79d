#include "rbac/self_review.h"

#include "world.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

std::string pods(const char* space, const char* name, const char* verbs = "['*']") {
  return "{kind: pod, namespace: '" + std::string(space) + "', name: '" + name +
         "', verbs: " + verbs + "}";
}

AccessAnswer answer(const World& world, const AccessQuestion& question) {
  return review_access(world.policy(), world.subject(), world.cluster, question,
                       find_kind(question.group, question.resource), {},
                       TimePoint(std::chrono::seconds(1000)));
}

bool can(const World& world, std::string_view verb, std::string_view resource,
         std::string_view space, std::string_view name, std::string_view subresource = "",
         std::string_view group = "") {
  const AccessAnswer said = answer(world, {verb, group, resource, subresource, space, name, ""});
  CHECK(said.allowed == !said.principals.empty());
  CHECK_FALSE(said.reason.empty());
  return said.allowed;
}

std::string rules_text(const std::vector<ResourceRule>& rules) {
  std::string text;
  const auto join = [](const std::vector<std::string>& words) {
    std::string joined;
    for (const std::string& word : words) joined += (joined.empty() ? "" : ",") + word;
    return joined;
  };
  for (const ResourceRule& rule : rules) {
    text += join(rule.resources) + "." + join(rule.api_groups) + "[" + join(rule.resource_names) +
            "] " + join(rule.verbs) + "\n";
  }
  return text;
}

RulesAnswer rules(const World& world, std::string_view space) {
  return review_rules(world.policy(), world.subject(), world.cluster, space,
                      TimePoint(std::chrono::seconds(1000)));
}

}  // namespace

TEST_CASE("behaviour 3.10: self access reviews") {
  const World every(role_v7({pods("*", "*")}));
  CHECK(can(every, "list", "pods", "", ""));
  CHECK(can(every, "list", "pods", "namespace-1", "pod-1"));
  CHECK(can(every, "list", "pods", "", "pod-1"));
  CHECK_FALSE(
      can(World(role_v7({pods("namespace-1", "pod-2")})), "list", "pods", "namespace-1", "pod-1"));
  CHECK(can(World(role_v7({pods("namespace-1", "pod-2"), pods("namespace-1", "pod-1")})), "list",
            "pods", "namespace-1", "pod-1"));
  CHECK(can(World(role_v7({pods("namespace-1", "pod-2")})), "list", "pods", "namespace-1", ""));
  CHECK_FALSE(
      can(World(role_v7({pods("namespace-1", "pod-2")})), "list", "pods", "namespace-2", ""));
}

TEST_CASE("a review says what the request would meet") {
  const World world(
      role_v8({"{kind: pods, namespace: dev, name: 'nginx-*', verbs: [get, list, create, exec]}",
               "{kind: secrets, namespace: dev, name: s, verbs: [get, update]}"},
              {"{kind: pods, namespace: dev, name: nginx-x}"}));
  CHECK_FALSE(can(world, "get", "pods", "dev", "db-0"));  // attack row 207
  CHECK(can(world, "get", "pods", "dev", "nginx-1"));
  CHECK_FALSE(can(world, "get", "pods", "dev", "nginx-x"));
  CHECK(can(world, "list", "pods", "dev", ""));    // 208
  CHECK(can(world, "list", "pods", "", ""));       // answered with what may be seen
  CHECK(can(world, "get", "pods", "dev", ""));     // some of them
  CHECK_FALSE(can(world, "get", "pods", "", ""));  // not in every namespace
  CHECK_FALSE(can(world, "delete", "pods", "dev", ""));
  CHECK(can(world, "create", "pods", "dev", ""));
  CHECK(can(world, "create", "pods", "dev", "nginx-9"));
  CHECK_FALSE(can(world, "create", "pods", "dev", "db-9"));
  CHECK_FALSE(can(world, "create", "pods", "prod", ""));
  CHECK(can(world, "create", "pods", "dev", "nginx-1", "exec"));
  CHECK(can(world, "create", "pods", "dev", "", "exec"));
  CHECK(can(world, "get", "pods", "dev", "", "log"));
  CHECK_FALSE(can(world, "create", "pods", "dev", "nginx-1", "portforward"));
  CHECK_FALSE(can(world, "create", "pods", "dev", "nginx-1", "eviction"));
  CHECK(can(world, "update", "secrets", "dev", "s"));
  CHECK(can(world, "get", "namespaces", "", "dev"));
  CHECK(can(world, "list", "namespaces", "", ""));
  CHECK_FALSE(can(world, "delete", "namespaces", "", "dev"));
  CHECK_FALSE(can(world, "get", "unknowns", "dev", "x"));
  CHECK_FALSE(can(world, "impersonate", "pods", "dev", "nginx-1"));
  CHECK_FALSE(can(world, "*", "*", "", "", "", "*"));
  CHECK(can(world, "create", "selfsubjectaccessreviews", "", "", "", "authorization.k8s.io"));
  CHECK_FALSE(can(world, "create", "tokenreviews", "", "", "", "authentication.k8s.io"));
  const World total(
      role_v8({"{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}"}));
  CHECK(can(total, "*", "*", "", "", "", "*"));
  CHECK(can(total, "delete", "pods", "", ""));
  AccessQuestion path;
  path.verb = "get";
  path.path = "/version";
  CHECK(answer(world, path).allowed);
  path.path = "/metrics";
  CHECK_FALSE(answer(world, path).allowed);
}

TEST_CASE("a refused review names nothing that was not asked about") {
  const World world(role_v8({"{kind: pods, namespace: dev, name: a, verbs: [create]}"}));
  CHECK(answer(world, {"get", "", "pods", "", "", "", ""}).reason ==
        "pods is forbidden: User \"alice\" cannot get resource \"pods\" in API group \"\" at the "
        "cluster scope: none of your roles lets you ask for access to it: ask your administrator");
  CHECK(answer(world, {"delete", "", "pods", "", "dev", "", ""})
            .reason.starts_with("pods is forbidden: User \"alice\" cannot delete resource \"pods\" "
                                "in API group \"\" in the "
                                "namespace \"dev\": "));
  // What no role can give is not worth asking for.
  CHECK(answer(world, {"fly", "", "pods", "", "dev", "a", ""}).reason ==
        "pods \"a\" is forbidden: User \"alice\" cannot fly resource \"pods\" in API group \"\" in "
        "the namespace \"dev\": nobody may do this");
}

TEST_CASE("a review asks the cluster as the roles that cover it") {
  const World world(
      "kind: role\nversion: v8\nmetadata: {name: a}\nspec: {allow: {kubernetes_labels: {'*': '*'}, "
      "kubernetes_groups: [ga],"
      " kubernetes_resources: [{kind: pods, namespace: dev, name: 'a*', verbs: ['*']}]}}\n---\n"
      "kind: role\nversion: v8\nmetadata: {name: b}\nspec: {allow: {kubernetes_labels: {'*': '*'}, "
      "kubernetes_groups: [gb],"
      " kubernetes_resources: [{kind: pods, namespace: dev, name: 'b*', verbs: ['*']}]}}\n");
  const auto asked = [&](std::string_view verb, std::string_view name) {
    return answer(world, {verb, "", "pods", "", "dev", name, ""}).principals.size();
  };
  CHECK(asked("list", "") == 2);
  CHECK(asked("get", "") == 2);
  CHECK(asked("create", "") == 2);
  CHECK(asked("get", "a1") == 1);
}

TEST_CASE("self rules reviews: postern's half") {
  const World world(
      role_v8({"{kind: pods, namespace: dev, name: 'nginx-*', verbs: [get, list, exec]}",
               "{kind: widgets, api_group: e.com, namespace: '*', name: '*', verbs: [delete]}",
               "{kind: secrets, namespace: prod, name: '*', verbs: [get]}"}));
  const RulesAnswer dev = rules(world, "dev");
  CHECK_FALSE(dev.incomplete);
  const std::string everybodys =
      "selfsubjectaccessreviews,selfsubjectrulesreviews.authorization.k8s.io[] create\n"
      "selfsubjectreviews.authentication.k8s.io[] create\n";
  CHECK(rules_text(dev.resource_rules) ==
        "pods,pods/scale,pods/status.[nginx-*] get,list\n"
        "pods/log.[nginx-*] get\n"
        "pods/exec.[nginx-*] create,get\n"
        "pods/attach.[nginx-*] create,get\n"
        "widgets,widgets/scale,widgets/status.e.com[] delete\n"
        "namespaces.[dev] get,list,watch\n" +
            everybodys);
  CHECK(rules(world, "other").resource_rules.size() == 4);
  const World total(
      role_v8({"{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}"}));
  CHECK(rules_text(rules(total, "dev").resource_rules).starts_with("*.*[] *\n"));
  const World denied(role_v8({"{kind: pods, namespace: dev, name: '*', verbs: [get, delete]}"},
                             {"{kind: pods, namespace: dev, name: '*', verbs: [get]}"}));
  CHECK(rules(denied, "dev").incomplete);
  CHECK(rules_text(rules(denied, "dev").resource_rules).find("pods/scale,pods/status.[] delete") !=
        std::string::npos);
}

TEST_CASE("proxy and cluster answer together") {
  RulesAnswer postern;
  postern.resource_rules = {{{"get", "list"}, {""}, {"pods", "pods/status"}, {"nginx-*"}},
                            {{"*"}, {"*"}, {"*"}, {}}};
  postern.non_resource_rules = {{{"get"}, {"/api", "/api/*", "/version"}}};
  RulesAnswer cluster;
  cluster.resource_rules = {{{"*"}, {""}, {"pods"}, {"nginx-1", "db-0"}},
                            {{"create"}, {"apps"}, {"deployments", "*/scale"}, {}}};
  cluster.non_resource_rules = {{{"get", "post"}, {"/api/v1", "/version", "/metrics"}}};
  const RulesAnswer both = intersect_rules(postern, cluster);
  CHECK(rules_text(both.resource_rules) ==
        "pods.[nginx-1] get,list\n"
        "pods.[nginx-1,db-0] *\n"
        "deployments,*/scale.apps[] create\n");
  REQUIRE(both.non_resource_rules.size() == 1);
  CHECK(both.non_resource_rules[0].paths == std::vector<std::string>{"/api/v1", "/version"});
  CHECK(both.non_resource_rules[0].verbs == std::vector<std::string>{"get"});
  CHECK_FALSE(both.incomplete);
  // As system:discovery and system:public-info-viewer of every cluster do.
  cluster.non_resource_rules.push_back({{"get", "post"}, {"/version", "/api"}});
  const auto paths = intersect_rules(postern, cluster).non_resource_rules;
  REQUIRE(paths.size() == 2);
  CHECK(paths[1].paths == std::vector<std::string>{"/api"});
  cluster.non_resource_rules = {{{"get"}, {"/version"}}, {{"get"}, {"/version"}}};
  CHECK(intersect_rules(postern, cluster).non_resource_rules.size() == 1);
  CHECK(intersect_rules(postern, {}).resource_rules.empty());
  CHECK(intersect_rules({}, cluster).resource_rules.empty());
}
