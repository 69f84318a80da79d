#include "rbac/authorize.h"

#include "rbac/explain.h"
#include "world.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

#define DEV "/api/v1/namespaces/dev"
#define RBAC "/apis/rbac.authorization.k8s.io/v1"

const std::string kTotal = "{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}";

std::string with_body(const World& world, std::string_view method, std::string_view target,
                      kube::BodyFacts facts, std::string_view patch_type = "") {
  return world.verdict({std::string(method), std::string(target), &facts, std::string(patch_type)});
}

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

TEST_CASE("role versions and their defaults") {
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

TEST_CASE("explicit-only verbs and unknown subresources need to be written, or a total wildcard") {
  const std::vector<std::pair<const char*, const char*>> doors = {
      {"GET", DEV "/pods/x/proxy/"},
      {"POST", DEV "/services/http:x:80/proxy/a/b"},
      {"GET", "/api/v1/nodes/n/proxy/metrics"},
      {"POST", DEV "/serviceaccounts/x/token"},
      {"PUT", "/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval"},
      {"PUT", "/api/v1/namespaces/dev/finalize"},
      {"POST", DEV "/pods/x/binding"},
      {"PUT", RBAC "/namespaces/dev/rolebindings/x"},
      {"PUT", RBAC "/clusterrolebindings/x"},
      {"PUT", RBAC "/clusterroles/x"},
      {"PUT", "/apis/apiregistration.k8s.io/v1/apiservices/x"},
      {"DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x"},
      {"DELETE", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/x"},
      {"PATCH", DEV "/pods/x/resize"},
      {"GET", "/apis/e.com/v1/namespaces/dev/widgets/w/anything"},
  };
  const World total(role_v8({kTotal}));
  // One star short, the default of a version, and two rules that make one together are no total
  // wildcard.
  const std::vector<std::string> partial = {
      role_v8({"{kind: '*', api_group: '*', namespace: '*', name: '^.*$', verbs: ['*']}"}),
      role_v8({"{kind: '*', api_group: '*', namespace: '^.*$', name: '*', verbs: ['*']}",
               "{kind: '*', api_group: '*', namespace: '', name: '*', verbs: ['*']}"}),
      "kind: role\nversion: v8\nmetadata: {name: dev}\nspec: {allow: {kubernetes_labels: {'*': "
      "'*'}}}\n",
  };
  const auto ask = [](const World& world, const auto& door) {
    auto facts = body("x");
    return with_body(world, door.first, door.second, facts, "application/merge-patch+json");
  };
  for (const auto& door : doors) {
    CAPTURE(door.second);
    CHECK(ask(total, door) == "allow");
    for (const std::string& text : partial) {
      CAPTURE(text);
      CHECK(ask(World(text), door) == "403");
    }
    World confined(role_v8({kTotal}));
    confined.assume({grant("r", {load_role(role_v8({kTotal}))}, {})});
    CHECK(ask(confined, door) == "403");  // no total wildcard in a grant
  }
  const auto written = [](const char* rule) { return World(role_v8({rule})); };
  CHECK(written("{kind: services, namespace: dev, name: web, verbs: [proxy]}")
            .verdict("GET", DEV "/services/web:80/proxy/") == "allow");
  CHECK(written("{kind: services, namespace: dev, name: web, verbs: [proxy]}")
            .verdict("GET", DEV "/services/https:web:443/proxy/") == "allow");
  CHECK(written("{kind: services, namespace: dev, name: web, verbs: [proxy]}")
            .verdict("GET", DEV "/services/ftp:web:443/proxy/") == "404");
  CHECK(written("{kind: serviceaccounts, namespace: dev, name: x, verbs: [token]}")
            .verdict("POST", DEV "/serviceaccounts/x/token") == "allow");
  CHECK(written("{kind: namespaces, name: dev, verbs: [finalize]}")
            .verdict("PUT", "/api/v1/namespaces/dev/finalize") == "allow");
  CHECK(written("{kind: certificatesigningrequests, api_group: certificates.k8s.io, name: x, "
                "verbs: [approve]}")
            .verdict("PUT", "/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval") ==
        "allow");
}

TEST_CASE("no standing access out of a grant: writing bindings, roles and guards") {
  const auto role = [](const char* kind, const char* verbs) {
    return World(role_v8(
        {"{kind: " + std::string(kind) +
         ", api_group: rbac.authorization.k8s.io, namespace: '*', name: '*', verbs: " + verbs +
         "}"}));
  };
  const auto create = [](const World& world, const char* target) {
    return with_body(world, "POST", target, body("x"));
  };
  CHECK(create(role("rolebindings", "[create]"), RBAC "/namespaces/dev/rolebindings") == "403");
  CHECK(create(role("rolebindings", "[create, bind]"), RBAC "/namespaces/dev/rolebindings") ==
        "allow");
  CHECK(create(role("roles", "[create, bind]"), RBAC "/namespaces/dev/roles") == "403");
  CHECK(create(role("roles", "[create, escalate]"), RBAC "/namespaces/dev/roles") == "allow");
  CHECK(create(role("clusterroles", "[create, escalate]"), RBAC "/clusterroles") == "allow");
  // Roles that do not exist yet are created by PUT, too.
  CHECK(role("roles", "[update, escalate]").verdict("PUT", RBAC "/namespaces/dev/roles/x") ==
        "403");
  CHECK(
      role("roles", "[update, create, escalate]").verdict("PUT", RBAC "/namespaces/dev/roles/x") ==
      "allow");
  // Taking a binding away gives nobody anything; taking a guard away does.
  CHECK(role("rolebindings", "[delete]").verdict("DELETE", RBAC "/namespaces/dev/rolebindings/x") ==
        "allow");
  const auto guard = [](const char* verbs) {
    return World(
        role_v8({"{kind: validatingwebhookconfigurations, api_group: admissionregistration.k8s.io, "
                 "name: '*', verbs: " +
                 std::string(verbs) + "}"}));
  };
  const char* one = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/x";
  const char* all = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
  CHECK(guard("[delete]").verdict("DELETE", one) == "403");
  CHECK(guard("[delete, escalate]").verdict("DELETE", one) == "allow");
  CHECK(guard("[delete, escalate]").verdict("DELETE", all) == "403");
  CHECK(World(role_v8({kTotal})).verdict("DELETE", all) == "filter");
  const World bindings(role_v8({"{kind: bindings, namespace: dev, name: '*', verbs: [create]}"}));
  CHECK(create(bindings, DEV "/bindings") == "403");
}

TEST_CASE("a Secret of a service account token needs token on that account") {
  const std::string secrets =
      "{kind: secrets, namespace: dev, name: '*', verbs: [create, update, patch]}";
  const World plain(role_v8({secrets}));
  const World token(
      role_v8({secrets, "{kind: serviceaccounts, namespace: dev, name: robot, verbs: [token]}"}));
  const World tokens(
      role_v8({secrets, "{kind: serviceaccounts, namespace: dev, name: '*', verbs: [token]}"}));
  const auto secret = [](const char* type, const char* account) {
    kube::BodyFacts facts = body("s");
    facts.type = type;
    facts.service_account_name = account;
    return facts;
  };
  const char* kType = "kubernetes.io/service-account-token";
  const auto create = [&](const World& world, const char* type, const char* account) {
    return with_body(world, "POST", DEV "/secrets", secret(type, account));
  };
  CHECK(create(plain, "Opaque", "") == "allow");
  CHECK(create(plain, kType, "robot") == "403");
  CHECK(create(plain, "Opaque", "robot") == "403");
  CHECK(create(token, kType, "robot") == "allow");
  CHECK(create(token, kType, "admin") == "403");
  CHECK(create(token, kType, "") == "403");
  CHECK(create(tokens, kType, "") == "allow");
  CHECK(plain.verdict("PUT", DEV "/secrets/s") == "body");
  CHECK(with_body(plain, "PUT", DEV "/secrets/s", secret("", "")) == "allow");
  CHECK(with_body(plain, "PUT", DEV "/secrets/s", secret(kType, "robot")) == "403");
  const auto patch = [&](const World& world, const char* type, kube::BodyFacts facts) {
    return with_body(world, "PATCH", DEV "/secrets/s", std::move(facts), type);
  };
  CHECK(patch(plain, "application/merge-patch+json", secret("", "")) == "allow");
  CHECK(patch(plain, "application/merge-patch+json", secret("", "robot")) == "403");
  CHECK(patch(token, "application/apply-patch+yaml", secret(kType, "robot")) == "allow");
  // What a JSON Patch does to which Secret cannot be told.
  CHECK(patch(token, "application/json-patch+json", {}) == "403");
  CHECK(patch(tokens, "application/json-patch+json", {}) == "allow");
}

TEST_CASE("a bootstrap token, which is a login of its own, needs token on its Secret") {
  const auto secrets = [](std::string_view name, std::string_view verbs) {
    return "{kind: secrets, namespace: '*', name: '" + std::string(name) +
           "', verbs: " + std::string(verbs) + "}";
  };
  const World plain(role_v8({secrets("*", "[create, update, patch]")}));
  const World token(role_v8({secrets("bootstrap-token-*", "[create, update, patch, token]")}));
  const char* all = "/api/v1/namespaces/kube-system/secrets";
  const std::string one = std::string(all) + "/bootstrap-token-abcdef";
  const auto create = [](const World& world, const char* path, const char* name) {
    kube::BodyFacts facts = body(name);
    facts.type = "bootstrap.kubernetes.io/token";
    return with_body(world, "POST", path, std::move(facts));
  };
  const auto generate = [](const World& world, const char* path, const char* base) {
    kube::BodyFacts facts;
    facts.generate_name = base;
    return with_body(world, "POST", path, std::move(facts));
  };
  CHECK(create(plain, all, "bootstrap-token-abcdef") == "403");
  CHECK(create(token, all, "bootstrap-token-abcdef") == "allow");
  CHECK(generate(plain, all, "bootstrap-token-a") == "403");
  CHECK(generate(token, all, "bootstrap-token-a") == "allow");
  CHECK(with_body(plain, "PUT", one.c_str(), body("bootstrap-token-abcdef")) == "403");
  CHECK(with_body(token, "PUT", one.c_str(), body("bootstrap-token-abcdef")) == "allow");
  CHECK(with_body(plain, "PATCH", one.c_str(), {}, "application/merge-patch+json") == "403");
  CHECK(with_body(token, "PATCH", one.c_str(), {}, "application/merge-patch+json") == "allow");
  // No authenticator looks at others.
  CHECK(create(plain, all, "my-bootstrap-token-abcdef") == "allow");
  CHECK(create(plain, DEV "/secrets", "bootstrap-token-abcdef") == "allow");
  CHECK(World(role_v8({kTotal})).verdict("PUT", one.c_str()) == "body");
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

TEST_CASE("one principal: the user, the groups, and the client's choice") {
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
