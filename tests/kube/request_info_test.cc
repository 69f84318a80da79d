#include "tests/kube/understood.h"

using namespace postern::kube;
using namespace postern::kube::testing;

TEST_CASE("request info: kube-apiserver's table of resource paths") {
  check_rows({
      {"GET", "/api/v1/namespaces", "list api - v1 - namespaces - -"},
      {"GET", "/api/v1/namespaces/other", "get api - v1 other namespaces - other"},
      {"GET", "/api/v1/namespaces/other/pods", "list api - v1 other pods - -"},
      {"GET", "/api/v1/namespaces/other/pods/foo", "get api - v1 other pods - foo"},
      {"GET", "/api/v1/pods", "list api - v1 - pods - -"},
      {"GET", "/api/v1/pods?watch=true", "watch api - v1 - pods - -"},
      {"GET", "/api/v1/pods?watch=false", "list api - v1 - pods - -"},
      {"GET", "/api/v1/namespaces/other/pods?watch=1", "watch api - v1 other pods - -"},
      {"GET", "/api/v1/namespaces/other/pods?watch=0", "list api - v1 other pods - -"},
      {"GET", "/api/v1/namespaces/other/pods/foo/status", "get api - v1 other pods status foo"},
      {"GET", "/api/v1/namespaces/other/pods/foo/proxy/subpath",
       "get api - v1 other pods proxy foo"},
      {"PUT", "/api/v1/namespaces/other/finalize",
       "update api - v1 other namespaces finalize other"},
      {"PUT", "/api/v1/namespaces/other/status", "update api - v1 other namespaces status other"},
      {"PATCH", "/api/v1/namespaces/other/pods/foo", "patch api - v1 other pods - foo"},
      {"DELETE", "/api/v1/namespaces/other/pods/foo", "delete api - v1 other pods - foo"},
      {"POST", "/api/v1/namespaces/other/pods", "create api - v1 other pods - -"},
      {"DELETE", "/api/v1/nodes", "deletecollection api - v1 - nodes - -"},
      {"DELETE", "/api/v1/namespaces", "deletecollection api - v1 - namespaces - -"},
      {"DELETE", "/api/v1/namespaces/other/pods", "deletecollection api - v1 other pods - -"},
      {"DELETE", "/apis/extensions/v1/namespaces/other/pods",
       "deletecollection apis extensions v1 other pods - -"},
      {"POST", "/apis/extensions/v1/namespaces/other/pods",
       "create apis extensions v1 other pods - -"},
      {"POST", "/apis/extensions/v1beta3/namespaces/other/pods",
       "create apis extensions v1beta3 other pods - -"},
      {"GET", "/apis/batch/v1/job", "list apis batch v1 - job - -"},
      {"GET", "/apis/batch/v1/job/foo", "get apis batch v1 - job - foo"},
      {"GET", "/apis/batch/v1/job/foo/scale", "get apis batch v1 - job scale foo"},
      {"GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
       "get apis rbac.authorization.k8s.io v1 - clusterroles - system:node"},
  });
}

TEST_CASE("request info: kube-apiserver's table of non-resource paths") {
  check_rows({
      {"GET", "/", "get nonresource"},
      {"GET", "/?", "get nonresource"},
      {"GET", "/api", "get nonresource"},
      {"GET", "/api/", "get nonresource"},
      {"GET", "/apis", "get nonresource"},
      {"GET", "/apis/", "get nonresource"},
      {"GET", "/api/version", "get nonresource"},
      {"GET", "/api/v1", "get nonresource"},
      {"GET", "/apis/extensions/v1beta1", "get nonresource"},
      {"GET", "/apis/group", "get nonresource"},
      {"GET", "/apis/version/resource", "get nonresource"},
      {"GET", "/badprefix/version/resource", "get nonresource"},
      {"GET", "/not-api/version/resource", "get nonresource"},
      {"GET", "/version", "get nonresource"},
      {"POST", "/metrics", "post nonresource"},
      {"GET", "/openapi/v3/apis/apps/v1?hash=1", "get nonresource"},
      {"GET", "/.well-known/openid-configuration", "get nonresource"},
      // Refused where kube-apiserver would look past the slash.
      {"GET", "/api/version/", "400"},
      {"GET", "/logs/", "403"},
      {"GET", "/debug/pprof/", "403"},
      {"GET", "/apis/group/version/", "400"},
      {"GET", "/apis/extensions/v1beta1/", "400"},
      {"GET", "", "400"},
  });
}

