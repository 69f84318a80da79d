#include "rbac/authorize.h"

#include "world.h"

#include <doctest/doctest.h>

// May they? Roles, labels, versions, namespace objects, and that a request takes one role.

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

#define DEV "/api/v1/namespaces/dev"

const std::string kTotal = "{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}";

std::string with_body(const World& world, std::string_view method, std::string_view target,
                      kube::BodyFacts facts, std::string_view patch_type = "") {
  return world.verdict({std::string(method), std::string(target), &facts, std::string(patch_type)});
}

}  // namespace

TEST_CASE("the zero value of a decision is Deny") {
  CHECK(Decision().verdict == Verdict::kDeny);
  CHECK(Decision().shares.empty());
}

TEST_CASE("a user without roles, with a missing role, or locked may do nothing") {
  World world(
      role_v8({kTotal}) +
      "kind: user\nmetadata: {name: alice}\nspec: {roles: [dev, gone]}\n"
      "---\nkind: user\nmetadata: {name: bob}\nspec: {roles: [dev], status: {is_locked: true}}\n"
      "---\nkind: user\nmetadata: {name: carol}\nspec: {roles: [dev]}\n");
  const auto get = [&](const char* user, std::vector<std::string> groups = {}) {
    world.become({user, std::move(groups), ""});
    return world.verdict("GET", DEV "/pods/x") + " " + world.verdict("GET", "/version");
  };
  CHECK(get("carol") == "allow allow");
  CHECK(get("alice") == "403 403");
  CHECK(get("bob") == "403 403");
  CHECK(get("nobody") == "403 allow");
  CHECK(get("nobody", {"devs"}) == "allow allow");  // groupRoles
  CHECK(get("nobody", {"others"}) == "403 allow");
}

TEST_CASE("the cluster's labels have to match") {
  World world(
      "kind: role\nversion: v8\nmetadata: {name: dev}\nspec:\n  allow:\n    kubernetes_labels: "
      "{env: [dev, 'test-*'], team: '^a|b$'}\n");
  CHECK(world.verdict("GET", DEV "/pods/x") == "403");
  world.cluster.labels["team"] = "a";
  CHECK(world.verdict("GET", DEV "/pods/x") == "allow");
  CHECK(cluster_visible(world.policy(), world.subject(), world.cluster));
  world.cluster.labels["env"] = "test-1";
  CHECK(world.verdict("GET", DEV "/pods/x") == "allow");
  world.cluster.labels["env"] = "prod";
  CHECK(world.verdict("GET", DEV "/pods/x") == "403");
  CHECK_FALSE(cluster_visible(world.policy(), world.subject(), world.cluster));
  const World none(
      "kind: role\nversion: v8\nmetadata: {name: dev}\nspec:\n  allow:\n    "
      "kubernetes_resources:\n    - " +
      kTotal + "\n");
  CHECK(none.verdict("GET", DEV "/pods/x") == "403");
}

TEST_CASE("a name that one cluster proved gives nothing at another") {
  World world(role_v8({kTotal}));
  const auto at = [&world](const std::string& kube_cluster) {
    world.become({"alice", {}, "", kube_cluster});
    return world.verdict("GET", DEV "/pods/x") + " " + world.verdict("GET", "/version") + " " +
           (cluster_visible(world.policy(), world.subject(), world.cluster) ? "seen" : "unseen");
  };
  CHECK(at("") == "allow allow seen");
  CHECK(at("k") == "allow allow seen");
  CHECK(at("other") == "403 403 unseen");
  // A grant does not carry the name any further.
  const auto role = load_role(role_v8({kTotal}));
  world.assume({grant("r", {role}, {"/c/pod/k/dev/x"})});
  CHECK(world.verdict("GET", DEV "/pods/x") == "403");
}

TEST_CASE("a cluster is visible by static roles and by those that may be searched as") {
  const char* text =
      "kind: role\nversion: v8\nmetadata: {name: dev}\nspec: {allow: {request: {search_as_roles: "
      "[s, t]}}, "
      "deny: {request: {search_as_roles: [t]}}}\n---\n"
      "kind: role\nversion: v8\nmetadata: {name: s}\nspec: {allow: {kubernetes_labels: {env: "
      "dev}}}\n---\n"
      "kind: role\nversion: v8\nmetadata: {name: t}\nspec: {allow: {kubernetes_labels: {env: "
      "prod}}}\n---\n"
      "kind: user\nmetadata: {name: alice}\nspec: {roles: [dev]}\n";
  World world(text);
  CHECK(cluster_visible(world.policy(), world.subject(), world.cluster));
  CHECK(world.verdict("GET", DEV "/pods/x") == "403");
  world.cluster.labels["env"] = "prod";
  CHECK_FALSE(cluster_visible(world.policy(), world.subject(), world.cluster));
}

