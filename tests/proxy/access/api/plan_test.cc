#include "proxy/access/api/plan.h"

#include "kube/percent.h"

#include <doctest/doctest.h>
#include <string>
#include <string_view>

namespace {

using namespace postern::proxy::access::api;

constexpr std::string_view kRoot = "/apis/access.postern.dev/v1alpha1/";

ApiRequest request(const char* method, const std::string& target, const char* body = "",
                   const char* content_type = "application/json") {
  auto info = postern::kube::parse_request_info(method, std::string(kRoot) + target);
  REQUIRE(info);
  ApiRequest made;
  made.info = *info;
  made.content_type = content_type;
  made.body = body;
  made.caller.user.name = "alice";
  return made;
}

unsigned code(const ApiRequest& asked) {
  const auto plan = plan_request(asked);
  return plan ? 200 : plan.error().code;
}

TEST_CASE("what is served and what is not") {
  struct Row {
    const char* method;
    const char* target;
    unsigned code;
  };
  const Row rows[] = {{"GET", "accessrequests", 200},
                      {"GET", "accessrequests?watch=true", 200},
                      {"GET", "accessrequests/a", 200},
                      {"DELETE", "accessrequests/a", 200},
                      {"DELETE", "accessrequests", 405},
                      {"PUT", "accessrequests/a", 405},
                      {"PATCH", "accessrequests/a", 405},
                      {"GET", "accessrequests/a/status", 404},
                      {"GET", "accessrequests/a/review", 200},
                      {"POST", "accessrequests/a/review", 405},
                      {"GET", "accessrequests/a/reviews", 405},
                      {"GET", "accessrequests/a/preview", 200},
                      {"GET", "pods", 404},
                      {"GET", "namespaces/dev/accessrequests", 404},
                      {"DELETE", "kubeclusters/a", 405},
                      {"GET", "kubeclusters", 200},
                      {"GET", "resourcesearches", 405},
                      {"GET", "sessions/self/refusals", 400},
                      {"GET", "sessions/abc/refusals", 200}};
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.target);
    CHECK(code(request(row.method, row.target)) == row.code);
  }
}

TEST_CASE("nobody is made whom no request could name") {
  const auto user = [](const std::string& name) {
    return code(request("POST", "accessusers",
                        (R"({"apiVersion": "access.postern.dev/v1alpha1", "kind": "AccessUser", )"
                         R"("version": "v2", "metadata": {"name": ")" +
                         name + R"("}, "spec": {"roles": ["access"]}})")
                            .c_str()));
  };
  for (const char* const name : {"bob", "bob smith", "bob@example.com", "token:bob", "o'neill"}) {
    CAPTURE(name);
    CHECK(user(name) == 200);
    const std::string path = postern::kube::encode_path_segment(name);
    const auto info =
        postern::kube::parse_request_info("GET", std::string(kRoot) + "accessusers/" + path);
    REQUIRE(info);
    CHECK(info->name == name);
  }
  for (const char* const name : {"jos\u00e9", "a;b", "a?b", "a#b", "a/b", "a%b", "..", "a\\\\b"}) {
    CAPTURE(name);
    CHECK(user(name) == 422);
  }
}

TEST_CASE("other versions and groups are 404") {
  ApiRequest asked = request("GET", "accessrequests");
  asked.info.api_version = "v1";
  CHECK(code(asked) == 404);
  asked = request("GET", "accessrequests");
  asked.info.api_group = "e.com";
  CHECK(code(asked) == 404);
}

