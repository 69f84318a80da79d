#include "rbac/request/effective.h"

#include "rbac/request/implications.h"
#include "rbac/request/make_grant.h"
#include "tests/rbac/request/fixture.h"

#include <algorithm>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

namespace {

Result<EffectiveRules> effective_of(const Directory& directory, std::string_view name,
                                    const Traits& traits, const std::vector<std::string>& ids) {
  std::vector<ResourceId> parsed;
  for (const std::string& id : ids) {
    parsed.push_back(*ResourceId::parse(id));
  }
  return effective_rules("alice", traits, {directory.role(name)}, parsed, directory);
}

/// One line a sentence.
std::string implied(const Directory& directory, std::string_view name,
                    const std::vector<std::string>& ids) {
  const auto effective = effective_of(directory, name, {}, ids);
  REQUIRE_MESSAGE(effective.has_value(), said(effective));
  const auto sentences = implications(*effective);
  REQUIRE_MESSAGE(sentences.has_value(), said(sentences));
  std::string text;
  for (const std::string& sentence : *sentences) {
    text += sentence + "\n";
  }
  return text;
}

const std::string kTemplated = role(
    "t",
    "allow: {kubernetes_labels: {env: '{{external.env}}'}, kubernetes_groups: [fixed, "
    "'{{internal.groups}}'], kubernetes_users: ['u-{{external.name}}'], kubernetes_resources: "
    "[{kind: pod, namespace: '{{external.ns}}', name: '{{external.app}}-*', verbs: [get, "
    "'{{external.verbs}}']}]}, deny: {kubernetes_labels: {env: '{{external.off}}'}, "
    "kubernetes_groups: ['{{external.off}}'], kubernetes_resources: [{kind: secret, namespace: "
    "'{{external.off}}', name: 'x', verbs: [get]}]}");

}  // namespace

TEST_CASE("effective rules: the written form stands still") {
  const Directory directory =
      directory_of(role("dev",
                        "allow: {kubernetes_labels: {env: [dev, 'st*']}, kubernetes_groups: "
                        "[developers], kubernetes_resources: [{kind: pod, namespace: dev, name: "
                        "'web-*', verbs: [list, get, exec]}, {kind: kube_node, name: '*', verbs: "
                        "['*']}]}, deny: {kubernetes_users: [root]}"));
  const auto effective = effective_of(directory, "dev", {}, {"/mycluster/pod/k/dev/web-*"});
  REQUIRE(effective.has_value());
  // A change of this text invalidates every stored approval.
  CHECK(effective->to_json() ==
        R"({"clusters":{"k":"uid-k"},"format":1,"resources":["/mycluster/pod/k/dev/web-*"],)"
        R"("roles":[{"allow":{"groups":["developers"],"labels":{"env":["dev","st*"]},)"
        R"("resources":[{"api_group":"","kind":"pod","name":"web-*","namespace":"dev",)"
        R"("verbs":["get","list","exec"]},)"
        R"({"api_group":"","kind":"kube_node","name":"*","verbs":["*"]}]},)"
        R"("deny":{"users":["root"]},"name":"dev","version":7}],"user":"alice"})");
  CHECK(effective->digest() ==
        "sha256:06975eeefa471036bc3e65a64edf53d6a85e92b5d81447b59d7a13b33d8c6ca7");
  const auto read = EffectiveRules::from_json(effective->to_json());
  REQUIRE_MESSAGE(read.has_value(), said(read));
  CHECK(*read == *effective);
  CHECK(read->digest() == effective->digest());
}

