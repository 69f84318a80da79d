// What resource IDs of an assumed request let through (behaviour reference §2.2 "Enforcement").

#include "world.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

#define DEV "/api/v1/namespaces/dev"

const std::string kPods = "{kind: pods, namespace: '*', name: '*', verbs: [get, list]}";
const std::string kSecrets = "{kind: secrets, namespace: dev, name: 'app-*', verbs: ['*']}";
const std::string kNodes = "{kind: nodes, name: '*', verbs: [get]}";
const std::string kAlice = "kind: user\nmetadata: {name: alice}\nspec: {roles: [held]}\n";

struct Row {
  const char* what;
  std::vector<std::string> ids;
  const char* method;
  const char* target;
  const char* want;
};

}  // namespace

TEST_CASE("behaviour 2.2 enforcement: role rules and resource IDs have to match both") {
  const std::string role = role_v8({kPods, kSecrets, kNodes}, {}, "granted");
  World world(role + role_v8({}, {}, "held") + kAlice);
  for (const Row& row : std::vector<Row>{
           {"without IDs all of the role", {}, "GET", DEV "/pods/a", "allow"},
           {"the ID", {"/c/pod/k/dev/a"}, "GET", DEV "/pods/a", "allow"},
           {"another name", {"/c/pod/k/dev/a"}, "GET", DEV "/pods/b", "403"},
           {"another namespace", {"/c/pod/k/dev/a"}, "GET", "/api/v1/namespaces/x/pods/a", "403"},
           {"another kind of that name", {"/c/pod/k/dev/a"}, "GET", DEV "/secrets/a", "403"},
           {"a kind of the role without an ID",
            {"/c/pod/k/dev/a"},
            "GET",
            "/api/v1/nodes/n",
            "403"},
           {"verbs are the role's", {"/c/pod/k/dev/a"}, "DELETE", DEV "/pods/a", "403"},
           {"each kind with its own verbs",
            {"/c/secret/k/dev/*"},
            "DELETE",
            DEV "/secrets/app-1",
            "allow"},
           {"what the role does not cover is dropped",
            {"/c/secret/k/dev/db"},
            "GET",
            DEV "/secrets/db",
            "403"},
           {"a pattern wider than the role gives the role",
            {"/c/secret/k/*/*"},
            "GET",
            DEV "/secrets/db",
            "403"},
           {"and within it", {"/c/secret/k/*/*"}, "GET", DEV "/secrets/app-1", "allow"},
           {"a list is what both have", {"/c/pod/k/dev/a"}, "GET", DEV "/pods", "filter"},
           {"a list of what neither has", {"/c/pod/k/dev/a"}, "GET", DEV "/secrets", "403"},
           {"a whole cluster: every rule", {"/c/kube_cluster/k"}, "GET", DEV "/pods/a", "allow"},
           {"also of kinds without namespace",
            {"/c/kube_cluster/k"},
            "GET",
            "/api/v1/nodes/n",
            "allow"},
           {"and no more than those", {"/c/kube_cluster/k"}, "GET", DEV "/secrets/db", "403"},
           {"another cluster", {"/c/kube_cluster/other"}, "GET", DEV "/pods/a", "403"},
           {"a whole namespace: every rule in it",
            {"/c/namespace/k/dev"},
            "DELETE",
            DEV "/secrets/app-1",
            "allow"},
           {"but nothing beside it", {"/c/namespace/k/dev"}, "GET", "/api/v1/nodes/n", "403"},
           {"several IDs add up",
            {"/c/pod/k/dev/a", "/c/kube_node/k/n"},
            "GET",
            "/api/v1/nodes/n",
            "allow"},
       }) {
    world.assume({grant("r", {load_role(role)}, row.ids)});
    INFO(row.what);
    CHECK(world.verdict(row.method, row.target) == row.want);
  }
}

TEST_CASE("behaviour 2.2 enforcement: denies of the granted role and of static ones stay") {
  const std::string deny_b = "{kind: pods, namespace: dev, name: b, verbs: ['*']}";
  const std::string deny_c = "{kind: pods, namespace: dev, name: c, verbs: [get]}";
  const std::string role = role_v8({kPods}, {deny_b}, "granted");
  World world(role + role_v8({}, {deny_c}, "held") + kAlice);
  world.assume({grant("r", {load_role(role)}, {"/c/kube_cluster/k"})});
  CHECK(world.verdict("GET", DEV "/pods/a") == "allow");
  CHECK(world.verdict("GET", DEV "/pods/b") == "403");
  CHECK(world.verdict("GET", DEV "/pods/c") == "403");
  CHECK(world.seen(DEV "/pods", {"dev/a", "dev/b", "dev/c"}) == "dev/a");
}

// The model takes one request for resources at a time. Here each is a grant of its own: they add
// up, and no role of one meets an ID of the other.
TEST_CASE("behaviour 2.2 enforcement: several requests add up and do not mix") {
  const std::string pods = role_v8({kPods}, {}, "pods");
  const std::string secrets = role_v8({kSecrets}, {}, "secrets");
  World world(pods + secrets + role_v8({}, {}, "held") + kAlice);
  world.assume({grant("r1", {load_role(pods)}, {"/c/pod/k/dev/a", "/c/secret/k/dev/app-1"}),
                grant("r2", {load_role(secrets)}, {"/c/secret/k/dev/app-2", "/c/pod/k/dev/b"})});
  CHECK(world.verdict("GET", DEV "/pods/a") == "allow");
  CHECK(world.verdict("GET", DEV "/secrets/app-2") == "allow");
  CHECK(world.verdict("GET", DEV "/pods/b") == "403");
  CHECK(world.verdict("GET", DEV "/secrets/app-1") == "403");
}

// While something is assumed everything else is refused; dropping it brings static roles back.
TEST_CASE("behaviour 2.2 enforcement: static roles allow nothing beside an assumed request") {
  const std::string role = role_v8({kPods}, {}, "granted");
  World world(role + role_v8({kSecrets}, {}, "held") + kAlice);
  CHECK(world.verdict("GET", DEV "/secrets/app-1") == "allow");
  world.assume({grant("r", {load_role(role)}, {"/c/pod/k/dev/a"})});
  CHECK(world.verdict("GET", DEV "/secrets/app-1") == "403");
  CHECK(world.verdict("GET", DEV "/pods/a") == "allow");
  world.assume({});
  CHECK(world.verdict("GET", DEV "/secrets/app-1") == "allow");
  CHECK(world.verdict("GET", DEV "/pods/a") == "403");
}
