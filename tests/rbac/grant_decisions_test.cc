#include "rbac/authorize.h"
#include "rbac/explain.h"
#include "world.h"

#include <doctest/doctest.h>

// Access requests that a session has assumed: what they give, until when, and what is said of it.

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

#define DEV "/api/v1/namespaces/dev"

}  // namespace

TEST_CASE("a refusal within an assumed request that gives nothing says why") {
  World world(role_v8({"{kind: pods, namespace: dev, name: '*', verbs: [get]}"}));
  Grant ended;
  ended.request = "r1";
  ended.problem = "it has ended";
  Grant other;
  other.request = "r2";
  world.assume({ended, other});
  CHECK(world.ask("GET", "/api/v1/namespaces/dev/pods/a").explanation ==
        "no role gives get on this within request r1 (it has ended), r2");
}

TEST_CASE("grants: rules and IDs from the same one, joined by OR; static rules do not count") {
  const std::string pods =
      role_v8({"{kind: pods, namespace: '*', name: '*', verbs: [get, list]}"}, {}, "pods");
  const std::string secrets =
      role_v8({"{kind: secrets, namespace: '*', name: '*', verbs: [get, list]}"}, {}, "secrets");
  const std::string configs =
      role_v8({"{kind: configmaps, namespace: '*', name: '*', verbs: [get]}"}, {}, "configs");
  World world(pods + secrets + configs +
              "kind: user\nmetadata: {name: alice}\nspec: {roles: [configs]}\n");
  CHECK(world.verdict("GET", DEV "/configmaps/c") == "allow");
  const auto line = [&] {
    return world.verdict("GET", DEV "/pods/a") + " " + world.verdict("GET", DEV "/pods/b") + " " +
           world.verdict("GET", DEV "/secrets/a") + " " + world.verdict("GET", DEV "/secrets/b") +
           " " + world.verdict("GET", DEV "/configmaps/c");
  };
  world.assume({grant("r1", {load_role(pods)}, {"/c/pod/k/dev/a", "/c/secret/k/dev/a"})});
  CHECK(line() == "allow 403 403 403 403");  // the role has nothing about secrets
  world.assume({grant("r1", {load_role(pods)}, {"/c/pod/k/dev/a", "/c/secret/k/dev/a"}),
                grant("r2", {load_role(secrets)}, {"/c/secret/k/dev/b", "/c/pod/k/dev/b"})});
  CHECK(line() == "allow 403 403 allow 403");
  CHECK(world.seen(DEV "/pods", {"dev/a", "dev/b"}) == "dev/a");
  CHECK(world.seen(DEV "/secrets", {"dev/a", "dev/b"}) == "dev/b");
  CHECK(world.ask("GET", DEV "/pods/a").grant == "r1");
  CHECK(world.ask("GET", DEV "/secrets/b").grant == "r2");
  CHECK(world.ask("GET", DEV "/pods").shares.at(0).grant == "r1");
  world.assume({grant("r", {load_role(pods)}, {"/other/pod/k/dev/a"})});
  CHECK(world.verdict("GET", DEV "/pods/a") == "403");  // IDs of another postern
  world.assume({grant("r", {load_role(pods)}, {"/c/pod/elsewhere/dev/a"})});
  CHECK(world.verdict("GET", DEV "/pods/a") == "403");  // IDs of another cluster
  world.assume({grant("r", {load_role(pods)}, {"/c/kube_cluster/k"})});
  CHECK(world.verdict("GET", DEV "/pods/a") == "allow");
  world.assume({grant("r", {load_role(pods)}, {"/c/namespace/k/dev"})});
  CHECK(line() == "allow allow 403 403 403");
  CHECK(world.verdict("GET", "/api/v1/namespaces/dev") == "allow");
  CHECK(world.verdict("GET", "/api/v1/namespaces/prod/pods/a") == "403");
}