TEST_CASE("effective rules: any difference is another digest") {
  const Directory directory =
      directory_of(pod_role("a", "{kind: pod, namespace: x, name: y, verbs: [get]}"));
  const auto base = effective_of(directory, "a", {}, {"/mycluster/pod/k/x/y"});
  REQUIRE(base.has_value());
  std::vector<std::string> digests = {base->digest()};
  const auto with = [&](auto change) {
    EffectiveRules other = *base;
    change(other);
    CHECK(std::find(digests.begin(), digests.end(), other.digest()) == digests.end());
    digests.push_back(other.digest());
  };
  with([](auto& e) { e.user = "bob"; });
  with([](auto& e) { e.resource_ids.clear(); });
  with([](auto& e) { e.clusters["k"] = "other"; });
  with([](auto& e) { e.roles[0].name = "b"; });
  with([](auto& e) { e.roles[0].version = 8; });
  with([](auto& e) { e.roles[0].allow.groups.clear(); });
  with([](auto& e) { e.roles[0].allow.labels.reset(); });
  with([](auto& e) { e.roles[0].allow.resources[0].all_verbs = true; });
  with([](auto& e) { e.roles[0].allow.resources[0].verbs = Verb::kList; });
  with([](auto& e) { e.roles[0].allow.resources[0].name = FrozenPattern::any(); });
  with([](auto& e) {  // the same text, but literal
    e.roles[0].allow.resources[0].name = *FrozenPattern::around("", "y", "");
  });
  with([](auto& e) { e.roles[0].allow.resources[0].namespace_written = false; });
  with([](auto& e) { e.roles[0].deny.users = {"root"}; });
}

TEST_CASE("effective rules: what cannot be read back is refused") {
  const Directory directory =
      directory_of(pod_role("a", "{kind: pod, namespace: x, name: y, verbs: [get]}"));
  const std::string good = effective_of(directory, "a", {}, {"/mycluster/pod/k/x/y"})->to_json();
  CHECK(said(EffectiveRules::from_json(good)) == "ok");
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("[]"), std::string("null"), good + " ",
        " " + good, good.substr(0, good.size() - 1), "{\"x\":1," + good.substr(1),
        std::string(R"({"format":2,"roles":[],"user":"alice"})"),
        std::string(R"({"format":1,"roles":[7],"user":"alice"})"),
        std::string(R"({"format":1,"roles":{},"user":"alice"})")}) {
    CHECK_HAS(said(EffectiveRules::from_json(bad)), "500");
  }
  // To be shown it may be spelled otherwise, but not be something else.
  CHECK(EffectiveRules::from_json_to_show(" " + good) == *EffectiveRules::from_json(good));
  CHECK_HAS(said(EffectiveRules::from_json_to_show("[]")), "500");
  CHECK_HAS(said(EffectiveRules::from_json_to_show(good + "}")), "500");
  // Every byte is either needed or noticed.
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad.erase(i, 1);
    const auto read = EffectiveRules::from_json(bad);
    CHECK((!read || read->to_json() == bad));
  }
}

TEST_CASE("freeze: traits are filled in, and stay literal") {
  const Directory directory = directory_of(kTemplated);
  const Traits traits = {{"env", {"dev", "*"}},  {"groups", {"g1", "g1", "g2"}},
                         {"name", {"alice"}},    {"ns", {"dev", "a*b"}},
                         {"app", {"web"}},       {"verbs", {"list", "*", "nonsense"}},
                         {"off", {"prod", "o*"}}};
  const auto frozen = freeze(*directory.role("t"), traits);
  REQUIRE_MESSAGE(frozen.has_value(), said(frozen));
  const FrozenConditions& allow = frozen->allow;
  CHECK(labels_match(*allow.labels, {{"env", "dev"}}));
  CHECK(labels_match(*allow.labels, {{"env", "*"}}));
  CHECK(!labels_match(*allow.labels, {{"env", "prod"}}));
  CHECK(allow.groups == std::vector<std::string>{"fixed", "g1", "g2"});
  CHECK(allow.users == std::vector<std::string>{"u-alice"});
  REQUIRE(allow.resources.size() == 2);
  CHECK(allow.resources[1].namespace_.pattern().matches("a*b"));
  CHECK(!allow.resources[1].namespace_.pattern().matches("axb"));
  CHECK(allow.resources[0].name.pattern().matches("web-1"));
  CHECK(allow.resources[0].verbs == (Verb::kGet | Verb::kList));  // no trait is a wildcard
  CHECK(!allow.resources[0].all_verbs);

  // The same through the written form, and as a role again.
  EffectiveRules effective;
  effective.user = "alice";
  effective.roles = {*frozen};
  const auto read = EffectiveRules::from_json(effective.to_json());
  REQUIRE_MESSAGE(read.has_value(), said(read));
  CHECK(read->roles[0] == *frozen);
  CHECK(!read->roles[0].allow.resources[1].namespace_.pattern().matches("axb"));
  const auto thawed = thaw(read->roles[0], "source", "origin");
  REQUIRE(thawed.has_value());
  const auto again = (*thawed)->allow.kubernetes_resources.at(1).namespace_.expand({});
  REQUIRE(again.patterns.size() == 1);
  CHECK(again.patterns[0].matches("a*b"));
  CHECK(!again.patterns[0].matches("axb"));
  CHECK((*thawed)->allow.kubernetes_groups.at(1).expand({}) == std::vector<std::string>{"g1"});
}

