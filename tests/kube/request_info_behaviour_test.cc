// The tables 1.1, 1.2, 3.1 and 3.2 of the behaviour reference as rows: how a path is read, and
// which object a request is about. Where the design is stricter on purpose, the row says so.

#include "kube/request_info.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace postern::kube;

namespace {

/// `verb group/version namespace resource/subresource name`, "-" for nothing; "nonresource"; or the
/// code of the refusal.
std::string understood(std::string_view method, std::string_view target) {
  const auto info = parse_request_info(method, target);
  if (!info) return std::to_string(info.error().code);
  if (!info->is_resource_request) return "nonresource";
  const auto dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  const std::string kind =
      info->subresource.empty() ? info->resource : info->resource + "/" + info->subresource;
  return fmt::format("{} {}/{} {} {} {}", info->verb,
                     info->api_group.empty() ? "core" : info->api_group, info->api_version,
                     dash(info->namespace_), kind, dash(info->name));
}

struct Row {
  const char* target;
  const char* expected;
};

void check_gets(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(row.target);
    CHECK(understood("GET", row.target) == row.expected);
  }
}

#define RBAC "/apis/rbac.authorization.k8s.io/v1"
#define POD "/api/v1/namespaces/kube-system/pods/foo"

}  // namespace

TEST_CASE("behaviour 1.1: shapes of paths") {
  check_gets({
      // Stricter: a path that would have to be cleaned is refused.
      {"/api/v1/namespaces/default/./pods", "400"},
      {"/api/v1/namespaces/default/x/../pods", "400"},
      {"/api/v1//pods", "400"},
      {"/api/v1/pods/", "400"},
      // The core group has one version that exists; another is not known to discovery.
      {"/api/v2/pods", "list core/v2 - pods -"},
      {"/version", "nonresource"},
      {"/healthz", "nonresource"},
      {"/openapi/v3/apis/apps/v1", "nonresource"},
      {"/metrics", "nonresource"},
      {"/api/v1/nodes/foo", "get core/v1 - nodes foo"},
      {"/api/v1/nodes/foo/status", "get core/v1 - nodes/status foo"},
      {"/apis/apps/v1/namespaces/default/deployments/foo/scale",
       "get apps/v1 default deployments/scale foo"},
      // Three segments below `namespaces` are a subresource of the namespace where there is one.
      {"/api/v1/namespaces/default/status", "get core/v1 default namespaces/status default"},
      {"/api/v1/namespaces/default/states", "list core/v1 default states -"},
      // Stricter: no subresource but a proxy has a path behind it.
      {POD "/status/x", "400"},
  });
  CHECK(understood("PUT", "/api/v1/namespaces/default/finalize") ==
        "update core/v1 default namespaces/finalize default");
}

TEST_CASE("behaviour 1.2: verbs of methods and of the query") {
  struct Verb {
    const char* method;
    const char* target;
    const char* verb;
  };
  for (const Verb& row : {
           Verb{"POST", "/api/v1/pods", "create"},
           Verb{"GET", "/api/v1/pods", "list"},
           Verb{"GET", "/api/v1/pods?watch", "watch"},
           Verb{"GET", "/api/v1/pods?watch=banana", "watch"},
           Verb{"GET", "/api/v1/pods?watch=1", "watch"},
           Verb{"GET", "/api/v1/pods?watch=false", "list"},
           Verb{"GET", "/api/v1/pods?watch=False", "list"},
           Verb{"GET", "/api/v1/pods?watch=0", "list"},
           Verb{"GET", POD, "get"},
           Verb{"PUT", POD, "update"},
           Verb{"PATCH", POD, "patch"},
           Verb{"DELETE", POD, "delete"},
           Verb{"DELETE", "/api/v1/namespaces/kube-system/pods", "deletecollection"},
           // As kube-apiserver has it: a name makes it a get. By name a watch has a selector.
           Verb{"GET", POD "?watch=true", "get"},
           // Stricter: methods that no client of Kubernetes uses are refused.
           Verb{"HEAD", POD, "405"},
           Verb{"OPTIONS", POD, "405"},
           Verb{"BREW", POD, "405"},
       }) {
    CAPTURE(row.method);
    CAPTURE(row.target);
    const auto info = parse_request_info(row.method, row.target);
    CHECK((info ? info->verb : std::to_string(info.error().code)) == row.verb);
  }
  CHECK(understood("GET", "/api/v1/pods?watch=false&watch=true") == "400");  // stricter
}

TEST_CASE("behaviour 3.1: discovery paths are about no object") {
  for (const char* path :
       {"/", "/api", "/api/", "/apis", "/apis/", "/apis/apps", "/api/v1", "/apis/apps/v1"}) {
    CAPTURE(path);
    CHECK(understood("GET", path) == "nonresource");
  }
  // Stricter: an empty segment is read differently by different servers, and nobody needs one.
  for (const char* path : {"/apis/apps/", "/api/v1/", "/apis/apps/v1/"}) {
    CAPTURE(path);
    CHECK(understood("GET", path) == "400");
  }
  CHECK(understood("GET", "") == "400");  // stricter: HTTP knows no empty target
}