TEST_CASE("grants: what was approved and what holds today, until the end") {
  const std::string wide =
      role_v8({"{kind: pods, namespace: '*', name: '*', verbs: [get, list]}"}, {}, "pods");
  const std::string narrow =
      role_v8({"{kind: pods, namespace: dev, name: 'a*', verbs: [get, list]}"}, {}, "pods");
  const std::string alice = "kind: user\nmetadata: {name: alice}\nspec: {roles: []}\n";
  World widened(wide + alice);  // the role has grown since
  widened.assume({grant("r", {load_role(narrow)}, {})});
  CHECK(widened.verdict("GET", DEV "/pods/a") == "allow");
  CHECK(widened.verdict("GET", DEV "/pods/b") == "403");
  CHECK(widened.seen("/api/v1/pods", {"dev/a", "dev/b", "prod/a"}) == "dev/a");
  World shrunk(narrow + alice);
  shrunk.assume({grant("r", {load_role(wide)}, {})});
  CHECK(shrunk.verdict("GET", DEV "/pods/a") == "allow");
  CHECK(shrunk.verdict("GET", DEV "/pods/b") == "403");
  CHECK(shrunk.seen("/api/v1/pods", {"dev/a", "dev/b", "prod/a"}) == "dev/a");
  World gone(alice);
  gone.assume({grant("r", {load_role(wide)}, {})});
  CHECK(gone.verdict("GET", DEV "/pods/a") == "403");

  // 232: over is over, and static roles do not come back by it.
  World world(wide + "kind: user\nmetadata: {name: alice}\nspec: {roles: [pods]}\n");
  Grant ends = grant("r", {load_role(wide)}, {});
  ends.expires_at = TimePoint(std::chrono::seconds(1000));
  world.assume({ends});
  const auto at = [&](std::chrono::milliseconds when) {
    return world.ask({"GET", DEV "/pods/a", nullptr, "", {}, TimePoint(when)});
  };
  CHECK(at(std::chrono::milliseconds(999'999)).verdict == Verdict::kAllow);
  CHECK(at(std::chrono::milliseconds(999'999)).expires_at == ends.expires_at);
  CHECK(at(std::chrono::milliseconds(1'000'000)).verdict == Verdict::kDeny);
  CHECK(at(std::chrono::milliseconds(1'000'001)).verdict == Verdict::kDeny);
  // The longest of several that cover an object; the first end of those that a list rests on.
  Grant longer = grant("longer", {load_role(wide)}, {"/c/pod/k/dev/a"});
  longer.expires_at = TimePoint(std::chrono::seconds(2000));
  world.assume({ends, longer});
  CHECK(at(std::chrono::milliseconds(1)).grant == "longer");
  CHECK(at(std::chrono::milliseconds(1)).expires_at == longer.expires_at);
  const Decision list = world.ask({"GET", DEV "/pods", nullptr, "", {}, TimePoint()});
  CHECK(list.expires_at == ends.expires_at);
  CHECK(list.shares.size() == 2);
}

TEST_CASE("the fingerprint of a subject follows its rights") {
  const auto fingerprint = [](const std::string& text, ImpersonationLimits limits = {}) {
    return World(text, std::move(limits)).subject().fingerprint();
  };
  const std::string role = role_v8({"{kind: pods, namespace: dev, name: a, verbs: [get]}"});
  CHECK(fingerprint(role) == fingerprint(role));
  CHECK(fingerprint(role) !=
        fingerprint(role_v8({"{kind: pods, namespace: dev, name: b, verbs: [get]}"})));
  CHECK(fingerprint(role) != fingerprint(role, {{"system:nodes"}, false}));
  const std::string user = "kind: user\nmetadata: {name: alice}\nspec: {roles: [dev]";
  CHECK(fingerprint(role + user + "}\n") == fingerprint(role));
  CHECK(fingerprint(role + user + ", traits: {a: [b]}}\n") != fingerprint(role));
  CHECK(fingerprint(role + user + ", status: {is_locked: true}}\n") != fingerprint(role));
  World world(role);
  const std::string before = world.subject().fingerprint();
  world.assume({grant("r", {load_role(role)}, {})});
  CHECK(world.subject().fingerprint() != before);
}

TEST_CASE("self reviews are made as what all roles agree on, else as the user alone") {
  const char* review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const auto role = [](const char* name, const char* group) {
    return "kind: role\nversion: v8\nmetadata: {name: " + std::string(name) +
           "}\nspec: {allow: {kubernetes_labels: {'*': '*'}, kubernetes_groups: [" + group +
           "]}}\n---\n";
  };
  CHECK(World(role("a", "g") + role("b", "g")).ask("POST", review).shares.at(0).principals ==
        Principals{"alice", {"g", "system:authenticated"}});
  CHECK(World(role("a", "g") + role("b", "h")).ask("POST", review).shares.at(0).principals ==
        Principals{"alice", {"system:authenticated"}});
}

TEST_CASE("explanations name the role and the rule") {
  const World world(role_v8({"{kind: secrets, namespace: dev, name: '*', verbs: [get]}",
                             "{kind: pods, namespace: dev, name: '*', verbs: [get]}"},
                            {"{kind: pods, namespace: dev, name: x}"}));
  CHECK(world.ask("GET", DEV "/pods/y").explanation ==
        "allowed by role dev, allow.kubernetes_resources[1]");
  CHECK(world.ask("GET", DEV "/pods/x").explanation ==
        "denied by role dev, deny.kubernetes_resources[0]");
  CHECK(world.ask("GET", DEV "/services/x").explanation == "no role gives get on this");
}

TEST_CASE("explanations name the request, and until when") {
  const std::string role = role_v8({"{kind: pods, namespace: dev, name: '*', verbs: [get, list]}"});
  World world(role);
  auto given = grant("k3n5x0a1b2", {load_role(role)}, {"/c/pod/k/dev/web-*"});
  given.expires_at = TimePoint(std::chrono::seconds(1795447268));
  world.assume({given});
  const Decision got = world.ask("GET", DEV "/pods/web-1");
  CHECK(explanation_line(got) ==
        "allowed by role dev, allow.kubernetes_resources[0], request k3n5x0a1b2, until "
        "2026-11-23T15:21:08Z");
  CHECK(got.decided_by.role == "dev");
  CHECK(rule_path(got.decided_by) == "allow.kubernetes_resources[0]");
  CHECK(explanation_line(world.ask("GET", DEV "/pods")) ==
        "filtered by the rules of role dev (request k3n5x0a1b2), until 2026-11-23T15:21:08Z");
  const Decision none = world.ask("GET", DEV "/pods/db-0");
  CHECK(explanation_line(none) == "no role gives get on this within request k3n5x0a1b2");
  CHECK(rule_path(none.decided_by).empty());
}

TEST_CASE("explanations of refusals name the deny that matched") {
  const World world(role_v8(
      {"{kind: pods, namespace: dev, name: '*', verbs: [get]}"},
      {"{kind: secrets, namespace: dev, name: x}", "{kind: pods, namespace: dev, name: x}"}));
  const Decision denied = world.ask("GET", DEV "/pods/x");
  CHECK(explanation_line(denied) == "denied by role dev, deny.kubernetes_resources[1]");
  CHECK_FALSE(denied.decided_by.allow);
  CHECK(rule_path(denied.decided_by) == "deny.kubernetes_resources[1]");
}