TEST_CASE("freeze: what has no value gives nothing and denies everything") {
  const Directory directory = directory_of(kTemplated);
  const auto frozen = freeze(*directory.role("t"), {});
  REQUIRE(frozen.has_value());
  CHECK(!labels_match(*frozen->allow.labels, {{"env", "dev"}}));
  CHECK(!labels_match(*frozen->allow.labels, {{"env", ""}}));
  CHECK(frozen->allow.groups == std::vector<std::string>{"fixed"});
  // Rules that all vanish must not become the default of a role without rules.
  REQUIRE(frozen->allow.resources.size() == 1);
  CHECK(frozen->allow.resources[0].verbs.empty());
  CHECK(!frozen->allow.resources[0].all_verbs);
  CHECK(!frozen->allow.resources[0].name.pattern().matches("web-1"));

  CHECK(labels_match(*frozen->deny.labels, {{"env", "anything"}}));
  CHECK(labels_match(*frozen->deny.labels, {}));
  CHECK(frozen->deny.groups == std::vector<std::string>{"*"});
  REQUIRE(frozen->deny.resources.size() == 1);
  CHECK(frozen->deny.resources[0].namespace_.pattern().is_any());
}

TEST_CASE("freeze: what cannot be written down refuses") {
  const Directory directory = directory_of(
      role("groups", "allow: {kubernetes_groups: ['{{internal.g}}']}") +
      role("denied", "deny: {kubernetes_groups: ['{{internal.g}}']}") +
      role("many",
           "allow: {kubernetes_resources: [{kind: pod, namespace: '{{internal.g}}', name: "
           "'{{internal.g}}', verbs: [get]}]}"));
  CHECK(said(freeze(*directory.role("groups"), {{"g", {"a"}}})) == "ok");
  for (const char* name : {"groups", "denied"}) {
    CHECK_HAS(said(freeze(*directory.role(name), {{"g", {"{{internal.x}}"}}})), "403");
    CHECK_HAS(said(freeze(*directory.role(name), {{"g", {"\xff"}}})), "403");
  }
  std::vector<std::string> values;
  for (int i = 0; i < 65; ++i) values.push_back("v" + std::to_string(i));
  CHECK_HAS(said(freeze(*directory.role("many"), {{"g", values}})), "more rules than");
  values.pop_back();
  CHECK(freeze(*directory.role("many"), {{"g", values}})->allow.resources.size() == 4096);
}

TEST_CASE("effective rules: the clusters that they are about") {
  const Directory directory =
      directory_of(pod_role("dev", "{kind: pod, namespace: x, name: y, verbs: [get]}", "env: dev"));
  using Clusters = std::map<std::string, std::string>;
  CHECK(effective_of(directory, "dev", {}, {"/mycluster/pod/k/x/y"})->clusters ==
        Clusters{{"k", "uid-k"}});
  CHECK(effective_of(directory, "dev", {}, {})->clusters ==
        Clusters{{"a/b", "uid-ab"}, {"k", "uid-k"}});
}

