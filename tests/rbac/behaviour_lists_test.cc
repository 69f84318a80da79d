// The table 3.6 of the behaviour reference as rows: what lists show, and whether an object that is
// asked for by name is given. Namespaces are in behaviour_namespaces_test.cc.

#include "behaviour.h"

#include <optional>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

#define NS "/api/v1/namespaces/"

const char* kDefaultPods = "default/nginx-1 default/nginx-2 default/test";
const char* kAllPods = "default/nginx-1 default/nginx-2 default/test dev/nginx-1 dev/nginx-2";
const char* kNginx = "default/nginx-1 default/nginx-2";
const char* kDevPods = "dev/nginx-1 dev/nginx-2";

const char* kRoles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";

const char* kWidgets = "/apis/e.com/v1/widgets";
const std::vector<std::string> kWidgetObjects = {"default/telerole-1", "default/telerole-1",
                                                 "default/telerole-2", "default/telerole-test",
                                                 "dev/telerole-1",     "dev/telerole-2"};
const char* kDevWidgets = "dev/telerole-1 dev/telerole-2";

/// What a list shows, and what a get of one object that is in it says.
struct Row {
  std::string roles;
  std::optional<std::string> requested;  ///< a resource ID, assumed with the same role
  const char* list;
  const char* expected;
  const char* get;
};

void check_lists(const std::vector<Row>& rows, const std::vector<std::string>& objects,
                 const char* object) {
  for (const Row& row : rows) {
    CAPTURE(row.roles);
    CAPTURE(row.requested.value_or("nothing requested"));
    CAPTURE(row.list);
    World world(row.roles);
    if (row.requested) world.assume({grant("r1", {load_role(row.roles)}, {*row.requested})});
    // The API server answers with what is in the namespace that was asked for.
    const std::string target(row.list);
    const std::size_t at = target.find("/namespaces/");
    std::vector<std::string> there = objects;
    if (at != std::string::npos) {
      const std::size_t begin = at + std::string_view("/namespaces/").size();
      there = in(target.substr(begin, target.find('/', begin) - begin), objects);
    }
    CHECK(world.seen(row.list, there) == row.expected);
    CHECK(world.verdict("GET", object) == row.get);
  }
}

}  // namespace

TEST_CASE("behaviour 3.6: pods") {
  const char* here = NS "default/pods";
  const char* all = "/api/v1/pods";
  const std::string everywhere = role_v7({rule("pod", "*", "*")});
  const std::string of_default = role_v7({rule("pod", "default", "*")});
  const std::string nginx = role_v7({rule("pod", "default", "nginx-*")});
  const std::string trait = role_v7({rule("pod", "{{external.namespaces}}", "*")}) +
                            "kind: user\nmetadata: {name: alice}\nspec: {roles: [dev], traits: "
                            "{namespaces: [default]}}\n";
  const std::string denied = role_v7({rule("pod", "*", "*")}, {rule("pod", "default", "*")});
  const std::string only_get = role_v7({rule("pod", "default", "*", "[get]")});
  check_lists(
      {
          {everywhere, {}, here, kDefaultPods, "allow"},
          {everywhere, {}, all, kAllPods, "allow"},
          {of_default, {}, here, kDefaultPods, "allow"},
          {of_default, {}, all, kDefaultPods, "allow"},
          {trait, {}, here, kDefaultPods, "allow"},
          {trait, {}, all, kDefaultPods, "allow"},
          {nginx, {}, here, kNginx, "403"},
          {denied, {}, all, kDevPods, "403"},
          {of_default, "/c/pod/k/default/nginx-1", here, "default/nginx-1", "403"},
          // The role no longer covers what was requested.
          {nginx, "/c/pod/k/default/test", here, "403", "403"},
          {only_get, {}, here, "403", "allow"},
      },
      kFixturePods, NS "default/pods/test");
  // One name for a thing: there is no second form of the same ID, `kube:ns:pods`, to be granted.
  CHECK_FALSE(ResourceId::parse("/c/kube:ns:pods/k/default/test").has_value());
}

TEST_CASE("behaviour 3.6: cluster roles") {
  const std::string every = role_v7({cluster_rule("clusterrole", "*")});
  const std::string some = role_v7({cluster_rule("clusterrole", "cr-nginx-*")});
  check_lists(
      {
          {every, {}, kRoles, "cr-nginx-1 cr-nginx-2 cr-test", "allow"},
          {some, {}, kRoles, "cr-nginx-1 cr-nginx-2", "403"},
          {some, "/c/pod/k/default/test", kRoles, "403", "403"},
      },
      kFixtureClusterRoles, "/apis/rbac.authorization.k8s.io/v1/clusterroles/cr-test");
}