TEST_CASE(
    "request info: what kube-apiserver takes for a resource and the closed grammar does not") {
  check_rows({
      {"GET", "/api/version/resource", "404"},
      {"GET", "/apis/group/version/resource/name/subresource", "404"},
      {"GET", "/api/version/resource/name/subresource", "404"},
      {"GET", "/apis/e.com/v0/widgets", "404"},
      {"GET", "/apis/e.com/v1gamma1/widgets", "404"},
      {"GET", "/apis/e.com/v1beta/widgets", "404"},
      {"GET", "/apis/E.com/v1/widgets", "404"},
      {"GET", "/apis/nodot/v1/widgets", "404"},
      {"GET", "/api/v1/namespaces/dev/pods/x/Status", "404"},
      {"GET", "/api/v1/namespaces/Dev/pods", "400"},
      {"GET", "/api/v1/namespaces/-dev/pods", "400"},
      {"GET", "/api/v1/namespaces/*/pods", "400"},
      {"GET", "/api/v1/namespaces/dev.x", "400"},
      {"GET", "/apis/e.com/v1/namespaces/dev/widgets/foo/status/x", "400"},
      {"GET", "/api/v1/namespaces/other/status/x", "400"},
      {"GET", "/api/v1/namespaces/dev/pods/nginx 1", "400"},
  });
}

TEST_CASE("request info: kube-apiserver's table of selectors") {
  struct SelectorRow {
    const char* method;
    const char* target;
    const char* verb;
    const char* name;           ///< in the path
    const char* selector_name;  ///< required by the field selector
    const char* selector;       ///< what goes upstream
  };
  const SelectorRow rows[] = {
      {"GET", "/apis/batch/v1/jobs", "list", "", "", ""},
      {"GET", "/apis/batch/v1/jobs?fieldSelector=metadata.name=name1", "list", "", "name1",
       "metadata.name=name1"},
      {"GET", "/apis/batch/v1/jobs?watch=true&fieldSelector=metadata.name=name1", "watch", "",
       "name1", "metadata.name=name1"},
      {"GET", "/apis/batch/v1/jobs?fieldSelector=foo=bar&labelSelector=baz=qux", "list", "", "",
       "foo=bar"},
      {"GET", "/apis/batch/v1/jobs?fieldSelector=metadata.name=name1,foo", "list", "", "",
       "metadata.name=name1,foo"},
      {"GET", "/apis/batch/v1/jobs?fieldSelector=metadata.name=name1,foo&watch=true", "watch", "",
       "", "metadata.name=name1,foo"},
      {"GET", "/apis/batch/v1/jobs?fieldSelector=metadata.name=name1,foo&watch=false", "list", "",
       "", "metadata.name=name1,foo"},
      {"DELETE", "/apis/batch/v1/jobs?fieldSelector=foo=bar&labelSelector=baz=qux",
       "deletecollection", "", "", "foo=bar"},
      {"DELETE", "/apis/batch/v1/jobs?fieldSelector=metadata.name=a", "deletecollection", "", "a",
       "metadata.name=a"},
      {"GET", "/apis/batch/v1/jobs/name?fieldSelector=foo=bar&labelSelector=foo=bar", "get", "name",
       "", ""},
      {"GET", "/apis/batch/v1/jobs/x?fieldSelector=metadata.name=y", "get", "x", "", ""},
      {"GET", "/apis/batch/v1/jobs?fieldSelector=metadata.name=..", "list", "", "",
       "metadata.name=.."},
      {"GET", "/apis/batch/v1/jobs?fieldSelector=metadata.name=a%252fb", "list", "", "",
       "metadata.name=a%2fb"},
  };
  for (const SelectorRow& row : rows) {
    CAPTURE(row.target);
    const auto info = parse_request_info(row.method, row.target);
    REQUIRE(info.has_value());
    CHECK(info->verb == row.verb);
    CHECK(info->name == row.name);
    CHECK(info->field_selector_name == row.selector_name);
    CHECK(info->query.get("fieldSelector") == row.selector);
  }
  // kube-apiserver takes the first of two; a proxy that takes the other one is fooled.
  CHECK(understood("GET",
                   "/apis/batch/v1/jobs?fieldSelector=metadata.name=foo&"
                   "fieldSelector=metadata.name=bar") == "400");
  CHECK(parse_request_info("GET", "/api/v1/pods?fieldSelector=metadata.namespace%3Dprod")
            ->field_selector_namespace == "prod");
}

