#include "rbac/authorize.h"
#include "world.h"

#include <doctest/doctest.h>

// In whose name: principals, the client's choice among them, and shares of collections.

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

#define DEV "/api/v1/namespaces/dev"

const std::string kTotal = "{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}";

}  // namespace

TEST_CASE("behaviour 1.5: one principal: the user, the groups, and the client's choice") {
  const auto role = [](const char* users, const char* groups) {
    return World(
        "kind: role\nversion: v8\nmetadata: {name: dev}\nspec: {allow: {kubernetes_labels: {'*': "
        "'*'}, "
        "kubernetes_users: " +
        std::string(users) + ", kubernetes_groups: " + groups + "}}\n");
  };
  const auto as = [](const World& world, ImpersonationChoice choice) {
    const Decision decision = world.ask({"GET", DEV "/pods/x", nullptr, "", std::move(choice)});
    if (decision.verdict != Verdict::kAllow) return decision.status.message;
    std::string text = decision.shares.at(0).principals.user + ":";
    for (const std::string& group : decision.shares[0].principals.groups) text += " " + group;
    return text;
  };
  const World one = role("[a]", "[g2, g1]");
  CHECK(as(one, {}) == "a: g1 g2 system:authenticated");
  CHECK(as(one, {"a", {"g2"}}) == "a: g2 system:authenticated");
  CHECK(as(one, {"", {"g2"}}) == "a: g2 system:authenticated");
  CHECK(as(one, {std::nullopt, {"g2", "g2", "system:authenticated"}}) ==
        "a: g2 system:authenticated");
  CHECK(as(one, {"other", {}}) ==
        "users \"other\" is forbidden: User \"alice\" cannot impersonate resource \"users\" in API "
        "group \"\" at the cluster scope: no role that covers this request allows it");
  CHECK(as(one, {"a", {"other"}})
            .starts_with("groups \"other\" is forbidden: User \"alice\" cannot impersonate"));
  CHECK(as(role("[]", "[g1]"), {}) == "alice: g1 system:authenticated");
  CHECK(as(role("[]", "[]"), {}) == "alice: system:authenticated");
  CHECK(as(role("[a]", "[]"), {}) == "a: system:authenticated");
  const World two = role("[a, b]", "[g1]");
  CHECK(
      as(two, {}).ends_with("your roles allow several users for this; choose one with --as: a b"));
  CHECK(as(two, {"b", {}}) == "b: g1 system:authenticated");
}

TEST_CASE("only the principals of the roles that cover this request") {
  const World world(
      "kind: role\nversion: v8\nmetadata: {name: pods}\nspec: {allow: {kubernetes_labels: {'*': "
      "'*'}, kubernetes_groups: [gp],"
      " kubernetes_resources: [{kind: pods, namespace: dev, name: '*', verbs: ['*']}]}}\n---\n"
      "kind: role\nversion: v8\nmetadata: {name: secrets}\nspec: {allow: {kubernetes_labels: {'*': "
      "'*'}, kubernetes_groups: [gs],"
      " kubernetes_resources: [{kind: secrets, namespace: dev, name: '*', verbs: ['*']}, {kind: "
      "pods, namespace: dev, name: x, verbs: [get]}]}}\n");
  const auto groups = [&](const char* target) {
    return world.ask("GET", target).shares.at(0).principals.groups;
  };
  CHECK(groups(DEV "/pods/y") == std::vector<std::string>{"gp", "system:authenticated"});
  CHECK(groups(DEV "/secrets/y") == std::vector<std::string>{"gs", "system:authenticated"});
  CHECK(groups(DEV "/pods/x") == std::vector<std::string>{"gp", "gs", "system:authenticated"});
  // Deny takes groups and users out.
  World denied(
      "kind: role\nversion: v8\nmetadata: {name: dev}\nspec: {allow: {kubernetes_labels: {'*': "
      "'*'}, kubernetes_groups: [a, b, c1], kubernetes_users: [u, v]},"
      " deny: {kubernetes_groups: [b, 'c*'], kubernetes_users: [v]}}\n");
  CHECK(denied.ask("GET", DEV "/pods/x").shares.at(0).principals ==
        Principals{"u", {"a", "system:authenticated"}});
  // Everybody denied is nobody, not the user's own name.
  World nobody(
      "kind: role\nversion: v8\nmetadata: {name: dev}\nspec: {allow: {kubernetes_labels: {'*': "
      "'*'}, kubernetes_users: [u]}, deny: {kubernetes_users: ['{{external.none}}']}}\n");
  CHECK(nobody.verdict("GET", DEV "/pods/x") == "403");
}