TEST_CASE("behaviour 3.1: resource paths") {
  check_gets({
      {"/api/v1/pods", "list core/v1 - pods -"},
      {"/api/v1/namespaces/kube-system", "get core/v1 kube-system namespaces kube-system"},
      {RBAC "/clusterroles", "list rbac.authorization.k8s.io/v1 - clusterroles -"},
      {RBAC "/clusterroles/foo", "get rbac.authorization.k8s.io/v1 - clusterroles foo"},
      {"/api/v1/namespaces/kube-system/pods", "list core/v1 kube-system pods -"},
      {POD, "get core/v1 kube-system pods foo"},
      {POD "/exec", "get core/v1 kube-system pods/exec foo"},
      {"/apis/apiregistration.k8s.io/v1/apiservices/foo/status",
       "get apiregistration.k8s.io/v1 - apiservices/status foo"},
      // The rest behind `proxy` is a path of its own, no part of the kind.
      {"/api/v1/nodes/foo/proxy/bar", "get core/v1 - nodes/proxy foo"},
  });
  const auto proxied = parse_request_info("GET", "/api/v1/nodes/foo/proxy/bar");
  REQUIRE(proxied);
  CHECK(proxied->subpath == std::vector<std::string>{"bar"});
}

TEST_CASE(
    "behaviour 3.1 and 3.2: the old prefix `watch` is refused, for it says twice what a query "
    "says") {
  check_gets({
      {"/api/v1/watch/pods", "403"},
      {"/api/v1/watch/namespaces/kube-system", "403"},
      {RBAC "/watch/clusterroles", "403"},
      {RBAC "/watch/clusterroles/foo", "403"},
      {"/api/v1/watch/namespaces/kube-system/pods", "403"},
      {"/api/v1/watch/namespaces/kube-system/pods/foo", "403"},
      {"/apis/apps/v1/watch/namespaces/default/statefulsets/foo", "403"},
      {"/apis/apps/v1/watch/namespaces/default/replicasets/foo", "403"},
      {"/apis/apps/v1/watch/namespaces/default/daemonsets/foo", "403"},
      {"/apis/batch/v1/watch/namespaces/default/jobs/foo", "403"},
      {"/apis/batch/v1/watch/namespaces/default/cronjobs/foo", "403"},
      {"/api/v1/watch/namespaces/default/persistentvolumeclaims/foo", "403"},
      {"/api/v1/watch/namespaces/default/serviceaccounts/foo", "403"},
      // What it said is said by the query.
      {"/api/v1/pods?watch=true", "watch core/v1 - pods -"},
      {"/api/v1/namespaces/kube-system/pods?watch=true", "watch core/v1 kube-system pods -"},
      {RBAC "/clusterroles?watch=true", "watch rbac.authorization.k8s.io/v1 - clusterroles -"},
  });
}

TEST_CASE("behaviour 3.2: the object that a GET is about") {
  check_gets({
      {"/api/v1/namespaces/default", "get core/v1 default namespaces default"},
      {"/api/v1/namespaces/default/pods/foo", "get core/v1 default pods foo"},
      {POD "/attach", "get core/v1 kube-system pods/attach foo"},
      {POD "/portforward", "get core/v1 kube-system pods/portforward foo"},
      // Scopes are discovery's to know: this one is 404 there (resolve_resource_test.cc).
      {"/api/v1/namespaces/default/persistentvolumes/foo",
       "get core/v1 default persistentvolumes foo"},
      {"/apis/networking.k8s.io/v1/ingresses/foo", "get networking.k8s.io/v1 - ingresses foo"},
      {"/apis/certificates.k8s.io/v1/certificatesigningrequests/foo",
       "get certificates.k8s.io/v1 - certificatesigningrequests foo"},
      {"/apis/apps/v1/namespaces/default/statefulsets/foo", "get apps/v1 default statefulsets foo"},
      {"/apis/apps/v1/namespaces/default/replicasets/foo", "get apps/v1 default replicasets foo"},
      {"/apis/apps/v1/namespaces/default/daemonsets/foo", "get apps/v1 default daemonsets foo"},
      {"/apis/batch/v1/namespaces/default/jobs/foo", "get batch/v1 default jobs foo"},
      {"/apis/batch/v1/namespaces/default/cronjobs/foo", "get batch/v1 default cronjobs foo"},
      {"/api/v1/namespaces/default/persistentvolumeclaims/foo",
       "get core/v1 default persistentvolumeclaims foo"},
      {"/api/v1/namespaces/default/serviceaccounts/foo", "get core/v1 default serviceaccounts foo"},
      {"/apis/argoproj.io/v1alpha1/namespaces/team-x/applications/prod-billing",
       "get argoproj.io/v1alpha1 team-x applications prod-billing"},
  });
}

TEST_CASE("behaviour 3.2: the object that a POST is about has its name in the body") {
  struct Created {
    const char* target;
    const char* expected;
  };
  for (const Created& row : {
           Created{"/api/v1/namespaces/default/pods", "create core/v1 default pods -"},
           Created{"/api/v1/namespaces/default/secrets", "create core/v1 default secrets -"},
           Created{"/api/v1/namespaces/default/configmaps", "create core/v1 default configmaps -"},
           Created{"/api/v1/namespaces/default/services", "create core/v1 default services -"},
           Created{"/apis/apps/v1/namespaces/default/deployments",
                   "create apps/v1 default deployments -"},
           Created{"/apis/apps/v1beta2/namespaces/default/deployments",
                   "create apps/v1beta2 default deployments -"},
           Created{"/api/v1/namespaces", "create core/v1 - namespaces -"},
       }) {
    CAPTURE(row.target);
    CHECK(understood("POST", row.target) == row.expected);
  }
}

TEST_CASE("behaviour 3.2: what is done by a subresource is told from the method") {
  CHECK(understood("PATCH", POD) == "patch core/v1 kube-system pods foo");
  CHECK(understood("POST", POD "/exec") == "create core/v1 kube-system pods/exec foo");
  CHECK(understood("PATCH", POD "/ephemeralcontainers") ==
        "patch core/v1 kube-system pods/ephemeralcontainers foo");
  CHECK(understood("PUT", POD "/ephemeralcontainers") ==
        "update core/v1 kube-system pods/ephemeralcontainers foo");
}
