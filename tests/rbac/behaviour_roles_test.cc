// The behaviour reference's table 1.7 of role versions as rows, as far as it is about what a role
// gives: every pod in old versions, the conversion of v7, templates. What loads is in load_test.cc;
// defaults are in authorize_test.cc.

#include "behaviour.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

#define DEV "/api/v1/namespaces/dev/"

const std::string kAnyCluster = "kubernetes_labels: {'*': '*'}";

/// A role of a version with this `allow`, and a user whose traits the templates take.
World with_traits(const std::string& version, const std::string& allow) {
  return World("kind: role\nversion: " + version + "\nmetadata: {name: dev}\nspec: {allow: {" +
               allow + "}}\n---\n" +
               "kind: user\nmetadata: {name: alice}\nspec:\n  roles: [dev]\n  traits:\n"
               "    kubernetes_groups: [g1, g2]\n    kubernetes_users: [u]\n    env: [dev, test]\n"
               "    spaces: [dev, 'pr*d']\n    kinds: [pods, secrets]\n    groups: ['', e.com]\n"
               "    verbs: [get, list]\n    empty: []\n");
}

std::string asked_as(const World& world, const char* target) {
  const Decision decision = world.ask("GET", target);
  if (decision.verdict != Verdict::kAllow) return std::to_string(decision.status.code);
  std::string text = decision.shares.at(0).principals.user + ":";
  for (const std::string& group : decision.shares[0].principals.groups) text += " " + group;
  return text;
}

}  // namespace

TEST_CASE("behaviour 1.7: one pod limits pods only before v7, every pod limits nothing") {
  for (const char* version : {"v3", "v4", "v5", "v6"}) {
    CAPTURE(version);
    const auto said = [&](const char* name, const char* target) {
      return with_traits(version, kAnyCluster +
                                      ", kubernetes_resources: [{kind: pod, namespace: '*'," +
                                      " name: '" + name + "'}]")
          .verdict("GET", target);
    };
    CHECK(said("nginx-*", DEV "pods/nginx-1") == "allow");
    CHECK(said("nginx-*", DEV "pods/db-0") == "403");
    CHECK(said("nginx-*", DEV "secrets/s") == "allow");
    CHECK(said("nginx-*", "/api/v1/nodes/n1") == "allow");
    // Kinds that those versions never knew are not among the others.
    CHECK(said("nginx-*", "/apis/e.com/v1/namespaces/dev/widgets/w") == "403");
    CHECK(said("*", DEV "pods/db-0") == "allow");
    CHECK(said("*", "/apis/e.com/v1/namespaces/dev/widgets/w") == "allow");
    CHECK(said("*", "/apis/e.com/v1/gadgets/g") == "allow");
  }
}

TEST_CASE("behaviour 1.7: what rules of v7 become") {
  const auto said = [](const std::string& one, const char* method, const char* target) {
    return World(role_v7({one})).verdict({method, target, nullptr, "application/merge-patch+json"});
  };
  // Kind namespace: what is inside, and its own object to read.
  const std::string space = cluster_rule("namespace", "d*");
  CHECK(said(space, "PATCH", DEV "pods/x") == "allow");
  CHECK(said(space, "PATCH", "/apis/e.com/v1/namespaces/dev/widgets/w") == "allow");
  CHECK(said(space, "GET", "/api/v1/namespaces/dev") == "allow");
  CHECK(said(space, "PATCH", "/api/v1/namespaces/dev") == "403");
  CHECK(said(space, "GET", "/api/v1/namespaces/prod") == "403");
  CHECK(said(space, "GET", "/apis/e.com/v1/gadgets/dev") == "403");
  CHECK(said(cluster_rule("namespace", "*"), "GET", "/apis/e.com/v1/gadgets/g") == "403");
  // A namespace that is written for a kind without them means nothing.
  CHECK(said(rule("clusterrole", "dev", "c"), "GET",
             "/apis/rbac.authorization.k8s.io/v1/clusterroles/c") == "allow");
  // Kind `*`: in every namespace also what has none; stricter: in one namespace it has not.
  for (const char* target : {"/api/v1/nodes/n", "/apis/e.com/v1/gadgets/g",
                             "/apis/rbac.authorization.k8s.io/v1/clusterroles/c"}) {
    CAPTURE(target);
    CHECK(said(rule("*", "*", "*"), "GET", target) == "allow");
    CHECK(said(rule("*", "dev", "*"), "GET", target) == "403");
  }
  // A short kind stands for one plural of one group; a service for its endpoints, too, to deny.
  CHECK(said(rule("ingress", "dev", "x"), "GET",
             "/apis/networking.k8s.io/v1/namespaces/dev/ingresses/x") == "allow");
  CHECK(said(rule("pod", "dev", "x"), "GET", "/apis/e.com/v1/namespaces/dev/pods/x") == "403");
  CHECK(all_but({rule("service", "dev", "x")}).verdict("GET", DEV "endpoints/x") == "403");
}

TEST_CASE("behaviour 1.7: templates give an entry for each value of a trait") {
  const World principals = with_traits(
      "v8", kAnyCluster +
                ", kubernetes_groups: [own, '{{internal.kubernetes_groups}}', "
                "'{{external.empty}}'], kubernetes_users: ['{{internal.kubernetes_users}}']");
  CHECK(asked_as(principals, DEV "pods/x") == "u: g1 g2 own system:authenticated");

  World labels = with_traits("v8", "kubernetes_labels: {env: '{{external.env}}'}");
  for (const auto& [value, expected] :
       {std::pair("dev", "allow"), std::pair("test", "allow"), std::pair("prod", "403")}) {
    CAPTURE(value);
    labels.cluster.labels["env"] = value;
    CHECK(labels.verdict("GET", DEV "pods/x") == expected);
  }

  const World resources = with_traits(
      "v8",
      kAnyCluster +
          ", kubernetes_resources: [{kind: '{{external.kinds}}', api_group: "
          "'{{external.groups}}', namespace: '{{external.spaces}}', name: 'x-{{external.env}}', "
          "verbs: ['{{external.verbs}}']}]");
  CHECK(resources.verdict("GET", DEV "pods/x-dev") == "allow");
  CHECK(resources.verdict("GET", DEV "secrets/x-test") == "allow");
  CHECK(resources.verdict("GET", DEV "pods") == "filter");
  CHECK(resources.verdict("GET", "/apis/e.com/v1/namespaces/dev/pods/x-dev") == "allow");
  CHECK(resources.verdict("GET", DEV "pods/x-prod") == "403");
  CHECK(resources.verdict("GET", DEV "configmaps/x-dev") == "403");
  CHECK(resources.verdict("DELETE", DEV "pods/x-dev") == "403");
  // Stricter: the value of a trait is a text, never a pattern.
  CHECK(resources.verdict("GET", "/api/v1/namespaces/prod/pods/x-dev") == "403");
}