TEST_CASE("behaviour 1.7: role versions and their defaults") {
  const auto version = [](const char* name, const char* allow) {
    return World("kind: role\nversion: " + std::string(name) +
                 "\nmetadata: {name: dev}\nspec: {allow: {" + allow + "}}\n");
  };
  const auto line = [](const World& world) {
    return world.verdict("GET", DEV "/pods/x") + " " + world.verdict("GET", DEV "/secrets/x") +
           " " + world.verdict("GET", "/api/v1/nodes/n") + " " +
           world.verdict("GET", "/apis/e.com/v1/namespaces/dev/widgets/w") + " " +
           world.verdict("DELETE", "/api/v1/namespaces/dev");
  };
  const char* labels = "kubernetes_labels: {'*': '*'}";
  for (const char* name : {"v3", "v4", "v5", "v7", "v8"}) {
    CAPTURE(name);
    CHECK(line(version(name, labels)) == "allow allow allow allow 403");
  }
  CHECK(line(version("v6", labels)) == "403 allow allow 403 403");  // no pods
  CHECK(line(version("v3", "kubernetes_groups: [g]")) == "allow allow allow allow 403");
  CHECK(line(version("v3", "logins: [root]")) == "403 403 403 403 403");
  CHECK(line(version("v4", "kubernetes_groups: [g]")) == "403 403 403 403 403");
  const std::string pod =
      std::string(labels) + ", kubernetes_resources: [{kind: pod, namespace: dev, name: x}]";
  for (const char* name : {"v4", "v5", "v6"}) {
    CAPTURE(name);
    CHECK(line(version(name, pod.c_str())) == "allow allow allow 403 403");
    CHECK(version(name, pod.c_str()).verdict("GET", DEV "/pods/y") == "403");
  }
  const std::string pods =
      std::string(labels) + ", kubernetes_resources: [{kind: pod, namespace: '*', name: '*'}]";
  CHECK(line(version("v6", pods.c_str())) == "allow allow allow allow 403");
  const std::string total =
      std::string(labels) +
      ", kubernetes_resources: [{kind: '*', namespace: '*', name: '*', verbs: ['*']}]";
  CHECK(line(version("v7", total.c_str())) == "allow allow allow allow allow");
}

TEST_CASE("every need of a request comes from one role") {
  const std::string exec =
      role_v8({"{kind: pods, namespace: dev, name: x, verbs: [exec]}"}, {}, "a");
  const std::string change =
      role_v8({"{kind: pods, namespace: dev, name: x, verbs: [patch, update]}"}, {}, "b");
  const std::string both = role_v8({"{kind: pods, namespace: dev, name: x, verbs: [exec]}",
                                    "{kind: pods, namespace: dev, name: x, verbs: [patch]}"},
                                   {}, "c");
  const Ask patch{"PATCH", DEV "/pods/x/ephemeralcontainers", nullptr,
                  "application/strategic-merge-patch+json"};
  CHECK(World(exec + change).verdict(patch) == "403");
  CHECK(World(both).verdict(patch) == "allow");
  CHECK(World(both).verdict("PUT", DEV "/pods/x/ephemeralcontainers") == "403");
}

TEST_CASE("namespace objects") {
  const World inside(role_v8({"{kind: configmaps, namespace: dev, name: c, verbs: [create]}"}));
  CHECK(inside.verdict("GET", "/api/v1/namespaces/dev") == "allow");  // any allow rule inside
  CHECK(inside.seen("/api/v1/namespaces", {"dev", "prod"}) == "dev");
  CHECK(inside.seen("/api/v1/namespaces?watch=1", {"dev", "prod"}) == "dev");
  CHECK(inside.verdict("GET", "/api/v1/namespaces/prod") == "403");
  const auto change = [](const std::string& rule, bool v7) {
    const World world(v7 ? role_v7({rule}) : role_v8({rule}));
    return world.verdict("PUT", "/api/v1/namespaces/dev") + " " +
           world.verdict("DELETE", "/api/v1/namespaces/dev") + " " +
           with_body(world, "POST", "/api/v1/namespaces", body("dev")) + " " +
           world.verdict("PUT", "/api/v1/namespaces/dev/status");
  };
  CHECK(change("{kind: namespaces, name: dev, verbs: ['*']}", false) == "allow allow allow allow");
  CHECK(change("{kind: '*', api_group: '*', namespace: '', name: '*', verbs: ['*']}", false) ==
        "403 403 403 403");
  CHECK(change("{kind: '*', api_group: '*', namespace: '*', name: 'd*', verbs: ['*']}", false) ==
        "403 403 403 403");
  CHECK(change("{kind: namespace, name: dev, verbs: ['*']}", true) == "403 403 403 403");
  CHECK(change("{kind: '*', namespace: '*', name: '*', verbs: ['*']}", true) ==
        "allow allow allow allow");
}

TEST_CASE("access.postern.dev is never forwarded, nor are unknown kinds and wrong scopes") {
  const World world(role_v8({kTotal}));
  CHECK(world.verdict("GET", "/apis/access.postern.dev/v1alpha1/accessrequests") == "403");
  CHECK(world.verdict("GET", "/apis/access.postern.dev/v1alpha1/accessrequests/x") == "403");
  CHECK(world.verdict("GET", "/apis/access.postern.dev/v9/anything") == "403");
  CHECK(world.verdict("GET", DEV "/unknowns") == "404");
  CHECK(world.verdict("GET", DEV "/nodes") == "404");
  CHECK(world.verdict("DELETE", "/api/v1/pods") == "404");
  CHECK(world.verdict("POST", "/api/v1/pods") == "404");
}
