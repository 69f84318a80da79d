#include "kube/forbidden.h"

#include <doctest/doctest.h>

using namespace postern::kube;

namespace {

RefusedAction get_pod() {
  RefusedAction action;
  action.user = "alice";
  action.verb = "get";
  action.resource = "pods";
  action.namespace_ = "dev";
  action.name = "db-0";
  return action;
}

}  // namespace

TEST_CASE("forbidden: kube-apiserver's sentences") {
  RefusedAction action = get_pod();
  CHECK(forbidden_message(action, "no role allows it") ==
        "pods \"db-0\" is forbidden: User \"alice\" cannot get resource \"pods\" in API group \"\" "
        "in the namespace \"dev\": no role allows it");

  action.verb = "list";
  action.name = "";
  CHECK(forbidden_message(action, "") ==
        "pods is forbidden: User \"alice\" cannot list resource \"pods\" in API group \"\" in the "
        "namespace \"dev\"");

  action.namespace_ = "";
  CHECK(forbidden_message(action, "") ==
        "pods is forbidden: User \"alice\" cannot list resource \"pods\" in API group \"\" at the "
        "cluster scope");

  action = get_pod();
  action.verb = "create";
  action.subresource = "exec";
  CHECK(forbidden_message(action, "") ==
        "pods \"db-0\" is forbidden: User \"alice\" cannot create resource \"pods/exec\" in API "
        "group \"\" in the namespace \"dev\"");

  action = get_pod();
  action.group = "apps";
  action.resource = "deployments";
  CHECK(forbidden_message(action, "") ==
        "deployments.apps \"db-0\" is forbidden: User \"alice\" cannot get resource "
        "\"deployments\" in API group \"apps\" in the namespace \"dev\"");

  RefusedAction path;
  path.user = "alice";
  path.verb = "get";
  path.path = "/metrics";
  CHECK(forbidden_message(path, "") == "forbidden: User \"alice\" cannot get path \"/metrics\"");
  CHECK(forbidden_message(path, "why") ==
        "forbidden: User \"alice\" cannot get path \"/metrics\": why");
}

TEST_CASE("forbidden: the whole answer is kube-apiserver's body") {
  CHECK(forbidden_status(get_pod(), "why").to_json() ==
        R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
        R"("message":"pods \"db-0\" is forbidden: User \"alice\" cannot get resource \"pods\" )"
        R"(in API group \"\" in the namespace \"dev\": why","reason":"Forbidden",)"
        R"("details":{"name":"db-0","kind":"pods"},"code":403})");
}

TEST_CASE("O234: markup in a name or user is written as entities, `why` is left alone") {
  RefusedAction action = get_pod();
  action.name = "<script>";
  action.user = "a&b";
  const std::string message = forbidden_message(action, "run: x > y");
  CHECK(message.find("pods \"&lt;script&gt;\" is forbidden: User \"a&amp;b\"") == 0);
  CHECK(message.ends_with(": run: x > y"));
}

TEST_CASE("forbidden: taken from a request; a confining field selector gives the name to lists") {
  RequestInfo info;
  info.is_resource_request = true;
  info.verb = "list";
  info.resource = "pods";
  info.namespace_ = "dev";
  info.field_selector_name = "db-0";
  CHECK(refused_action("alice", info).name == "db-0");
  info.verb = "deletecollection";
  CHECK(refused_action("alice", info).name.empty());
}

TEST_CASE("forbidden: the 404s") {
  CHECK(resource_not_found().message == "the server could not find the requested resource");
  const Status status = object_not_found("apps", "deployments", "web");
  CHECK(status.code == 404);
  CHECK(status.message == "deployments.apps \"web\" not found");
  CHECK(status.details_kind == "deployments");
}
