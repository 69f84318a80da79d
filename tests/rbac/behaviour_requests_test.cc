// The tables 1.2 and 3.2 of the behaviour reference as rows: which object and which verb a rule has
// to be about, so that it gives a request. How a path is read is in
// tests/kube/request_info_behaviour_test.cc.

#include "behaviour.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

#define NS "/api/v1/namespaces/"
#define APPS "/apis/apps/v1/namespaces/default/"
#define BATCH "/apis/batch/v1/namespaces/default/"
#define POD NS "default/pods/foo"

std::string verdict(const World& world, const char* method, const char* target,
                    const kube::BodyFacts* facts = nullptr) {
  return world.verdict({method, target, facts, "application/merge-patch+json"});
}

/// The verbs of which a rule needs no more than that one, for objects named foo in default.
std::string verbs_that_give(const char* method, const char* target, const char* kind,
                            const char* group, const char* space = "default") {
  std::string given;
  const kube::BodyFacts named = body("foo");
  for (const char* verb :
       {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "exec",
        "portforward", "proxy", "token", "approve", "bind", "escalate", "finalize"}) {
    const World world(
        role_v8({group_rule(kind, group, space, "foo", "[" + std::string(verb) + "]")}));
    const std::string said =
        verdict(world, method, target, method == std::string_view("POST") ? &named : nullptr);
    if (said == "allow" || said == "filter")
      given += (given.empty() ? "" : " ") + std::string(verb);
  }
  return given;
}

}  // namespace

TEST_CASE("behaviour 1.2: the verb that gives a request") {
  struct Row {
    const char* method;
    const char* target;
    const char* verbs;
  };
  for (const Row& row : {
           Row{"GET", POD "/exec", "exec"},
           Row{"POST", POD "/exec", "exec"},
           Row{"GET", POD "/attach", "exec"},
           Row{"POST", POD "/attach", "exec"},
           Row{"GET", POD "/portforward", "portforward"},
           Row{"POST", POD "/portforward", "portforward"},
           Row{"POST", NS "default/pods", "create"},
           Row{"GET", NS "default/pods?watch", "watch"},
           Row{"GET", NS "default/pods", "list"},
           Row{"GET", POD, "get"},
           Row{"PUT", POD, "update"},
           Row{"PATCH", POD, "patch"},
           Row{"DELETE", POD, "delete"},
           // A collection becomes single deletes, which `delete` gives as well.
           Row{"DELETE", NS "default/pods", "delete deletecollection"},
           Row{"GET", POD "/log", "get"},
           Row{"GET", POD "/status", "get"},
           Row{"PUT", POD "/status", "update"},
           Row{"PATCH", POD "/status", "patch"},
           // Stricter: what is more than the method says has a verb of its own.
           Row{"GET", POD "/proxy", "proxy"},
           Row{"POST", POD "/proxy/a/b", "proxy"},
           Row{"POST", POD "/eviction", "delete"},
           // Two verbs of one rule (below), and what nobody knows: no single one is enough.
           Row{"PATCH", POD "/ephemeralcontainers", ""},
           Row{"POST", POD "/checkpoint", ""},
           // Methods that are none of Kubernetes' are refused, whatever the rules.
           Row{"HEAD", POD, ""},
           Row{"OPTIONS", POD, ""},
           Row{"BREW", POD, ""},
       }) {
    CAPTURE(row.method);
    CAPTURE(row.target);
    CHECK(verbs_that_give(row.method, row.target, "pods", "") == row.verbs);
  }
  CHECK(verbs_that_give("GET", NS "default/services/foo/proxy/x", "services", "") == "proxy");
  CHECK(verbs_that_give("GET", "/api/v1/nodes/foo/proxy/x", "nodes", "", "") == "proxy");
  CHECK(verbs_that_give("POST", NS "default/serviceaccounts/foo/token", "serviceaccounts", "") ==
        "token");
  CHECK(verbs_that_give("PUT", APPS "deployments/foo/scale", "deployments", "apps") == "update");
  CHECK(verbs_that_give("PATCH", APPS "deployments/foo/scale", "deployments", "apps") == "patch");
  CHECK(verbs_that_give("PUT", NS "foo/finalize", "namespaces", "", "") == "finalize");
}

TEST_CASE("behaviour 3.2: a name in the path") {
  struct Row {
    const char* target;
    const char* kind;
    const char* group;
    const char* space;
  };
  for (const Row& row : {
           Row{NS "foo", "namespaces", "", ""},
           Row{POD, "pods", "", "default"},
           Row{APPS "statefulsets/foo", "statefulsets", "apps", "default"},
           Row{APPS "replicasets/foo", "replicasets", "apps", "default"},
           Row{APPS "daemonsets/foo", "daemonsets", "apps", "default"},
           Row{BATCH "jobs/foo", "jobs", "batch", "default"},
           Row{BATCH "cronjobs/foo", "cronjobs", "batch", "default"},
           Row{NS "default/persistentvolumeclaims/foo", "persistentvolumeclaims", "", "default"},
           Row{NS "default/serviceaccounts/foo", "serviceaccounts", "", "default"},
           Row{"/apis/certificates.k8s.io/v1/certificatesigningrequests/foo",
               "certificatesigningrequests", "certificates.k8s.io", ""},
           Row{"/apis/apiregistration.k8s.io/v1/apiservices/foo", "apiservices",
               "apiregistration.k8s.io", ""},
           // Every kind is checked, and so is its status.
           Row{"/apis/apiregistration.k8s.io/v1/apiservices/foo/status", "apiservices",
               "apiregistration.k8s.io", ""},
       }) {
    CAPTURE(row.target);
    CHECK(verbs_that_give("GET", row.target, row.kind, row.group, row.space) == "get");
    const World other(role_v8({group_rule(row.kind, row.group, row.space, "bar", "[get]")}));
    CHECK(other.verdict("GET", row.target) == "403");
    const World elsewhere(role_v8({group_rule("leases", "coordination.k8s.io", "default", "foo")}));
    CHECK(elsewhere.verdict("GET", row.target) == "403");
    // By name, a watch says it in its selector: the prefix `watch` is refused.
    if (std::string_view(row.target).ends_with("/status")) continue;
    const std::string collection(row.target, std::string_view(row.target).rfind('/'));
    CHECK(verbs_that_give("GET",
                          (collection + "?watch=1&fieldSelector=metadata.name%3Dfoo").c_str(),
                          row.kind, row.group, row.space) == "watch");
  }
}