TEST_CASE("implications: what reviewers are told") {
  const Directory directory = directory_of(
      pod_role("reader", "{kind: pod, namespace: dev, name: '*', verbs: [get, list, watch]}") +
      pod_role("shell", "{kind: pod, namespace: dev, name: '*', verbs: [get, exec, portforward]}") +
      pod_role("deployer", "{kind: deployment, namespace: '*', name: '*', verbs: ['*']}") +
      pod_role("space", "{kind: namespace, name: 'dev*', verbs: ['*']}") +
      pod_role("secrets", "{kind: secret, namespace: '*', name: '*', verbs: [get]}") +
      pod_role("all", "{kind: '*', namespace: '*', name: '*', verbs: ['*']}") +
      role("v8",
           "allow: {kubernetes_labels: {env: dev}, kubernetes_users: [deputy], "
           "kubernetes_resources: [{kind: serviceaccounts, api_group: '', namespace: ops, "
           "name: '*', verbs: [token]}, {kind: rolebindings, api_group: "
           "rbac.authorization.k8s.io, namespace: ops, name: '*', verbs: [bind, create]}]}",
           "v8") +
      role("nodes",
           "allow: {kubernetes_labels: {env: dev}, kubernetes_groups: [ops], kubernetes_resources: "
           "[{kind: nodes, name: n1, verbs: [delete]}]}",
           "v8"));
  CHECK(implied(directory, "reader", {"/mycluster/pod/k/dev/web-*"}) ==
        "is known to the API server by the groups \"g-reader\"\n");
  CHECK(implied(directory, "shell", {"/mycluster/pod/k/dev/web-*"}) ==
        "runs commands inside pods web-* in dev, with what those can read and reach (k)\n"
        "connects to ports of pods web-* in dev (k)\n"
        "is known to the API server by the groups \"g-shell\"\n");
  // The names of the role, where the ID has none.
  CHECK_HAS(implied(directory, "shell", {"/mycluster/namespace/k/dev"}),
            "runs commands inside pods (all) in dev,");
  CHECK(implied(directory, "deployer", {"/mycluster/deployment/k/dev/web"}) ==
        "runs code in dev with the namespace's secrets and service accounts (k)\n"
        "deletes deployments web in dev (k)\n"
        "is known to the API server by the groups \"g-deployer\"\n");
  const std::string space = implied(directory, "space", {"/mycluster/namespace/k/dev"});
  CHECK_HAS(space, "runs code in dev with the namespace's secrets and service accounts (k)\n");
  CHECK(space.find("runs code") == space.rfind("runs code"));  // of many kinds, said once
  CHECK_HAS(space, "reads the secrets (all) in dev (k)\n");
  CHECK_HAS(space, "deletes objects (all) in dev (k)\n");
  CHECK(space.find("nodes") == std::string::npos);
  CHECK(space.find("hands out") == std::string::npos);  // `*` never includes bind in a grant
  CHECK(implied(directory, "space", {"/mycluster/namespace/k/prod"}) ==
        "is known to the API server by the groups \"g-space\"\n");
  const std::string whole = implied(directory, "all", {"/mycluster/kube_cluster/a/b"});
  CHECK_HAS(whole, "runs code in every namespace with");
  CHECK_HAS(whole, "removes the nodes (all) from the cluster (a/b)");
  CHECK_HAS(implied(directory, "nodes", {}), "deletes nodes n1 (a/b, k)\n");
  CHECK(implied(directory, "v8", {}) ==
        "hands out rights in ops, also to itself (a/b, k)\n"
        "takes tokens of the service accounts (all) in ops, which work past this request (a/b, k)\n"
        "is known to the API server as \"deputy\"\n");
  CHECK_HAS(
      implied(directory, "secrets", {"/mycluster/secret/k/dev/app", "/mycluster/pod/k/dev/x"}),
      "reads the secrets app in dev (k)\n");
  CHECK(implied(directory, "secrets", {"/mycluster/pod/k/dev/x"}).find("reads") ==
        std::string::npos);

  EffectiveRules broken;
  broken.resource_ids = {"nonsense"};
  CHECK_HAS(said(implications(broken)), "500");
}
