#include "world.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

/// The attack matrix's alice: G1 to G5 and nothing else.
std::string fixture() {
  return role_v8({
      "{kind: pods, namespace: dev, name: 'nginx-*', verbs: [get, list, watch, create, update, "
      "patch, delete, exec, portforward]}",
      "{kind: secrets, namespace: dev, name: app-config, verbs: [get, list, watch]}",
      "{kind: deployments, api_group: apps, namespace: dev, name: web, verbs: [get, list, watch, "
      "update, patch]}",
      "{kind: widgets, api_group: e.com, namespace: dev, name: w1, verbs: [get, list, watch, "
      "update]}",
      "{kind: services, namespace: dev, name: web, verbs: [get, list, watch]}",
  });
}

struct Row {
  int number;  ///< of the attack matrix
  const char* method;
  const char* target;
  const char* expected;
};

void check(const World& world, std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(row.number);
    CAPTURE(row.method);
    CAPTURE(row.target);
    CHECK(world.verdict(row.method, row.target) == row.expected);
  }
}

const std::vector<std::string> kPods = {"dev/nginx-1", "dev/nginx-2", "dev/db-0", "prod/nginx-1"};

#define DEV "/api/v1/namespaces/dev"

}  // namespace

TEST_CASE("reading: single objects, lists, selectors") {
  const World world(fixture());
  check(world, {
                   {1, "GET", DEV "/pods/nginx-1", "allow"},
                   {2, "GET", DEV "/pods/db-0", "403"},
                   {3, "GET", DEV "/pods/does-not-exist", "403"},
                   {25, "GET", DEV "/pods/NGINX-1", "403"},
                   {33, "GET", DEV "/namespaces/prod", "404"},
                   {34, "GET", DEV "/nodes/n1", "404"},
                   {35, "GET", "/api/v1/pods/nginx-1", "404"},
                   {88, "GET", DEV "/configmaps", "403"},
                   {89, "GET", "/api/v1/namespaces/prod/pods", "403"},
                   {89, "GET", "/api/v1/namespaces/unknown/pods", "403"},
                   {130, "GET", DEV "/configmaps?watch=1", "403"},
                   {44, "GET", DEV "/pods?fieldSelector=metadata.name%3Ddb-0", "403"},
                   {43, "GET", DEV "/pods?fieldSelector=metadata.name%3Dnginx-1", "filter"},
                   {49, "GET", "/api/v1/pods?fieldSelector=metadata.namespace%3Dprod", "403"},
                   {23, "GET", "/API/v1/namespaces/dev/pods/nginx-1", "403"},
               });
  CHECK(world.seen(DEV "/pods", kPods) == "dev/nginx-1 dev/nginx-2");
  CHECK(world.seen("/api/v1/pods", kPods) == "dev/nginx-1 dev/nginx-2");
  CHECK(world.seen(DEV "/secrets", {"dev/app-config", "dev/root-token"}) == "dev/app-config");
  CHECK(world.seen("/apis/e.com/v1/namespaces/dev/widgets", {"dev/w1", "dev/w2", "prod/w1"}) ==
        "dev/w1");
  CHECK(world.seen(DEV "/pods?fieldSelector=metadata.name%3Dnginx-1", kPods) == "dev/nginx-1");
  CHECK(world.seen(DEV "/pods?watch=true", kPods) == "dev/nginx-1 dev/nginx-2");
}

TEST_CASE("a hidden object and one that does not exist get the same answer (rows 2 and 3)") {
  const World world(fixture());
  std::string hidden = world.ask("GET", DEV "/pods/db-0").status.to_json();
  std::string absent = world.ask("GET", DEV "/pods/does-not-exist").status.to_json();
  const auto strip = [](std::string text, const std::string& name) {
    for (std::size_t at; (at = text.find(name)) != std::string::npos;) text.erase(at, name.size());
    return text;
  };
  CHECK(strip(hidden, "db-0") == strip(absent, "does-not-exist"));
  const kube::Status status = world.ask("GET", DEV "/pods/db-0").status;
  CHECK(status.details_name == "db-0");
  CHECK(status.details_kind == "pods");
}

