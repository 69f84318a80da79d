#include "kube/status.h"

#include <doctest/doctest.h>

using postern::kube::Status;
using postern::kube::StatusCause;

TEST_CASE("Status: 401 is byte for byte kube-apiserver's") {
  CHECK(Status::unauthorized().to_json() ==
        R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
        R"("message":"Unauthorized","reason":"Unauthorized","code":401})");
}

TEST_CASE("Status: 403 of a non-resource path has empty details") {
  CHECK(Status::forbidden(R"(forbidden: User "alice" cannot get path "/metrics")").to_json() ==
        R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
        R"("message":"forbidden: User \"alice\" cannot get path \"/metrics\"",)"
        R"("reason":"Forbidden","details":{},"code":403})");
}

TEST_CASE("Status: details in kube-apiserver's key order, causes and retry included") {
  Status status = Status::too_many_requests("slow down", 2);
  status.details_name = "db-0";
  status.details_group = "apps";
  status.details_kind = "deployments";
  status.causes.push_back(StatusCause{"ResourceID", "/c/pod/k/dev/db-0", "metadata.name"});
  status.causes.push_back(StatusCause{"", "only a message", ""});
  CHECK(status.to_json() ==
        R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
        R"("message":"slow down","reason":"TooManyRequests","details":{"name":"db-0",)"
        R"("group":"apps","kind":"deployments","causes":[{"reason":"ResourceID",)"
        R"("message":"/c/pod/k/dev/db-0","field":"metadata.name"},)"
        R"({"message":"only a message"}],"retryAfterSeconds":2},"code":429})");
}

TEST_CASE("Status: every kind of answer has its code and reason") {
  struct Row {
    Status status;
    int code;
    const char* reason;
  };
  const Row rows[] = {
      {Status::bad_request("m"), 400, "BadRequest"},
      {Status::forbidden("m"), 403, "Forbidden"},
      {Status::not_found("m"), 404, "NotFound"},
      {Status::method_not_allowed("m"), 405, "MethodNotAllowed"},
      {Status::not_acceptable("m"), 406, "NotAcceptable"},
      {Status::conflict("m"), 409, "Conflict"},
      {Status::gone("m"), 410, "Expired"},
      {Status::too_large("m"), 413, "RequestEntityTooLarge"},
      {Status::unsupported_media_type("m"), 415, "UnsupportedMediaType"},
      {Status::expectation_failed("m"), 417, ""},
      {Status::unprocessable("m"), 422, "Invalid"},
      {Status::too_many_requests("m", 1), 429, "TooManyRequests"},
      {Status::head_too_large("m"), 431, ""},
      {Status::internal("m"), 500, "InternalError"},
      {Status::bad_gateway("m"), 502, ""},
      {Status::unavailable("m"), 503, "ServiceUnavailable"},
      {Status::gateway_timeout("m"), 504, "Timeout"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.code);
    CHECK(row.status.code == row.code);
    CHECK(row.status.reason == row.reason);
    CHECK(row.status.message == "m");
    const std::string json = row.status.to_json();
    CHECK(json.find("\"code\":" + std::to_string(row.code)) != std::string::npos);
    CHECK((json.find("\"reason\"") != std::string::npos) == !row.status.reason.empty());
  }
}

TEST_CASE("O233/O234: nothing that a terminal or a browser acts on leaves in a message") {
  const std::string json =
      Status::forbidden("a<b>&c \"q\" \\ \x1b[31m \xe2\x80\xae \xc2\x85 \xff \n end").to_json();
  CHECK(json.find(R"(a\u003cb\u003e\u0026c \"q\" \\ \\x1b[31m \\u202e \\u0085 \\xff \\x0a end)") !=
        std::string::npos);
  for (const char c : json) CHECK(static_cast<unsigned char>(c) >= 0x20);
}
