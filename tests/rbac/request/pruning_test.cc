// The pruning of search roles (behaviour reference §2.2, §3.12). Where the model's kinds have no
// inventory here (nodes, databases, apps, desktops), kube kinds and clusters take their place; what
// differs on purpose is said at its row.

#include "tests/rbac/request/asking.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

namespace {

const std::string kTeams =
    pod_role("access", "{kind: pod, namespace: '*', name: '*', verbs: [get]}") +
    role("admins",
         "allow: {kubernetes_labels: {owner: admins}, logins: [root], kubernetes_resources: "
         "[{kind: pod, namespace: '*', name: '*', verbs: ['*']}]}, "
         "deny: {kubernetes_labels: {denied: 'true'}}") +
    pod_role("blue", "{kind: pod, namespace: '*', name: '*', verbs: ['*']}", "team: blue") +
    pod_role("secrets", "{kind: secret, namespace: '*', name: '*', verbs: [get]}") +
    pod_role("nodes", "{kind: kube_node, name: '*', verbs: [get]}") +
    pod_role("deploys", "{kind: deployment, namespace: '*', name: '*', verbs: [get]}") +
    pod_role("dev-space", "{kind: namespace, name: dev, verbs: ['*']}") +
    role("widgets",
         "allow: {kubernetes_labels: {'*': '*'}, kubernetes_resources: [{kind: widgets, api_group: "
         "e.com, namespace: '*', name: '*', verbs: [get]}]}",
         "v8") +
    role("no-vault",
         "allow: {kubernetes_labels: {'*': '*'}, kubernetes_resources: [{kind: secret, namespace: "
         "'*', name: '*', verbs: ['*']}]}, "
         "deny: {kubernetes_resources: [{kind: secret, namespace: vault, name: '*', verbs: ['*']}, "
         "{kind: secret, namespace: dev, name: 'root-*', verbs: ['*']}, "
         "{kind: secret, namespace: ops, name: '*', verbs: [delete]}]}") +
    role("seeks",
         "allow: {request: {search_as_roles: [access, admins, blue, secrets, nodes, deploys, "
         "widgets]}}") +
    role("seeks-admins", "allow: {request: {search_as_roles: [admins]}}") +
    role("seeks-space", "allow: {request: {search_as_roles: [access, dev-space, nodes]}}") +
    role("seeks-no-vault", "allow: {request: {search_as_roles: [no-vault]}}") +
    role("seeks-both", "allow: {request: {search_as_roles: [no-vault, secrets]}}");

/// Clusters of several owners; "leaf" is another team's.
Directory teams() {
  Directory directory = directory_of(kTeams);
  const auto catalog = test_catalog();
  directory.kube_clusters = {
      {"mine", {{{"owner", "admins"}}, "uid-m", catalog}},
      {"denied", {{{"owner", "admins"}, {"denied", "true"}}, "uid-d", catalog}},
      {"blue", {{{"team", "blue"}}, "uid-b", catalog}},
      {"leaf", {{{"team", "other"}}, "uid-l", catalog}}};
  return directory;
}

struct Row {
  std::vector<std::string> held;
  std::vector<std::string> ids;
  std::string want;  ///< roles, or a part of the refusal
};

void check(const std::vector<Row>& rows) {
  const Directory directory = teams();
  for (const Row& row : rows) {
    const auto request =
        create_as(directory, person_of(directory, "alice", row.held), for_ids(row.ids));
    INFO(row.held.front() << ": " << row.ids.front());
    if (row.want.find(' ') == std::string::npos || request.has_value()) {
      CHECK(roles_of(request) == row.want);
    } else {
      CHECK_HAS(said(request), row.want);
    }
  }
}

const std::string kNobody = "no role that you may request reaches";

}  // namespace

TEST_CASE("behaviour 3.12 pruning: by the labels of the cluster") {
  check({
      {{"seeks"}, {"/mycluster/pod/mine/dev/web"}, "access admins"},
      {{"seeks"}, {"/mycluster/pod/blue/dev/web"}, "access blue"},
      // A role that denies the cluster is of no use there.
      {{"seeks"}, {"/mycluster/pod/denied/dev/web"}, "access"},
      {{"seeks-admins"}, {"/mycluster/pod/mine/dev/web"}, "admins"},
      {{"seeks-admins"}, {"/mycluster/pod/denied/dev/web"}, kNobody},
      {{"seeks-admins"}, {"/mycluster/kube_cluster/denied"}, kNobody},
      {{"seeks-admins"}, {"/mycluster/pod/mine/dev/web", "/mycluster/pod/denied/dev/web"}, kNobody},
  });
}