TEST_CASE("behaviour 3.2: subresources of pods") {
  const auto said = [](const char* method, const char* target, const char* verbs) {
    return verdict(World(role_v8({rule("pods", "kube-system", "foo", verbs)})), method, target);
  };
  for (const char* sub : {NS "kube-system/pods/foo/exec", NS "kube-system/pods/foo/attach"}) {
    CHECK(said("GET", sub, "[exec]") == "allow");
    CHECK(said("GET", sub, "[get]") == "403");
  }
  CHECK(said("GET", NS "kube-system/pods/foo/portforward", "[portforward]") == "allow");
  CHECK(said("GET", NS "kube-system/pods/foo/portforward", "[exec]") == "403");
  CHECK(said("PATCH", NS "kube-system/pods/foo", "[patch]") == "allow");
  CHECK(said("PATCH", NS "kube-system/pods/foo", "[update, exec]") == "403");
  // exec and the verb of the method, of one rule.
  const char* debug = NS "kube-system/pods/foo/ephemeralcontainers";
  CHECK(said("PATCH", debug, "[exec, patch]") == "allow");
  CHECK(said("PATCH", debug, "[exec, update]") == "403");
  CHECK(said("PATCH", debug, "[exec]") == "403");
  CHECK(said("PUT", debug, "[exec, update]") == "allow");
  CHECK(said("PUT", debug, "[exec, patch]") == "403");
  // Stricter: a node's proxy runs commands in its pods, so that `get` and `*` are not enough.
  const char* proxy = "/api/v1/nodes/foo/proxy/bar";
  for (const char* verbs : {"[get]", kAll}) {
    CHECK(verdict(World(role_v8({cluster_rule("nodes", "foo", verbs)})), "GET", proxy) == "403");
  }
}

TEST_CASE("behaviour 3.2: scopes and kinds are discovery's") {
  // Stricter: with every right there is, a path that does not fit its kind is 404.
  const World all(role_v8({kEverything}));
  CHECK(all.verdict("GET", NS "default/persistentvolumes/foo") == "404");
  CHECK(all.verdict("GET", "/api/v1/persistentvolumes/foo") == "allow");
  CHECK(all.verdict("GET", "/apis/networking.k8s.io/v1/ingresses/foo") == "404");
  CHECK(all.verdict("GET", "/apis/networking.k8s.io/v1/namespaces/default/ingresses/foo") ==
        "allow");
  CHECK(all.verdict("GET",
                    "/apis/argoproj.io/v1alpha1/namespaces/team-x/applications/prod-billing") ==
        "404");
}

TEST_CASE("behaviour 3.2: a POST is about the name in its body") {
  struct Row {
    const char* target;
    const char* version;
    const char* kind;
  };
  const World world(role_v8({group_rule("*", "*", "default", "foo-create", "[create]"),
                             cluster_rule("namespaces", "foo-create", "[create]")}));
  const auto said = [&](const Row& row, const std::string& named, const char* name) {
    const std::string text = "{" + named + "\"metadata\":{\"name\":\"" + name + "\"}}";
    const auto facts = kube::read_body_facts(kube::BodyEncoding::kJson, text);
    REQUIRE(facts);
    return world.verdict({"POST", row.target, &*facts});
  };
  for (const Row& row : {
           Row{NS "default/pods", "v1", "Pod"},
           Row{NS "default/secrets", "v1", "Secret"},
           Row{NS "default/configmaps", "v1", "ConfigMap"},
           Row{NS "default/services", "v1", "Service"},
           Row{"/apis/apps/v1/namespaces/default/deployments", "apps/v1", "Deployment"},
           Row{"/apis/apps/v1beta2/namespaces/default/deployments", "apps/v1beta2", "Deployment"},
           Row{"/api/v1/namespaces", "v1", "Namespace"},
       }) {
    CAPTURE(row.target);
    const std::string whole =
        "\"apiVersion\":\"" + std::string(row.version) + "\",\"kind\":\"" + row.kind + "\",";
    CHECK(world.verdict("POST", row.target) == "body");
    for (const std::string& named : {whole, std::string()}) {
      CAPTURE(named);
      CHECK(said(row, named, "foo-create") == "allow");
      CHECK(said(row, named, "foo-other") == "403");
    }
  }
}
