// The tables of the behaviour reference (3.2, 3.4 to 3.6, 3.8) as rows. Where the design is
// stricter, or where the eras of the model differ, the row says so.

#include "world.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

std::string rule(const char* kind, const char* space, const char* name, const char* verbs) {
  return "{kind: '" + std::string(kind) + "', namespace: '" + space + "', name: '" + name +
         "', verbs: " + verbs + "}";
}
std::string cluster_rule(const char* kind, const char* name, const char* verbs) {
  return "{kind: '" + std::string(kind) + "', name: '" + name + "', verbs: " + verbs + "}";
}

const char* kAll = "['*']";

struct Row {
  const char* method;
  const char* target;
  std::vector<std::string> rules;  ///< v7
  const char* expected;
};

void check_allow(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.target);
    CAPTURE(row.rules.empty() ? "" : row.rules.front());
    const World world(role_v7(row.rules));
    CHECK(world.verdict({row.method, row.target, nullptr, "application/merge-patch+json"}) ==
          row.expected);
  }
}

/// What is left when everything is allowed and these rules deny.
void check_deny(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.target);
    CAPTURE(row.rules.front());
    const World world(
        role_v8({"{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}"}, {},
                "all") +
        role_v7({}, row.rules));
    CHECK(world.verdict({row.method, row.target, nullptr, "application/merge-patch+json"}) ==
          row.expected);
  }
}

#define NS "/api/v1/namespaces/"
const char* kPod = NS "default/pods/podname";
const char* kRole = "/apis/rbac.authorization.k8s.io/v1/clusterroles/clusterrole";
const char* kRoles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
const char* kDefaultWidget = "/apis/e.com/v1/namespaces/default/widgets/telerole-1";
const char* kWidget = "/apis/e.com/v1/namespaces/default/widgets/name";

}  // namespace

TEST_CASE("behaviour 3.2: which object and verb a rule has to be about") {
  const auto verdict = [](const char* method, const char* target, const std::string& of_rule) {
    const World world(role_v8({of_rule}));
    return world.verdict({method, target, nullptr, "application/merge-patch+json"});
  };
  const std::string exec = rule("pods", "kube-system", "foo", "[exec]");
  const std::string get = rule("pods", "kube-system", "foo", "[get]");
  for (const char* sub : {NS "kube-system/pods/foo/exec", NS "kube-system/pods/foo/attach"}) {
    CHECK(verdict("GET", sub, exec) == "allow");
    CHECK(verdict("GET", sub, get) == "403");
  }
  CHECK(verdict("GET", NS "kube-system/pods/foo/portforward",
                rule("pods", "kube-system", "foo", "[portforward]")) == "allow");
  CHECK(verdict("GET", NS "kube-system/pods/foo/portforward", exec) == "403");
  // exec and the verb of the method, of one rule.
  const char* debug = NS "kube-system/pods/foo/ephemeralcontainers";
  CHECK(verdict("PATCH", debug, rule("pods", "kube-system", "foo", "[exec, patch]")) == "allow");
  CHECK(verdict("PATCH", debug, rule("pods", "kube-system", "foo", "[exec, update]")) == "403");
  CHECK(verdict("PATCH", debug, exec) == "403");
  CHECK(verdict("PUT", debug, rule("pods", "kube-system", "foo", "[exec, update]")) == "allow");
  CHECK(verdict("PUT", debug, rule("pods", "kube-system", "foo", "[exec, patch]")) == "403");
  // Stricter: a node's proxy runs commands in its pods, so that `get` and `*` are not enough.
  const char* proxy = "/api/v1/nodes/foo/proxy/bar";
  CHECK(verdict("GET", proxy, cluster_rule("nodes", "foo", "[get]")) == "403");
  CHECK(verdict("GET", proxy, cluster_rule("nodes", "foo", "['*']")) == "403");
  // Stricter: no kind goes unchecked, and scopes are discovery's.
  CHECK(verdict("GET", "/apis/apiregistration.k8s.io/v1/apiservices/foo/status", get) == "403");
}