TEST_CASE("behaviour 3.6: custom resources") {
  const std::string every = role_v8({kEverything});
  const std::string of_dev = role_v8({group_rule("widgets", "e.com", "dev", "*")});
  const std::string all_of_dev =
      role_v8({group_rule("*", "*", "dev", "*"), cluster_rule("namespaces", "dev")});
  check_lists(
      {
          {every,
           {},
           kWidgets,
           "default/telerole-1 default/telerole-1 default/telerole-2 default/telerole-test "
           "dev/telerole-1 dev/telerole-2",
           "allow"},
          {of_dev, {}, kWidgets, kDevWidgets, "403"},
          {all_of_dev, {}, kWidgets, kDevWidgets, "403"},
          {all_of_dev, "/c/namespace/k/default", kWidgets, "403", "403"},
          {every, "/c/widgets.e.com/k/dev/*", kWidgets, kDevWidgets, "403"},
          // Everything of a namespace is asked for as the namespace: there is no kind `*` in an ID.
          {every, "/c/namespace/k/dev", kWidgets, kDevWidgets, "403"},
      },
      kWidgetObjects, "/apis/e.com/v1/namespaces/default/widgets/telerole-1");
  World elsewhere(all_of_dev);
  elsewhere.assume({grant("r1", {load_role(all_of_dev)}, {"/c/namespace/k/default"})});
  CHECK(elsewhere.verdict("DELETE", "/apis/e.com/v1/namespaces/dev/widgets") == "403");
  CHECK(elsewhere.verdict("DELETE", "/apis/e.com/v1/namespaces/default/widgets") == "403");
  CHECK_FALSE(ResourceId::parse("/c/*.*/k/dev/*").has_value());
}

TEST_CASE("behaviour 3.6: a requested namespace gives what is in it, and its own object to read") {
  const std::string every = role_v7({rule("*", "*", "*")});
  World world(every);
  world.assume({grant("r1", {load_role(every)}, {"/c/namespace/k/dev"})});
  CHECK(world.seen("/api/v1/pods", kFixturePods) == kDevPods);
  CHECK(world.seen("/api/v1/namespaces", {"default", "test", "dev", "prod"}) == "dev");
  CHECK(world.verdict("GET", kRoles) == "403");
  CHECK(world.verdict("DELETE", NS "dev") == "403");
}

TEST_CASE("behaviour 3.6: the kind of a custom resource is its plural and its group") {
  const auto widgets = [](const std::string& one) {
    return World(role_v8({one})).seen(kWidgets, {"dev/w", "dev/x"});
  };
  CHECK(widgets(group_rule("widgets", "e.com", "*", "*")) == "dev/w dev/x");
  CHECK(widgets(group_rule("widgets", "e.com", "*", "w*")) == "dev/w");
  CHECK(widgets(group_rule("widgets", "*.com", "*", "w*")) == "dev/w");
  CHECK(widgets(group_rule("widget", "e.com", "*", "*")) == "403");
  CHECK(widgets(group_rule("widgets", "other.com", "*", "*")) == "403");
  CHECK(widgets(rule("pods", "*", "*")) == "403");
  // Stricter: spellings that can never match are mistakes when the role is loaded.
  for (const char* kind : {"Widget", "*/x", "e.com/v1/widgets", "e.com/"}) {
    CAPTURE(kind);
    const LoadResult loaded =
        load_documents("r.yaml", role_v8({group_rule(kind, "e.com", "*", "*")}));
    CHECK(loaded.roles.empty());
    REQUIRE(loaded.errors.size() == 1);
    CHECK(loaded.errors.front().str().find("must be a plural in lower case") != std::string::npos);
  }
  const auto gadgets = [](const std::string& one) {
    return World(role_v8({one})).seen("/apis/e.com/v1/gadgets", {"g1", "h1"});
  };
  CHECK(gadgets(group_rule("gadgets", "e.com", "", "g*")) == "g1");
  CHECK(gadgets(group_rule("gadgets", "other.com", "", "g*")) == "403");
  CHECK(gadgets(group_rule("widgets", "e.com", "dev", "g*")) == "403");
}