TEST_CASE("a refusal says what to do (design section 2)") {
  const World world(
      fixture() +
      role_v8({"{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}"}, {}, "all") +
      "kind: role\nversion: v8\nmetadata: {name: asks}\nspec: {allow: {request: {search_as_roles: "
      "[all]}}}\n---\n"
      "kind: user\nmetadata: {name: alice}\nspec: {roles: [dev, asks]}\n");
  const kube::Status status = world.ask("GET", DEV "/pods/db-0").status;
  CHECK(status.message ==
        "pods \"db-0\" is forbidden: User \"alice\" cannot get resource \"pods\" in API group \"\" "
        "in the namespace \"dev\": ask for access with: postern request create --resource "
        "/c/pod/k/dev/db-0 --reason 'why you need it'");
  REQUIRE(status.causes.size() == 1);
  CHECK(status.causes[0].type == "ResourceID");
  CHECK(status.causes[0].message == "/c/pod/k/dev/db-0");
  const auto id = [&](const char* method, const char* target) {
    const kube::Status refused = world.ask(method, target).status;
    return refused.causes.empty() ? std::string("none") : refused.causes[0].message;
  };
  CHECK(id("GET", DEV "/configmaps") == "/c/configmap/k/dev/*");
  CHECK(id("GET", "/api/v1/configmaps") == "/c/configmap/k/*/*");
  CHECK(id("GET", "/api/v1/nodes") == "/c/kube_node/k/*");
  CHECK(id("GET", "/api/v1/nodes/n1") == "/c/kube_node/k/n1");
  CHECK(id("DELETE", "/api/v1/namespaces/dev") == "/c/namespace/k/dev");
  CHECK(id("GET", "/apis/e.com/v1/namespaces/dev/widgets/w2") == "/c/widgets.e.com/k/dev/w2");
  CHECK(id("GET", "/apis/e.com/v1/gadgets/g") == "/c/gadgets.e.com/k/g");
  CHECK(id("GET", "/api/v1/namespaces/prod/events") == "/c/namespace/k/prod");
  CHECK(id("GET", DEV "/endpoints/x") == "/c/endpoints.core/k/dev/x");
  CHECK(id("GET", "/metrics") == "none");
  CHECK(world.ask("GET", DEV "/configmaps")
            .status.message.ends_with(
                "--resource '/c/configmap/k/dev/*' --reason 'why you need it'"));
  const auto facts = body("", "db-");
  const kube::Status generated = world.ask({"POST", DEV "/pods", &facts}).status;
  CHECK(generated.causes.at(0).message == "/c/pod/k/dev/db-*");
}