TEST_CASE("behaviour 3.12 pruning: by the kind, each kind its role, mixed ones all of them") {
  check({
      {{"seeks"}, {"/mycluster/secret/mine/dev/s"}, "secrets"},
      {{"seeks"}, {"/mycluster/kube_node/mine/n1"}, "nodes"},
      {{"seeks"}, {"/mycluster/deployment/mine/dev/web"}, "deploys"},
      {{"seeks"}, {"/mycluster/widgets.e.com/mine/dev/w"}, "widgets"},
      {{"seeks"},
       {"/mycluster/pod/blue/dev/web", "/mycluster/secret/mine/dev/s",
        "/mycluster/kube_node/leaf/n", "/mycluster/widgets.e.com/mine/dev/w"},
       "access blue nodes secrets widgets"},
      // A whole namespace needs no rule for namespaces (issue #43884 of the model): every role that
      // gives something in it will do, and each gives its part.
      {{"seeks-space"}, {"/mycluster/namespace/mine/dev"}, "access dev-space"},
      {{"seeks-space"}, {"/mycluster/namespace/mine/prod"}, "access"},
      {{"seeks-space"}, {"/mycluster/secret/mine/dev/s"}, "dev-space"},
      {{"seeks-space"}, {"/mycluster/secret/mine/prod/s"}, kNobody},
      // A whole cluster: every role of the cluster.
      {{"seeks"}, {"/mycluster/kube_cluster/mine"}, "access admins deploys nodes secrets widgets"},
  });
}

// The model stops pruning when an ID is of another (leaf) cluster, whose labels it cannot see, and
// asks for every search role. postern knows all of its clusters, so that it asks for no more there.
TEST_CASE("behaviour 3.12 pruning: further clusters are pruned alike") {
  check({
      {{"seeks"}, {"/mycluster/pod/leaf/dev/web"}, "access"},
      {{"seeks"}, {"/mycluster/pod/leaf/dev/web", "/mycluster/pod/mine/dev/web"}, "access admins"},
      {{"seeks"},
       {"/mycluster/pod/blue/dev/web", "/mycluster/pod/mine/dev/web"},
       "access admins blue"},
      {{"seeks-admins"}, {"/mycluster/pod/leaf/dev/web"}, "there is no kube cluster \"leaf\""},
  });
}

TEST_CASE("behaviour 3.12 pruning: a role that denies what is asked for is of no use") {
  check({
      {{"seeks-no-vault"}, {"/mycluster/secret/mine/dev/s"}, "no-vault"},
      {{"seeks-no-vault"}, {"/mycluster/secret/mine/vault/s"}, kNobody},
      {{"seeks-no-vault"}, {"/mycluster/secret/mine/vault/*"}, kNobody},
      {{"seeks-both"}, {"/mycluster/secret/mine/vault/s"}, "secrets"},
      {{"seeks-both"}, {"/mycluster/secret/mine/dev/s"}, "no-vault secrets"},
      // Only what is denied wholly: something is left of these.
      {{"seeks-no-vault"}, {"/mycluster/secret/mine/dev/r*"}, "no-vault"},
      {{"seeks-no-vault"}, {"/mycluster/secret/mine/dev/root-1"}, kNobody},
      {{"seeks-no-vault"}, {"/mycluster/secret/mine/dev/root-*"}, kNobody},
      {{"seeks-no-vault"}, {"/mycluster/secret/mine/ops/s"}, "no-vault"},  // to be read
      {{"seeks-no-vault"}, {"/mycluster/namespace/mine/vault"}, "no-vault"},
      {{"seeks-no-vault"}, {"/mycluster/kube_cluster/mine"}, "no-vault"},
  });
}

