#include "rbac/authorize.h"
#include "rbac/side_doors.h"
#include "world.h"

#include <doctest/doctest.h>

// What would give more than was asked for: it has to be written, or takes a total wildcard.

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
  CHECK(write_door("authorization.openshift.io", "rolebindings") == Verb::kBind);
  CHECK(write_door("authorization.openshift.io", "clusterroles") == Verb::kEscalate);
  CHECK_FALSE(guards("authorization.openshift.io", "clusterroles"));
}

TEST_CASE("no standing access out of a grant: whom a cluster takes for whom") {
  const std::string every = "[get, create, update, patch, delete]";
  const World writer(role_v7({"{kind: namespace, name: kube-system, verbs: " + every + "}"}));
  const World trusted(
      role_v8({"{kind: configmaps, namespace: kube-system, name: '*', verbs: [get, create, update, "
               "patch, delete, escalate]}"}));
  const std::string maps = "/api/v1/namespaces/kube-system/configmaps";
  for (const char* name : {"extension-apiserver-authentication", "aws-auth"}) {
    CAPTURE(name);
    const std::string map = maps + "/" + name;
    CHECK(with_body(writer, "POST", maps, body(name)) == "403");
    CHECK(with_body(trusted, "POST", maps, body(name)) == "allow");
    CHECK(writer.verdict("PUT", map) == "403");
    CHECK(trusted.verdict("PUT", map) == "allow");
    for (const char* patch : {"application/merge-patch+json", "application/json-patch+json",
                              "application/apply-patch+yaml"}) {
      CAPTURE(patch);
      CHECK(with_body(writer, "PATCH", map, body(name), patch) == "403");
      CHECK(with_body(trusted, "PATCH", map, body(name), patch) == "allow");
    }
    CHECK(writer.verdict("GET", map) == "allow");
    CHECK(writer.verdict("DELETE", map) == "allow");  // kube-apiserver makes its own anew
  }
  CHECK(writer.verdict("PUT", maps + "/coredns") == "allow");
  const World elsewhere(role_v7({"{kind: namespace, name: dev, verbs: " + every + "}"}));
  CHECK(elsewhere.verdict("PUT", DEV "/configmaps/aws-auth") == "allow");
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