TEST_CASE("names that the API server must not be told") {
  const auto role = [](const char* names, ImpersonationLimits limits = {}) {
    return World(
        "kind: role\nversion: v8\nmetadata: {name: dev}\nspec: {allow: {kubernetes_labels: {'*': "
        "'*'}, " +
            std::string(names) +
            "}}\n---\nkind: user\nmetadata: {name: alice}\nspec: {roles: [dev], traits: "
            "{bad: [' x'], empty: ['']}}\n",
        std::move(limits));
  };
  const auto get = [](const World& world) { return world.verdict("GET", DEV "/pods/x"); };
  CHECK(get(role("kubernetes_groups: ['system:masters']")) == "403");
  CHECK(get(role("kubernetes_groups: ['system:nodes']")) == "403");
  CHECK(get(role("kubernetes_users: ['system:admin']")) == "403");
  CHECK(get(role("kubernetes_groups: ['system:authenticated']")) == "allow");
  CHECK(get(role("kubernetes_groups: ['system:nodes']", {{"system:nodes"}, false})) == "allow");
  CHECK(get(role("kubernetes_groups: ['system:masters']", {{"system:masters"}, false})) == "403");
  CHECK(get(role("kubernetes_groups: ['system:masters']", {{}, true})) == "403");
  CHECK(get(role("kubernetes_groups: ['system:masters']", {{"system:masters"}, true})) == "allow");
  CHECK(get(role("kubernetes_groups: ['{{external.bad}}']")) == "403");
  CHECK(get(role("kubernetes_groups: ['{{external.empty}}']")) == "403");
  const World masters = role("kubernetes_groups: ['system:masters']");
  CHECK(masters.ask("GET", DEV "/pods/x")
            .status.message.ends_with("role dev would use system:masters, which "
                                      "impersonation.allowMasters does not allow"));
  CHECK(masters.policy().warnings().size() == 1);
  World account(role_v8({kTotal}));
  account.become({"system:serviceaccount:ci:robot", {"devs"}, ""});
  CHECK(account.verdict("GET", DEV "/pods/x") == "403");
  CHECK(account.verdict("GET", "/version") == "403");
}

TEST_CASE("collections: a share for each set of principals, in a stable order") {
  const std::string text =
      "kind: role\nversion: v8\nmetadata: {name: a}\nspec: {allow: {kubernetes_labels: {'*': '*'}, "
      "kubernetes_groups: [ga],"
      " kubernetes_resources: [{kind: pods, namespace: dev, name: 'a*', verbs: ['*']}]}}\n---\n"
      "kind: role\nversion: v8\nmetadata: {name: b}\nspec: {allow: {kubernetes_labels: {'*': '*'}, "
      "kubernetes_groups: [gb],"
      " kubernetes_resources: [{kind: pods, namespace: dev, name: 'b*', verbs: ['*']}]}}\n---\n"
      "kind: role\nversion: v8\nmetadata: {name: c}\nspec: {allow: {kubernetes_labels: {'*': '*'}, "
      "kubernetes_groups: [ga],"
      " kubernetes_resources: [{kind: pods, namespace: dev, name: 'c*', verbs: ['*']}]}}\n";
  const World world(text);
  const Decision decision = world.ask("GET", DEV "/pods");
  REQUIRE(decision.shares.size() == 2);
  CHECK(decision.shares[0].principals == Principals{"alice", {"ga", "system:authenticated"}});
  CHECK(decision.shares[0].roles == std::vector<std::string>{"a", "c"});
  CHECK(decision.shares[1].principals == Principals{"alice", {"gb", "system:authenticated"}});
  const auto sees = [&](std::vector<std::size_t> shares) {
    const auto predicate = make_predicate(decision, shares, catalog());
    std::string seen;
    for (const char* name : {"a1", "b1", "c1", "d1"}) {
      kube::filter::Item item;
      item.namespace_ = "dev";
      item.name = name;
      if (predicate->allows(item)) seen += name;
    }
    return seen;
  };
  CHECK(sees({0}) == "a1c1");
  CHECK(sees({1}) == "b1");
  CHECK(sees({0, 1}) == "a1b1c1");
  CHECK(sees({}) == "");
  // By the client's choice.
  const auto chosen = [&](ImpersonationChoice choice) {
    const Decision by_choice = world.ask({"GET", DEV "/pods", nullptr, "", std::move(choice)});
    std::string roles = by_choice.shares.empty() ? std::to_string(by_choice.status.code) : "";
    for (const Share& share : by_choice.shares) {
      for (const std::string& role : share.roles) roles += role;
    }
    return roles;
  };
  CHECK(chosen({std::nullopt, {"gb"}}) == "b");
  CHECK(chosen({std::nullopt, {"ga", "gb"}}) == "acb");
  CHECK(chosen({"alice", {}}) == "acb");
  CHECK(chosen({"other", {}}) == "403");
  CHECK(chosen({std::nullopt, {"gx"}}) == "403");
  // A list that is about one object is decided like it.
  const Decision named = world.ask("GET", DEV "/pods?fieldSelector=metadata.name%3Da1");
  CHECK(named.shares.size() == 1);
  CHECK(named.shares[0].roles == std::vector<std::string>{"a"});
}