TEST_CASE("H: create, update, patch") {
  const World world(fixture());
  const auto create = [&](const char* target, kube::BodyFacts facts) {
    return world.verdict({"POST", target, &facts});
  };
  CHECK(world.verdict("POST", DEV "/pods") == "body");
  CHECK(world.verdict("POST", DEV "/configmaps") == "403");  // whatever the body says
  CHECK(world.verdict("POST", "/api/v1/namespaces/prod/pods") == "403");
  CHECK(create(DEV "/pods", body("nginx-9")) == "allow");         // 131
  CHECK(create(DEV "/pods", body("db-9")) == "403");              // 132
  CHECK(create(DEV "/pods", body("nginx-9", "db-")) == "allow");  // 137
  CHECK(create(DEV "/pods", body("db-9", "nginx-")) == "403");
  CHECK(create(DEV "/pods", body("", "nginx-")) == "allow");  // 138
  CHECK(create(DEV "/pods", body("", "ng")) == "403");        // 139
  CHECK(create(DEV "/pods", body("", "")) == "400");          // 140
  CHECK(create(DEV "/pods", body("nginx-1/exec")) == "400");  // 224
  CHECK(create(DEV "/pods", body("nginx-1:80")) == "403");
  CHECK(create(DEV "/bindings", body("db-0")) == "403");         // 148
  CHECK(create(DEV "/pods?dryRun=All", body("db-9")) == "403");  // 149
  kube::BodyFacts elsewhere = body("nginx-9");
  elsewhere.namespace_ = "prod";
  CHECK(create(DEV "/pods", elsewhere) == "400");
  elsewhere.namespace_ = "dev";
  CHECK(create(DEV "/pods", elsewhere) == "allow");
  kube::BodyFacts list = body("nginx-9");
  list.kind = "List";
  CHECK(create(DEV "/pods", list) == "400");
  check(world,
        {
            {150, "PUT", DEV "/pods/nginx-1", "allow"},
            {152, "PUT", DEV "/services/new", "403"},
            {161, "PUT", "/apis/apps/v1/namespaces/dev/deployments/web/scale", "allow"},
            {161, "PUT", "/apis/apps/v1/namespaces/dev/deployments/api/scale", "403"},
            {196, "PUT", "/apis/e.com/v1/namespaces/dev/widgets/w1", "allow"},
            {162, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/rolebindings", "403"},
            {162, "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "403"},
            {162, "POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", "403"},
            {162, "POST", "/apis/apiregistration.k8s.io/v1/apiservices", "403"},
            {162, "POST", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
             "403"},
        });
  const auto patch = [&](const char* target, const char* type) {
    return world.verdict({"PATCH", target, nullptr, type});
  };
  const char* web = "/apis/apps/v1/namespaces/dev/deployments/web";
  CHECK(patch(web, "application/strategic-merge-patch+json") == "allow");  // 153
  CHECK(patch(web, "application/merge-patch+json") == "allow");
  CHECK(patch("/apis/apps/v1/namespaces/dev/deployments/api", "application/merge-patch+json") ==
        "403");  // 154
  CHECK(patch("/apis/apps/v1/namespaces/dev/deployments/web2", "application/apply-patch+yaml") ==
        "403");                                                // 156
  CHECK(patch(web, "application/apply-patch+yaml") == "403");  // no create
  CHECK(patch(web, "Application/Apply-Patch+Yaml") == "403");  // 157
  CHECK(patch(web, "") == "403");
  CHECK(patch(DEV "/pods/nginx-1", "application/apply-patch+yaml") == "allow");
  CHECK(patch(DEV "/secrets/app-config", "application/merge-patch+json") == "403");  // 159
}

TEST_CASE("160, 175: without get a write does not show the object") {
  const World world(
      role_v8({"{kind: pods, namespace: dev, name: a, verbs: [update, patch, delete]}",
               "{kind: pods, namespace: dev, name: b, verbs: [get, patch, delete]}"}));
  const auto may_read = [&](const char* method, const char* name) {
    const Decision decision = world.ask(
        {method, std::string(DEV "/pods/") + name, nullptr, "application/merge-patch+json"});
    CHECK(decision.verdict == Verdict::kAllow);
    return decision.may_read;
  };
  CHECK_FALSE(may_read("PATCH", "a"));
  CHECK_FALSE(may_read("DELETE", "a"));
  CHECK(may_read("PATCH", "b"));
  CHECK(may_read("DELETE", "b"));
}

TEST_CASE("I: delete and deletecollection") {
  const World world(fixture());
  check(world, {
                   {163, "DELETE", DEV "/pods/db-0", "403"},
                   {163, "DELETE", DEV "/pods/nginx-1", "allow"},
                   {164, "DELETE", DEV "/pods", "filter"},
                   {167, "DELETE", DEV "/pods?fieldSelector=metadata.name%3Ddb-0", "403"},
                   {173, "DELETE", "/apis/e.com/v1/widgets", "404"},
                   {174, "POST", DEV "/pods/db-0/eviction", "403"},
                   {174, "POST", DEV "/pods/nginx-1/eviction", "body"},
                   {0, "DELETE", "/apis/e.com/v1/namespaces/dev/widgets", "403"},
               });
  CHECK(world.seen(DEV "/pods", kPods, "DELETE") == "dev/nginx-1 dev/nginx-2");
  auto facts = body("nginx-1");
  CHECK(world.verdict({"POST", DEV "/pods/nginx-1/eviction", &facts}) == "allow");
  facts.name = "db-0";
  CHECK(world.verdict({"POST", DEV "/pods/nginx-1/eviction", &facts}) == "400");
  CHECK(world.ask("DELETE", DEV "/pods").may_read);
  const World blind(
      role_v8({"{kind: pods, namespace: dev, name: '*', verbs: [deletecollection]}"}));
  CHECK(blind.verdict("DELETE", DEV "/pods") == "filter");
  CHECK_FALSE(blind.ask("DELETE", DEV "/pods").may_read);
}

TEST_CASE("J: subresources") {
  const World world(fixture());
  check(world, {
                   {176, "GET", DEV "/pods/nginx-1/exec", "allow"},
                   {176, "POST", DEV "/pods/nginx-1/exec", "allow"},
                   {176, "POST", DEV "/pods/nginx-1/attach", "allow"},
                   {176, "GET", DEV "/pods/nginx-1/portforward", "allow"},
                   {177, "POST", DEV "/pods/db-0/exec", "403"},
                   {177, "GET", DEV "/pods/db-0/exec", "403"},
                   {184, "GET", DEV "/pods/nginx-1:80/exec", "404"},
                   {185, "GET", DEV "/pods/nginx-1/log?follow=true", "allow"},
                   {186, "GET", DEV "/pods/db-0/log", "403"},
                   {187, "GET", DEV "/pods/http:db-0:80/proxy/", "403"},
                   {187, "GET", DEV "/pods/nginx-1/proxy/", "403"},
                   {188, "GET", DEV "/services/https:web:443/proxy/x", "403"},
                   {191, "PATCH", DEV "/pods/nginx-1/resize", "403"},
                   {191, "GET", DEV "/pods/nginx-1/status", "allow"},
                   {191, "PUT", DEV "/pods/nginx-1/status", "allow"},
                   {191, "POST", DEV "/pods/nginx-1/checkpoint", "403"},
                   {191, "GET", DEV "/pods/nginx-1/foo", "403"},
                   {192, "POST", DEV "/serviceaccounts/default/token", "403"},
                   {0, "POST", DEV "/pods/nginx-1/binding", "403"},
                   {0, "PATCH", DEV "/pods/nginx-1/ephemeralcontainers", "allow"},
                   {0, "PATCH", DEV "/pods/db-0/ephemeralcontainers", "403"},
               });
}

TEST_CASE("K: aliases, other groups, events, metrics") {
  const World world(fixture());
  check(world,
        {
            {195, "GET", "/apis/e.com/v1/namespaces/dev/pods/nginx-1", "403"},
            {196, "GET", "/apis/e.com/v1/namespaces/dev/widgets/w1", "allow"},
            {197, "GET", "/apis/e.com/v2/namespaces/dev/widgets/w1", "allow"},
            {197, "GET", "/apis/e.com/v3/namespaces/dev/widgets/w1", "404"},
            {204, "GET", "/apis/metrics.k8s.io/v1beta1/namespaces/dev/pods/db-0", "403"},
            {204, "GET", "/apis/metrics.k8s.io/v1beta1/namespaces/dev/pods/nginx-1", "allow"},
            {205, "GET", "/apis/metrics.k8s.io/v1beta1/nodes", "403"},
            {198, "GET", DEV "/events", "filter"},
            {199, "GET", DEV "/events/nginx-1.abc", "filter"},
            {200, "GET", "/apis/events.k8s.io/v1/namespaces/dev/events", "filter"},
            {0, "GET", "/api/v1/namespaces/prod/events", "403"},
            {0, "DELETE", DEV "/events/nginx-1.abc", "403"},
        });
  CHECK(world.seen("/apis/metrics.k8s.io/v1beta1/namespaces/dev/pods", kPods) ==
        "dev/nginx-1 dev/nginx-2");  // 203
}

TEST_CASE("K: events are readable where what they are about is (rows 198 to 202)") {
  const World world(fixture());
  const Decision decision = world.ask("GET", DEV "/events");
  REQUIRE(decision.verdict == Verdict::kAllowFiltered);
  CHECK(decision.by_event_references);
  const auto predicate = make_predicate(decision, {0}, catalog());
  using Reference = kube::filter::ObjectReference;
  const auto sees = [&](Reference regarding, std::optional<Reference> related = std::nullopt) {
    kube::filter::Item item;
    item.namespace_ = "dev";
    item.name = "nginx-1.abc";
    item.regarding = regarding;
    item.related = related;
    return predicate->allows(item);
  };
  CHECK(sees({"v1", "Pod", "dev", "nginx-1"}));
  CHECK(sees({"apps/v1", "Deployment", "dev", "web"}));
  CHECK(sees({"", "Pod", "dev", "nginx-1"}));
  CHECK_FALSE(sees({"v1", "Pod", "dev", "db-0"}));
  CHECK_FALSE(sees({"v1", "Secret", "dev", "nginx-1"}));     // 202: forged kind
  CHECK_FALSE(sees({"e.com/v1", "Pod", "dev", "nginx-1"}));  // another group's Pod
  CHECK_FALSE(sees({"v1", "Pod", "prod", "nginx-1"}));       // another namespace
  CHECK_FALSE(sees({"v1", "Pod", "", "nginx-1"}));
  CHECK_FALSE(sees({"v1", "Node", "", "n1"}));
  CHECK_FALSE(sees({"v1", "Unknown", "dev", "nginx-1"}));
  CHECK(sees({"v1", "Pod", "dev", "nginx-1"}, Reference{"v1", "Pod", "dev", "nginx-2"}));
  CHECK(sees({"v1", "Pod", "dev", "nginx-1"}, Reference{}));
  CHECK_FALSE(sees({"v1", "Pod", "dev", "nginx-1"}, Reference{"v1", "Pod", "dev", "db-0"}));  // 201
  kube::filter::Item nothing;
  nothing.namespace_ = "dev";
  nothing.name = "x";
  CHECK_FALSE(predicate->allows(nothing));
}

TEST_CASE("L: authorization APIs, discovery, non-resource paths") {
  const World world(fixture());
  check(world,
        {
            {207, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "allow"},
            {0, "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "allow"},
            {0, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "allow"},
            {209, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", "403"},
            {209, "POST", "/apis/authorization.k8s.io/v1/namespaces/dev/localsubjectaccessreviews",
             "403"},
            {209, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", "403"},
            {210, "GET", "/api", "allow"},
            {210, "GET", "/apis", "allow"},
            {210, "GET", "/apis/apps", "allow"},
            {210, "GET", "/apis/apps/v1", "allow"},
            {210, "GET", "/api/v1", "allow"},
            {211, "GET", "/version", "allow"},
            {0, "GET", "/openapi/v2", "allow"},
            {0, "GET", "/openapi/v3", "allow"},
            {0, "GET", "/openapi/v3/apis/apps/v1", "allow"},
            {0, "GET", "/.well-known/openid-configuration", "allow"},
            {0, "GET", "/openid/v1/jwks", "allow"},
            {214, "GET", "/healthz", "allow"},
            {214, "GET", "/livez", "allow"},
            {214, "GET", "/readyz", "allow"},
            {212, "GET", "/metrics", "403"},
            {212, "GET", "/debug/pprof", "403"},
            {212, "GET", "/logs", "403"},
            {212, "GET", "/configz", "403"},
            {212, "GET", "/flagz", "403"},
            {212, "GET", "/statusz", "403"},
            {212, "GET", "/livez/etcd", "403"},
            {213, "GET", "/", "403"},
            {0, "POST", "/version", "403"},
            {0, "GET", "/apis/access.postern.dev/v1alpha1", "403"},
        });
  const Decision version = world.ask("GET", "/version");
  CHECK(version.shares.at(0).principals == Principals{"alice", {"system:authenticated"}});
}

TEST_CASE("231: deny wins; 225: a star never crosses a slash") {
  const World world(role_v8({"{kind: pods, namespace: '*', name: nginx-1, verbs: ['*']}"},
                            {"{kind: pods, namespace: prod, name: nginx-1}"}));
  CHECK(world.verdict("GET", DEV "/pods/nginx-1") == "allow");
  CHECK(world.verdict("GET", "/api/v1/namespaces/prod/pods/nginx-1") == "403");
  CHECK(world.verdict("GET", "/api/v1/namespaces/dev%2Fpods/pods/nginx-1") == "400");
}