TEST_CASE("behaviour 3.2: a POST is about the name in its body") {
  const World world(
      role_v8({"{kind: '*', api_group: '*', namespace: default, name: foo-create, verbs: [create]}",
               "{kind: namespaces, name: foo-create, verbs: [create]}"}));
  for (const char* target :
       {NS "default/pods", NS "default/secrets", NS "default/configmaps", NS "default/services",
        "/apis/apps/v1/namespaces/default/deployments", "/api/v1/namespaces"}) {
    CAPTURE(target);
    kube::BodyFacts named = body("foo-create");  // without apiVersion and kind
    kube::BodyFacts other = body("foo-other");
    CHECK(world.verdict("POST", target) == "body");
    CHECK(world.verdict({"POST", target, &named}) == "allow");
    CHECK(world.verdict({"POST", target, &other}) == "403");
  }
}

TEST_CASE("3.4: single objects and the rules of v7") {
  check_allow({
      {"GET", kPod, {rule("pod", "default", "podname", kAll)}, "allow"},
      {"GET", kPod, {rule("pod", "default", "podname", "[create, get]")}, "allow"},
      {"PATCH", kPod, {rule("pod", "default", "podname", "[get, get]")}, "403"},
      {"GET", kPod, {rule("pod", "default", "podname", "[]")}, "403"},
      {"GET",
       kPod,
       {rule("pod", "other", "podname", kAll), rule("pod", "default", "other", kAll),
        rule("pod", "default", "podname", kAll)},
       "allow"},
      {"GET",
       NS "default-5/pods/podname-5",
       {rule("pod", "defa*", "^podname-[0-9]+$", kAll)},
       "allow"},
      {"GET", NS "default/pods/pod-name", {rule("pod", "default", "^pod-[0-9]+$", kAll)}, "403"},
      {"GET", kPod, {rule("secret", "default", "podname", kAll)}, "403"},
      {"GET", kRole, {cluster_rule("clusterrole", "clusterrole", kAll)}, "allow"},
      {"GET", kRole, {rule("*", "*", "*", kAll)}, "allow"},
      {"GET", kRole, {rule("*", "*", "*", "[patch]")}, "403"},
      // Implicit reading of the namespace object.
      {"GET", NS "default", {rule("pod", "default", "podname", kAll)}, "allow"},
      {"PUT", NS "default", {rule("pod", "default", "podname", kAll)}, "403"},
      // A rule of kind namespace covers what is inside, with its verbs.
      {"GET", kPod, {cluster_rule("namespace", "default", "[get]")}, "allow"},
      {"PUT", kPod, {cluster_rule("namespace", "default", "[get]")}, "403"},
      {"GET", kWidget, {cluster_rule("namespace", "default", "[get]")}, "allow"},
      {"PUT", kWidget, {cluster_rule("namespace", "default", "[get]")}, "403"},
      {"GET",
       kWidget,
       {rule("pod", "default", "name", "[get]"),
        cluster_rule("namespace", "diffnamespace", "[get]")},
       "403"},
  });
  // A pattern that does not compile is an error when the role is loaded, not when it is asked.
  CHECK_FALSE(load_documents("f", role_v7({rule("pod", "default", "^podname-[0-+$", kAll)})).ok());
}

TEST_CASE("3.5: collections that could hold something") {
  check_allow({
      {"GET", NS "default/pods", {rule("pod", "default", "podname", kAll)}, "filter"},
      {"GET", NS "kube-system/pods", {rule("pod", "default", "podname", kAll)}, "403"},
      {"GET", NS "default/pods", {rule("pod", "default", "podname", "[create, list]")}, "filter"},
      {"DELETE", NS "default/pods", {rule("pod", "default", "podname", "[get, get]")}, "403"},
      {"GET",
       NS "default/pods",
       {rule("pod", "other", "podname", kAll), rule("pod", "other2", "podname", kAll),
        rule("pod", "default", "podname", kAll)},
       "filter"},
      {"GET", NS "default-5/pods", {rule("pod", "defa*", "^podname-[0-9]+$", kAll)}, "filter"},
      {"GET", NS "default/pods", {rule("pod", "default2", "podname", kAll)}, "403"},
      {"GET", "/api/v1/pods", {rule("pod", "default", "podname", kAll)}, "filter"},
      {"GET", NS "default/pods", {rule("secret", "default", "podname", kAll)}, "403"},
      {"GET", kRoles, {cluster_rule("clusterrole", "clusterrole", kAll)}, "filter"},
      {"GET", kRoles, {rule("*", "*", "*", kAll)}, "filter"},
      {"GET", kRoles, {rule("*", "*", "clusterrole", "[patch]")}, "403"},
      {"GET", "/api/v1/namespaces", {rule("pod", "default", "podname", kAll)}, "filter"},
      {"GET", NS "default/pods", {cluster_rule("namespace", "default", "[list]")}, "filter"},
      {"GET", NS "default2/pods", {cluster_rule("namespace", "default", "[list]")}, "403"},
      {"GET", "/api/v1/pods", {cluster_rule("namespace", "default", "[list]")}, "filter"},
  });
}