TEST_CASE("request info: methods by place; C54-C59") {
  check_rows({
      {"HEAD", "/api/v1/namespaces/dev/pods/nginx-1", "405"},    // C54: never 200
      {"HEAD", "/apis/e.com/v1/namespaces/dev/widgets", "405"},  // C55
      {"HEAD", "/healthz", "405"},
      {"TRACE", "/api/v1/namespaces/dev/pods/nginx-1", "405"},  // C56
      {"get", "/api/v1/namespaces/dev/pods/nginx-1", "405"},    // C57
      {"POST", "/api/v1/namespaces/dev/pods/nginx-1", "405"},   // C59
      {"PUT", "/api/v1/namespaces/dev/pods", "405"},
      {"PATCH", "/api/v1/namespaces/dev/pods", "405"},
      {"POST", "/api/v1/namespaces/dev", "405"},
      {"PROPFIND", "/api/v1/pods", "405"},
      {"", "/api/v1/pods", "405"},
      {"GET", "/api/v1/namespaces/dev/pods/x/exec", "get api - v1 dev pods exec x"},
      {"POST", "/api/v1/namespaces/dev/pods/x/exec", "create api - v1 dev pods exec x"},
      {"PUT", "/api/v1/namespaces/dev/pods/x/exec", "405"},
      {"DELETE", "/api/v1/namespaces/dev/pods/x/exec", "405"},
      {"POST", "/api/v1/namespaces/dev/pods/x/log", "405"},
      {"GET", "/api/v1/namespaces/dev/pods/x/eviction", "405"},
      {"POST", "/api/v1/namespaces/dev/pods/x/eviction", "create api - v1 dev pods eviction x"},
      {"POST", "/api/v1/namespaces/dev/serviceaccounts/default/token",
       "create api - v1 dev serviceaccounts token default"},
      {"GET", "/api/v1/namespaces/dev/serviceaccounts/default/token", "405"},
      {"DELETE", "/apis/apps/v1/namespaces/dev/deployments/web/scale", "405"},
      {"PATCH", "/apis/apps/v1/namespaces/dev/deployments/web/scale",
       "patch apis apps v1 dev deployments scale web"},
      {"DELETE", "/api/v1/namespaces/dev/pods/x/proxy", "delete api - v1 dev pods proxy x"},
      {"POST", "/apis/e.com/v1/namespaces/dev/widgets/w/foo",
       "create apis e.com v1 dev widgets foo w"},
      {"GET", "/api/v1/namespaces/dev/finalize", "405"},
  });
}

TEST_CASE("request info: each request keeps its own parameters only") {
  const std::string pod = "/api/v1/namespaces/dev/pods/x";
  // J183: the order of a command is kept.
  CHECK(target_of("POST", pod + "/exec?container=a&command=sh&command=-c&command=x%3By&stdin=true&"
                                "stdout=true&stderr=true&tty=false&limit=1") ==
        pod +
            "/exec?container=a&command=sh&command=-c&command=x%3By&stdin=true&stdout=true&"
            "stderr=true&tty=false");
  CHECK(target_of("GET", pod + "/attach?container=a&command=sh&tty=true") ==
        pod + "/attach?container=a&tty=true");
  CHECK(target_of("GET", pod + "/portforward?ports=80&ports=81&command=x") ==
        pod + "/portforward?ports=80&ports=81");
  const std::string log =
      pod +
      "/log?container=a&follow=true&previous=false&sinceSeconds=1&"
      "sinceTime=2020-01-01T00%3A00%3A00Z&timestamps=true&tailLines=5&limitBytes=9&"
      "stream=All";
  CHECK(target_of("GET", log) == log);
  CHECK(target_of("POST",
                  "/api/v1/namespaces/dev/pods?fieldManager=kubectl-create&"
                  "fieldValidation=Strict&dryRun=All&watch=true&pretty=true") ==
        "/api/v1/namespaces/dev/pods?fieldManager=kubectl-create&fieldValidation=Strict&"
        "dryRun=All");
  CHECK(target_of("PATCH", pod + "?force=true&fieldManager=kubectl") ==
        pod + "?force=true&fieldManager=kubectl");
  CHECK(target_of("PUT", pod + "?force=true&fieldManager=k") == pod + "?fieldManager=k");
  CHECK(target_of("DELETE", pod + "?gracePeriodSeconds=0&propagationPolicy=Foreground") ==
        pod + "?gracePeriodSeconds=0&propagationPolicy=Foreground");
  CHECK(target_of("GET", "/version?timeout=32s&x=1") == "/version?timeout=32s");
  CHECK(target_of("GET", "/readyz?verbose&exclude=etcd&exclude=ping") ==
        "/readyz?verbose=&exclude=etcd&exclude=ping");
  CHECK(target_of("GET", "/openapi/v3/api/v1?hash=AB%3D") == "/openapi/v3/api/v1?hash=AB%3D");
  CHECK(target_of("GET", "/api/v1/pods?shardSelector=x") == "/api/v1/pods");
  CHECK(target_of("GET", pod + "?timeout=10s") == pod + "?timeout=10s");
}

TEST_CASE("request info: what is a collection") {
  const auto is_collection = [](std::string_view method, std::string_view target) {
    return parse_request_info(method, target)->is_collection();
  };
  CHECK(is_collection("GET", "/api/v1/pods"));
  CHECK(is_collection("GET", "/api/v1/pods?watch=1"));
  CHECK(is_collection("DELETE", "/api/v1/namespaces/dev/pods"));
  CHECK_FALSE(is_collection("POST", "/api/v1/namespaces/dev/pods"));
  CHECK_FALSE(is_collection("GET", "/api/v1/namespaces/dev/pods/x"));
  CHECK_FALSE(is_collection("GET", "/api/v1"));
}

TEST_CASE("request info: a canonical target parses to itself") {
  for (const char* target :
       {"/", "/api/", "/api/v1/namespaces/dev/pods?watch=true&limit=5",
        "/apis/e.com/v1/widgets/a%20b:c", "/api/v1/namespaces/d/pods/x/exec?command=%0A%FF",
        "/api/v1/nodes/https:n1:1/proxy/x/?a=1&a=%20"}) {
    CAPTURE(target);
    CHECK(target_of("GET", target) == target);
  }
}
