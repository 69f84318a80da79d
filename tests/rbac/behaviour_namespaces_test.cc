// The rows of the behaviour reference's table 3.6 about whole namespaces and namespace objects, for
// roles of v7 and v8. Where postern is stricter, the row says so.

#include "behaviour.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

#define NS "/api/v1/namespaces/"

const std::vector<std::string> kWidgets = {"default/telerole-1", "default/telerole-2",
                                           "default/telerole-test", "dev/telerole-1",
                                           "dev/telerole-2"};
const std::vector<std::string> kNamespaces = {"default", "test", "dev", "prod"};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string pods(const World& world) {
  return world.seen("/api/v1/pods", kFixturePods);
}
std::string widgets(const World& world) {
  return world.seen("/apis/e.com/v1/widgets", kWidgets);
}
std::string cluster_roles(const World& world) {
  return world.seen("/apis/rbac.authorization.k8s.io/v1/clusterroles", kFixtureClusterRoles);
}
std::string namespaces(const World& world) {
  return world.seen("/api/v1/namespaces", kNamespaces);
}

/// v8: every kind, in these namespaces ("": what has no namespace).
std::string every_kind(const char* space, const char* name = "*") {
  return group_rule("*", "*", space, name);
}

std::string deletes(const World& world, const char* space) {
  return world.verdict("DELETE", std::string(NS) + space);
}

}  // namespace

TEST_CASE("behaviour 3.6: list everything in a namespace, v8 and v7") {
  struct Row {
    const char* version;
    std::vector<std::string> rules;
    const char* inside;  ///< the namespace whose pods and custom resources are shown, or the answer
    const char* roles;
    const char* namespaces;
  };
  const std::string all_roles = joined(kFixtureClusterRoles);
  const std::string all_names = joined(kNamespaces);
  const std::vector<Row> rows = {
      {"v8", {}, "all", all_roles.c_str(), all_names.c_str()},
      {"v8", {every_kind("*"), every_kind("")}, "all", all_roles.c_str(), all_names.c_str()},
      {"v8", {every_kind("^.+$")}, "all", "403", all_names.c_str()},
      {"v8", {every_kind("")}, "403", all_roles.c_str(), all_names.c_str()},
      {"v8", {every_kind("default")}, "default", "403", "default"},
      {"v8", {cluster_rule("namespaces", "*")}, "403", "403", all_names.c_str()},
      {"v8", {cluster_rule("namespaces", "dev")}, "403", "403", "dev"},
      // Stricter: a rule limited to namespaces gives nothing cluster-scoped; v7 once gave all
      // three.
      {"v7", {rule("*", "default", "*")}, "default", "403", "default"},
      {"v7", {cluster_rule("namespace", "*")}, "all", "403", all_names.c_str()},
      {"v7", {cluster_rule("namespace", "default")}, "default", "403", "default"},
      {"v7", {cluster_rule("namespace", "dev")}, "dev", "403", "dev"},
      {"v7", {rule("*", "*", "*test*")}, "test", "cr-test", all_names.c_str()},
      {"v8", {every_kind("*", "*test*")}, "test", "cr-test", all_names.c_str()},
  };
  for (const Row& row : rows) {
    CAPTURE(row.version);
    CAPTURE(joined(row.rules));
    std::string text = "kind: role\nversion: " + std::string(row.version) +
                       "\nmetadata: {name: dev}\nspec:\n  allow:\n    kubernetes_labels: {'*': "
                       "'*'}\n";
    if (!row.rules.empty()) text += "    kubernetes_resources:\n";
    for (const std::string& one : row.rules) text += "    - " + one + "\n";
    const World world(text);
    const auto expected = [&](const std::vector<std::string>& objects, const char* of_test) {
      const std::string_view inside = row.inside;
      return inside == "all"    ? joined(objects)
             : inside == "403"  ? "403"
             : inside == "test" ? of_test
                                : joined(in(inside, objects));
    };
    CHECK(pods(world) == expected(kFixturePods, "default/test"));
    CHECK(widgets(world) == expected(kWidgets, "default/telerole-test"));
    CHECK(cluster_roles(world) == row.roles);
    CHECK(namespaces(world) == row.namespaces);
  }
}