TEST_CASE("3.5: collections that a deny takes wholly") {
  check_deny({
      {"GET", NS "default-5/pods", {rule("pod", "defa*", "^podname-[0-9]+$", kAll)}, "filter"},
      {"GET", NS "default-5/pods", {rule("pod", "defa*", "*", kAll)}, "403"},
      {"GET", "/api/v1/pods", {rule("pod", "default", "podname", kAll)}, "filter"},
      {"GET", "/api/v1/pods", {rule("pod", "default", "*", kAll)}, "filter"},
      {"GET", NS "default/pods", {rule("secret", "*", "*", kAll)}, "filter"},
      {"GET", kRoles, {rule("*", "*", "*", kAll)}, "403"},
      {"GET", kRoles, {rule("*", "*", "s*", kAll)}, "filter"},
      {"GET", "/api/v1/namespaces", {rule("pod", "default", "podname", kAll)}, "filter"},
      // In the first era a deny on what is inside hid the namespace object; later it does not.
      {"GET", "/api/v1/namespaces", {rule("pod", "*", "*", kAll)}, "filter"},
      {"GET", NS "default/pods", {cluster_rule("namespace", "default", "[list]")}, "403"},
      {"GET", NS "default2/pods", {cluster_rule("namespace", "default", "[list]")}, "filter"},
      {"GET", "/api/v1/pods", {cluster_rule("namespace", "default", "[list]")}, "filter"},
      {"GET", "/api/v1/pods", {cluster_rule("namespace", "*", "[list]")}, "403"},
  });
}

namespace {

const std::vector<std::string> kPods = {"default/nginx-1", "default/nginx-2", "default/test",
                                        "dev/nginx-1", "dev/nginx-2"};
const std::string kDefaultPods = "default/nginx-1 default/nginx-2 default/test";
const std::string kAllPods = kDefaultPods + " dev/nginx-1 dev/nginx-2";
const std::vector<std::string> kClusterRoles = {"cr-nginx-1", "cr-nginx-2", "cr-test"};
const std::vector<std::string> kWidgets = {"default/telerole-1", "default/telerole-2",
                                           "default/telerole-test", "dev/telerole-1",
                                           "dev/telerole-2"};
const std::vector<std::string> kNamespaces = {"default", "test", "dev", "prod"};

std::string pods_in(const World& world, const char* space) {
  return world.seen(std::string(NS) + space + "/pods", kPods);
}
std::string all_pods(const World& world) {
  return world.seen("/api/v1/pods", kPods);
}

}  // namespace

TEST_CASE("3.6: lists end to end, pods") {
  const World everything(role_v7({rule("pod", "*", "*", kAll)}));
  CHECK(all_pods(everything) == kAllPods);
  CHECK(everything.verdict("GET", NS "default/pods/test") == "allow");

  const World limited(role_v7({rule("pod", "default", "*", kAll)}));
  CHECK(all_pods(limited) == kDefaultPods);
  CHECK(pods_in(limited, "default") == kDefaultPods);

  const World nginx(role_v7({rule("pod", "default", "nginx-*", kAll)}));
  CHECK(pods_in(nginx, "default") == "default/nginx-1 default/nginx-2");
  CHECK(nginx.verdict("GET", NS "default/pods/test") == "403");

  const World denied(role_v7({rule("pod", "*", "*", kAll)}, {rule("pod", "default", "*", kAll)}));
  CHECK(all_pods(denied) == "dev/nginx-1 dev/nginx-2");
  CHECK(denied.verdict("GET", NS "default/pods/test") == "403");

  const World only_get(role_v7({rule("pod", "default", "*", "[get]")}));
  CHECK(only_get.verdict("GET", NS "default/pods") == "403");
  CHECK(only_get.verdict("GET", NS "default/pods/test") == "allow");

  const World trait(role_v7({rule("pod", "{{external.namespaces}}", "*", kAll)}) +
                    "kind: user\nmetadata: {name: alice}\nspec: {roles: [dev], traits: "
                    "{namespaces: [default]}}\n");
  CHECK(all_pods(trait) == kDefaultPods);
}