TEST_CASE("behaviour 2.2 pruning: what a deny takes wholly, by its kind and version") {
  const std::string pod = "/mycluster/pod/k/dev/web";
  const std::string space = "/mycluster/namespace/k/dev";
  const std::string node = "/mycluster/kube_node/k/n1";
  const std::string zone = "/mycluster/zones.e.com/k/z1";
  struct Deny {
    const char* version;
    const char* rule;  ///< beside everything that is allowed
    std::vector<std::string> taken;
    std::vector<std::string> left;
  };
  for (const Deny& deny : std::vector<Deny>{
           {"v7", "{kind: namespace, name: dev, verbs: ['*']}", {pod, space}, {node, zone}},
           {"v7", "{kind: '*', namespace: dev, name: '*', verbs: ['*']}", {pod, space}, {node}},
           {"v7", "{kind: '*', namespace: dev, name: 'web*', verbs: ['*']}", {pod}, {space, node}},
           {"v7", "{kind: '*', namespace: prod, name: '*', verbs: ['*']}", {}, {pod, space, node}},
           {"v7", "{kind: pod, namespace: '*', name: '*', verbs: [get, exec]}", {}, {pod, space}},
           {"v7", "{kind: pod, namespace: 'd*', name: 'w*', verbs: ['*']}", {pod}, {space}},
           {"v7", "{kind: pod, namespace: dev, name: '^we$', verbs: ['*']}", {}, {pod, space}},
           {"v7", "{kind: pod, namespace: dev, name: '^x|eb$', verbs: ['*']}", {pod}, {space}},
           {"v7", "{kind: kube_node, name: 'n*', verbs: ['*']}", {node}, {pod, space, zone}},
           {"v8",
            "{kind: '*', api_group: '*', namespace: dev, name: '*', verbs: ['*']}",
            {pod, space},
            {node, zone}},
           {"v8",
            "{kind: '*', api_group: apps, namespace: dev, name: '*', verbs: ['*']}",
            {},
            {pod, space}},
           {"v8", "{kind: zones, api_group: e.com, name: '*', verbs: ['*']}", {zone}, {node, pod}},
           {"v8", "{kind: zones, api_group: f.com, name: '*', verbs: ['*']}", {}, {zone}},
       }) {
    const Directory directory = directory_of(
        role("most",
             "allow: {kubernetes_labels: {'*': '*'}, kubernetes_resources: [{kind: '*', " +
                 std::string(deny.version == std::string_view("v8") ? "api_group: '*', " : "") +
                 "namespace: '*', name: '*', verbs: ['*']}]}, deny: {kubernetes_resources: [" +
                 deny.rule + "]}",
             deny.version) +
        role("seek", "allow: {request: {search_as_roles: [most]}}"));
    const auto ask = [&](const std::string& id) {
      return roles_of(create_as(directory, person_of(directory, "alice", {"seek"}), for_ids({id})));
    };
    INFO(std::string(deny.rule));
    for (const std::string& id : deny.taken) CHECK_HAS(ask(id), kNobody);
    for (const std::string& id : deny.left) CHECK(ask(id) == "most");
  }
}

// There is no login hint: `logins` are kept for an inventory of nodes and say nothing about
// clusters, so that no role is dropped for having too many of them.
TEST_CASE("behaviour 3.12 pruning: logins do not count") {
  const Directory directory = teams();
  CHECK(directory.role("admins")->allow.other_values.contains("logins"));
  check({{{"seeks"}, {"/mycluster/pod/mine/dev/web"}, "access admins"}});
}

// The model evaluates label expressions. Here they would be a restriction that nobody applies, so
// that a role with one is refused when it is loaded.
TEST_CASE("behaviour 3.12 pruning: label expressions refuse their role") {
  const LoadResult loaded = load_documents(
      "roles.yaml", role("team",
                         "allow: {kubernetes_labels_expression: 'labels[\"owner\"] == \"team\"', "
                         "kubernetes_labels: {'*': '*'}}"));
  REQUIRE(loaded.errors.size() == 1);
  CHECK(loaded.errors[0].key_path == "spec.allow.kubernetes_labels_expression");
  CHECK_HAS(loaded.errors[0].message, "restricts in a way that postern does not have");
  CHECK(loaded.roles.empty());
}

// Role names `nginx*`, asked-for texts: a glob accepts globs that begin like it. Unlike in the
// model, a regular expression is accepted where the rule surely has everything that it matches.
TEST_CASE("behaviour 2.2 pruning: patterns within patterns") {
  const Directory directory =
      directory_of(kRoles + role("seek-nginx", "allow: {request: {search_as_roles: [nginx]}}"));
  struct Pair {
    std::string name;
    std::string want;
  };
  for (const Pair& pair : std::vector<Pair>{{"nginx-1", "nginx"},
                                            {"nginx-*", "nginx"},
                                            {"nginx*", "nginx"},
                                            {"^nginx-[a-z]+$", kNobody},
                                            {"*", kNobody},
                                            {"n*", kNobody},
                                            {"web", kNobody}}) {
    const auto request = create_as(directory, person_of(directory, "alice", {"seek-nginx"}),
                                   for_ids({"/mycluster/pod/k/dev/" + pair.name}));
    INFO(pair.name);
    CHECK_HAS(roles_of(request), pair.want);
    CHECK(request.has_value() == (pair.want == "nginx"));
  }
  // A rule that has every name accepts every pattern.
  const auto all = create_as(directory, person_of(directory, "alice", {"seek-all"}),
                             for_ids({"/mycluster/pod/k/dev/^nginx-[a-z]+$"}));
  CHECK(roles_of(all) == "all");
}