TEST_CASE("a request for access") {
  CHECK(code(request("POST", "accessrequests",
                     R"({"metadata":{"generateName":"x-","labels":{"a":"b"}},
                         "spec":{"resources":["/c/pod/k/dev/nginx-1"],"maxDuration":"4h"}})")) ==
        200);
  struct Row {
    const char* body;
    unsigned code;
    const char* field;
  };
  const Row rows[] = {{"", 400, ""},
                      {"{", 400, ""},
                      {R"({"metadata":{"name":"mine"},"spec":{}})", 422, "metadata.name"},
                      {R"({"spec":{"maxDuration":"4 hours"}})", 422, "spec.maxDuration"},
                      {R"({"spec":{"assumeStartTime":"tomorrow"}})", 422, "spec.assumeStartTime"},
                      {R"({"metadata":{"labels":{"a b":"c"}},"spec":{}})", 422, "metadata.labels"},
                      {R"({"spec":{"roles":"access"}})", 422, "spec.roles"}};
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const auto plan = plan_request(request("POST", "accessrequests", row.body));
    REQUIRE_FALSE(plan);
    CHECK(plan.error().code == row.code);
    if (*row.field != '\0') CHECK(plan.error().causes.at(0).field == row.field);
  }
  CHECK(code(request("POST", "accessrequests", "{}", "application/vnd.kubernetes.protobuf")) ==
        415);
  ApiRequest picky = request("POST", "accessrequests", R"({"spec":{}})");
  picky.accept = "application/cbor";
  CHECK(code(picky) == 406);
}

TEST_CASE("unknown fields warn unless they are to be refused") {
  const auto plan = plan_request(request("POST", "accessrequests", R"({"spec":{"x":1}})"));
  REQUIRE(plan);
  CHECK(plan->warnings == std::vector<std::string>{"unknown field \"spec.x\""});
  CHECK(code(request("POST", "accessrequests?fieldValidation=Strict", R"({"spec":{"x":1}})")) ==
        400);
}

TEST_CASE("patches of roles and users") {
  CHECK(code(request("PATCH", "accessroles/a", "{}", "application/merge-patch+json")) == 200);
  CHECK(code(request("PATCH", "accessroles/a", "{}", "application/apply-patch+yaml")) == 415);
  CHECK(code(request("PATCH", "accessusers/a", "[]", "application/json-patch+json")) == 200);
}

TEST_CASE("deletes and what they rest on") {
  CHECK(code(request("DELETE", "accessroles/a",
                     R"({"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"x"},
                         "propagationPolicy":"Background"})")) == 200);
  CHECK(code(request("DELETE", "accessroles/a", R"({"preconditions":{"resourceVersion":"x"}})")) ==
        422);
  CHECK(code(request("DELETE", "accessroles/a?dryRun=Some")) == 422);
}

TEST_CASE("a login is all that nobody can do") {
  constexpr const char* kPassword = R"({"spec":{"login":{"user":"alice","password":"x"}}})";
  ApiRequest login = request("POST", "sessions", kPassword);
  login.anonymous = true;
  login.caller = {};
  const auto plan = plan_request(login);
  REQUIRE(plan);
  CHECK(std::get<LoginCall>(plan->call).document.user == "alice");
  ApiRequest other = request("GET", "accessrequests");
  other.anonymous = true;
  CHECK(code(other) == 401);
  ApiRequest no_login = request("POST", "sessions", R"({"spec":{}})");
  no_login.anonymous = true;
  CHECK(code(no_login) == 401);
  // Two credentials at once.
  CHECK(code(request("POST", "sessions", kPassword)) == 422);
  ApiRequest both =
      request("POST", "sessions", R"({"spec":{"login":{"user":"a","password":"x","invite":"y"}}})");
  both.anonymous = true;
  CHECK(code(both) == 422);
}

TEST_CASE("a session is changed by its own token only") {
  constexpr const char* kBody = R"({"spec":{"assume":["a"]}})";
  ApiRequest own = request("POST", "sessions/self/requests", kBody);
  CHECK(code(own) == 400);  // no session is in use
  own.caller.session = "s1";
  CHECK(code(own) == 200);
  ApiRequest others = request("POST", "sessions/s2/requests", kBody);
  others.caller.session = "s1";
  CHECK(code(others) == 403);
}

TEST_CASE("a search") {
  const auto plan = plan_request(request(
      "POST", "resourcesearches",
      R"({"spec":{"kind":"pod","kubeCluster":"k","allNamespaces":true,"labels":{"a":"b"},"limit":5}})"));
  REQUIRE(plan);
  const auto& question = std::get<SearchCall>(plan->call).question;
  CHECK(question.all_namespaces);
  CHECK(question.limit == 5);
  CHECK(code(request("POST", "resourcesearches", R"({"spec":{"kind":"pod","limit":-1}})")) == 422);
  CHECK(code(request("POST", "resourcesearches", R"({"spec":{}})")) == 422);
}

}  // namespace