TEST_CASE("3.6: lists end to end, with requested resources") {
  const auto role = [](const std::string& rules) { return load_role(role_v7({rules})); };
  const auto assume = [&](const std::string& rules, const std::vector<std::string>& ids) {
    World world(role_v7({rules}));
    world.assume({grant("r1", {role(rules)}, ids)});
    return world;
  };
  const World one = assume(rule("pod", "default", "*", kAll), {"/c/pod/k/default/nginx-1"});
  CHECK(pods_in(one, "default") == "default/nginx-1");
  CHECK(one.verdict("GET", NS "default/pods/test") == "403");
  // The role no longer covers what was requested.
  const World gone = assume(rule("pod", "default", "nginx-*", kAll), {"/c/pod/k/default/test"});
  CHECK(pods_in(gone, "default") == "403");
  CHECK(gone.verdict("GET", NS "default/pods/test") == "403");
  // One name for a thing: there is no second form of the same ID, `kube:ns:pods`, to be granted.
  CHECK_FALSE(ResourceId::parse("/c/kube:ns:pods/k/default/test").has_value());
  const World roles =
      assume(cluster_rule("clusterrole", "cr-nginx-*", kAll), {"/c/pod/k/default/test"});
  CHECK(roles.verdict("GET", kRoles) == "403");
  const World custom = assume(rule("*", "*", "*", kAll), {"/c/widgets.e.com/k/dev/*"});
  CHECK(custom.seen("/apis/e.com/v1/widgets", kWidgets) == "dev/telerole-1 dev/telerole-2");
  CHECK(custom.verdict("GET", "/apis/e.com/v1/namespaces/default/widgets/telerole-1") == "403");
  const World space = assume(rule("*", "*", "*", kAll), {"/c/namespace/k/dev"});
  CHECK(space.seen("/apis/e.com/v1/widgets", kWidgets) == "dev/telerole-1 dev/telerole-2");
  CHECK(all_pods(space) == "dev/nginx-1 dev/nginx-2");
  CHECK(space.verdict("GET", kRoles) == "403");
  CHECK(space.seen("/api/v1/namespaces", kNamespaces) == "dev");
}

TEST_CASE("3.6: cluster-scoped kinds and custom resources") {
  const World every(role_v7({cluster_rule("clusterrole", "*", kAll)}));
  CHECK(every.seen(kRoles, kClusterRoles) == "cr-nginx-1 cr-nginx-2 cr-test");
  const World some(role_v7({cluster_rule("clusterrole", "cr-nginx-*", kAll)}));
  CHECK(some.seen(kRoles, kClusterRoles) == "cr-nginx-1 cr-nginx-2");
  CHECK(some.verdict("GET", std::string(kRoles) + "/cr-test") == "403");

  const char* widgets = "/apis/e.com/v1/widgets";
  const World star(
      role_v8({"{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}"}));
  CHECK(
      star.seen(widgets, kWidgets) ==
      "default/telerole-1 default/telerole-2 default/telerole-test dev/telerole-1 dev/telerole-2");
  const World dev(
      role_v8({"{kind: widgets, api_group: e.com, namespace: dev, name: '*', verbs: ['*']}"}));
  CHECK(dev.seen(widgets, kWidgets) == "dev/telerole-1 dev/telerole-2");
  CHECK(dev.verdict("GET", kDefaultWidget) == "403");
  // Everything of one namespace, with the namespace itself; then a request for another one's.
  const std::string of_dev =
      role_v8({"{kind: '*', api_group: '*', namespace: dev, name: '*', verbs: ['*']}",
               "{kind: namespaces, name: dev, verbs: ['*']}"});
  World space(of_dev);
  CHECK(space.seen(widgets, kWidgets) == "dev/telerole-1 dev/telerole-2");
  CHECK(space.verdict("GET", kDefaultWidget) == "403");
  space.assume({grant("r1", {load_role(of_dev)}, {"/c/namespace/k/default"})});
  CHECK(space.verdict("GET", widgets) == "403");
  CHECK(space.verdict("DELETE", "/apis/e.com/v1/namespaces/dev/widgets") == "403");
  CHECK(space.verdict("GET", kDefaultWidget) == "403");
  // Plural, group and scope.
  const World wrong(
      role_v8({"{kind: widgets, api_group: other.com, namespace: '*', name: '*', verbs: ['*']}",
               "{kind: widget, api_group: e.com, namespace: '*', name: '*', verbs: ['*']}"}));
  CHECK(wrong.verdict("GET", widgets) == "403");
  const World gadgets(role_v8(
      {"{kind: gadgets, api_group: e.com, namespace: '', name: 'g*', verbs: [get, list]}"}));
  CHECK(gadgets.seen("/apis/e.com/v1/gadgets", {"g1", "h1"}) == "g1");
}