TEST_CASE("behaviour 3.6: which namespaces are listed") {
  const std::vector<std::string> allow = {rule("pods", "pr*", "*"),
                                          group_rule("widgets", "e.com", "test", "*")};
  CHECK(namespaces(World(role_v8(allow))) == "test prod");
  CHECK(namespaces(World(role_v8(allow, {rule("pods", "prod", "*")}))) == "test prod");
  CHECK(namespaces(World(role_v8({kEverything}, {cluster_rule("namespaces", "dev")}))) ==
        "default test prod");
  CHECK(namespaces(World(role_v8(allow, {cluster_rule("namespaces", "prod")}))) == "test");
  for (const std::string& deny : {every_kind(""), cluster_rule("namespaces", "*")}) {
    CAPTURE(deny);
    for (const std::vector<std::string>& given : {allow, {kEverything}}) {
      CHECK(namespaces(World(role_v8(given, {deny}))) == "403");
    }
    CHECK(pods(World(role_v8({kEverything}, {deny}))) == joined(kFixturePods));
  }
}

TEST_CASE("behaviour 3.6: denies across a cluster") {
  const World first(role_v8({kEverything}, {every_kind("")}));
  CHECK(pods(first) == joined(kFixturePods));
  CHECK(cluster_roles(first) == "403");
  CHECK(namespaces(first) == "403");
  CHECK(deletes(first, "test") == "403");
  const World second(role_v8({kEverything}, {every_kind(""), every_kind("dev")}));
  CHECK(pods(second) == joined(in("default", kFixturePods)));
  CHECK(namespaces(second) == "403");
  CHECK(deletes(second, "test") == "403");
}

TEST_CASE("behaviour 3.6: deleting a namespace") {
  CHECK(deletes(World(role_v8({kEverything})), "test") == "allow");
  for (const std::string& deny :
       {every_kind("test"), cluster_rule("namespaces", "*"), cluster_rule("namespaces", "test"),
        // Stricter: what is denied inside would be deleted with it.
        rule("pods", "test", "*"), rule("pods", "test", "x", "[get]")}) {
    CAPTURE(deny);
    CHECK(deletes(World(role_v8({kEverything}, {deny})), "test") == "403");
  }
  CHECK(deletes(World(role_v8({kEverything}, {cluster_rule("namespaces", "test")})), "dev") ==
        "allow");
  CHECK(deletes(World(role_v8({kEverything}, {rule("pods", "test", "*")})), "dev") == "allow");
}

TEST_CASE("behaviour 3.6: everything in a namespace may be deleted, the namespace not") {
  const std::string no_delete = cluster_rule("namespaces", "dev", "[delete]");
  for (const World& world : {
           World(role_v8({kEverything}, {no_delete})),
           World(role_v8({every_kind("dev"), cluster_rule("namespaces", "dev")}, {no_delete})),
           World(role_v8({every_kind("dev"), cluster_rule("namespaces", "dev", "[get, list]")})),
           // Without a word of the namespace object, a rule for what is inside reads it only.
           World(role_v8({every_kind("dev")})),
           World(role_v8({every_kind("d*")})),
           World(role_v7({cluster_rule("namespace", "dev")})),
       }) {
    CHECK(world.verdict("DELETE", NS "dev/pods") == "filter");
    CHECK(world.verdict("DELETE", NS "dev/secrets") == "filter");
    CHECK(world.verdict("DELETE", NS "dev/pods/x") == "allow");
    CHECK(world.verdict("GET", NS "dev") == "allow");
    CHECK(deletes(world, "dev") == "403");
  }
  // With the verb, and no deny, it may.
  CHECK(deletes(World(role_v8({every_kind("dev"), cluster_rule("namespaces", "dev")})), "dev") ==
        "allow");
}