TEST_CASE("3.6: other spellings of a custom resource's kind are mistakes") {
  for (const char* kind : {"Widget", "*/x", "e.com/v1/widgets", "e.com/"}) {
    CAPTURE(kind);
    const LoadResult loaded = load_documents(
        "r.yaml", role_v8({"{kind: '" + std::string(kind) +
                           "', api_group: e.com, namespace: '*', name: '*', verbs: ['*']}"}));
    CHECK(loaded.roles.empty());
    REQUIRE(loaded.errors.size() == 1);
    CHECK(loaded.errors.front().str().find("must be a plural in lower case") != std::string::npos);
  }
}

TEST_CASE("3.6: list everything in a namespace (v8 and v7)") {
  struct Everything {
    const char* version;
    std::vector<std::string> rules;
    const char* pods;
    const char* roles;
    const char* namespaces;
  };
  const std::string star_star =
      "{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}";
  const auto v8 = [](const char* space, const char* name) {
    return "{kind: '*', api_group: '*', namespace: '" + std::string(space) + "', name: '" + name +
           "', verbs: ['*']}";
  };
  const auto spaces = [](const char* name) {
    return "{kind: namespaces, api_group: '', name: '" + std::string(name) + "', verbs: ['*']}";
  };
  const char* all_names = "default test dev prod";
  const char* all_roles = "cr-nginx-1 cr-nginx-2 cr-test";
  const std::vector<Everything> rows = {
      {"v8", {}, "all", all_roles, all_names},
      {"v8", {v8("*", "*"), v8("", "*")}, "all", all_roles, all_names},
      {"v8", {v8("^.+$", "*")}, "all", "403", all_names},
      {"v8", {v8("", "*")}, "403", all_roles, all_names},
      {"v8", {v8("default", "*")}, "default", "403", "default"},
      {"v8", {spaces("*")}, "403", "403", all_names},
      {"v8", {spaces("dev")}, "403", "403", "dev"},
      // Design: a rule limited to namespaces gives nothing cluster-scoped; v7 once gave all three.
      {"v7", {rule("*", "default", "*", kAll)}, "default", "403", "default"},
      {"v7", {cluster_rule("namespace", "*", kAll)}, "all", "403", all_names},
      {"v7", {cluster_rule("namespace", "default", kAll)}, "default", "403", "default"},
      {"v7", {cluster_rule("namespace", "dev", kAll)}, "dev", "403", "dev"},
      {"v7", {rule("*", "*", "*test*", kAll)}, "default/test", "cr-test", all_names},
      {"v8", {v8("*", "*test*")}, "default/test", "cr-test", all_names},
  };
  for (const Everything& row : rows) {
    CAPTURE(row.version);
    CAPTURE(row.rules.empty() ? "" : row.rules.front());
    std::string text = "kind: role\nversion: " + std::string(row.version) +
                       "\nmetadata: {name: dev}\nspec:\n  allow:\n    kubernetes_labels: {'*': "
                       "'*'}\n    kubernetes_resources:\n";
    if (row.rules.empty())
      text.replace(text.rfind("    kubernetes_resources"), std::string::npos, "");
    for (const std::string& one : row.rules) text += "    - " + one + "\n";
    const World world(text);
    const std::string pods = all_pods(world);
    const std::string expected = std::string(row.pods) == "all"       ? kAllPods
                                 : std::string(row.pods) == "default" ? kDefaultPods
                                 : std::string(row.pods) == "dev"     ? "dev/nginx-1 dev/nginx-2"
                                                                      : row.pods;
    CHECK(pods == expected);
    CHECK(world.seen(kRoles, kClusterRoles) == row.roles);
    CHECK(world.seen("/api/v1/namespaces", kNamespaces) == row.namespaces);
  }
}

TEST_CASE("3.6: which namespaces are listed") {
  const std::vector<std::string> allow = {
      "{kind: pods, namespace: 'pr*', name: '*', verbs: ['*']}",
      "{kind: widgets, api_group: e.com, namespace: test, name: '*', verbs: ['*']}"};
  const auto namespaces = [](const World& world) {
    return world.seen("/api/v1/namespaces", kNamespaces);
  };
  CHECK(namespaces(World(role_v8(allow))) == "test prod");
  CHECK(namespaces(World(role_v8(allow, {"{kind: pods, namespace: prod, name: '*'}"}))) ==
        "test prod");
  const std::vector<std::string> full = {
      "{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}"};
  CHECK(namespaces(World(role_v8(full, {"{kind: namespaces, name: dev}"}))) == "default test prod");
  for (const char* deny :
       {"{kind: '*', api_group: '*', namespace: '', name: '*'}", "{kind: namespaces, name: '*'}"}) {
    CAPTURE(deny);
    const World world(role_v8(full, {deny}));
    CHECK(namespaces(world) == "403");
    CHECK(all_pods(world) == kAllPods);
  }
}

TEST_CASE("3.6: denies across a cluster, and deleting namespaces") {
  const std::vector<std::string> full = {
      "{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}"};
  const auto deletes = [](const World& world, const char* space) {
    return world.verdict("DELETE", std::string(NS) + space);
  };
  const std::string cluster_wide = "{kind: '*', api_group: '*', namespace: '', name: '*'}";
  const World first(role_v8(full, {cluster_wide}));
  CHECK(all_pods(first) == kAllPods);
  CHECK(deletes(first, "test") == "403");
  const World second(
      role_v8(full, {cluster_wide, "{kind: '*', api_group: '*', namespace: dev, name: '*'}"}));
  CHECK(all_pods(second) == kDefaultPods);
  CHECK(deletes(second, "test") == "403");

  CHECK(deletes(World(role_v8(full)), "test") == "allow");
  for (const char* deny : {"{kind: '*', api_group: '*', namespace: test, name: '*'}",
                           "{kind: namespaces, name: '*'}", "{kind: namespaces, name: test}",
                           // Design: refused while a deny could match inside.
                           "{kind: pods, namespace: test, name: '*'}",
                           "{kind: pods, namespace: test, name: x, verbs: [get]}"}) {
    CAPTURE(deny);
    CHECK(deletes(World(role_v8(full, {deny})), "test") == "403");
  }
  CHECK(deletes(World(role_v8(full, {"{kind: namespaces, name: test}"})), "dev") == "allow");

  // What is inside may be deleted, the namespace not.
  for (const std::string shape :
       {"{kind: '*', api_group: '*', namespace: dev, name: '*', verbs: ['*']}",
        "{kind: '*', api_group: '*', namespace: 'd*', name: '*', verbs: ['*']}"}) {
    const World world(role_v8({shape}));
    CHECK(world.verdict("DELETE", NS "dev/pods") == "filter");
    CHECK(world.verdict("DELETE", NS "dev/secrets") == "filter");
    CHECK(deletes(world, "dev") == "403");
  }
  const World v7(role_v7({cluster_rule("namespace", "dev", kAll)}));
  CHECK(v7.verdict("DELETE", NS "dev/pods") == "filter");
  CHECK(deletes(v7, "dev") == "403");
}

TEST_CASE("3.8: watches") {
  const std::vector<std::string> events = {"dev/podAdded", "default/podAdded", "default/otherPod"};
  const auto watch = [&](const World& world) {
    return world.seen("/api/v1/pods?watch=true", events);
  };
  CHECK(watch(World(role_v7({rule("pod", "*", "*", kAll)}))) ==
        "dev/podAdded default/podAdded default/otherPod");
  CHECK(watch(World(role_v7({rule("pod", "default", "*", kAll)}))) ==
        "default/podAdded default/otherPod");
  CHECK(watch(World(role_v7({rule("pod", "default", "*", kAll)},
                            {rule("pod", "default", "otherPod", kAll)}))) == "default/podAdded");
  CHECK(watch(World(role_v7({rule("pod", "default", "rand*", kAll)}))) == "");
}

TEST_CASE("3.9: deletecollection") {
  const auto victims = [](const World& world, const char* space) {
    return world.seen(std::string(NS) + space + "/pods", kPods, "DELETE");
  };
  CHECK(victims(World(role_v7({rule("pod", "*", "*", kAll)})), "default") == kAllPods);
  const World limited(role_v7({rule("pod", "default", "*", kAll)}));
  CHECK(victims(limited, "default") == kDefaultPods);
  CHECK(victims(limited, "dev") == "403");
  CHECK(victims(World(role_v7({rule("pod", "default", "nginx-*", kAll)})), "default") ==
        "default/nginx-1 default/nginx-2");
}
