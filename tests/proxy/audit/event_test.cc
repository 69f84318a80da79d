#include "proxy/audit/event.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <vector>

namespace postern::proxy::audit {
namespace {

using Json = nlohmann::json;
using std::chrono::microseconds;

TimePoint at(std::int64_t micros) {
  return TimePoint(microseconds(micros));
}

std::string line_of(const Event& event) {
  std::string line;
  append_event(line, event);
  return line;
}

Event small_event() {
  Event event;
  event.audit_id = "00000000-0000-4000-8000-000000000000";
  event.request_uri = "/version";
  event.verb = "get";
  event.received = at(0);
  event.stage_time = at(1);
  return event;
}

TEST_CASE("times are MicroTime, whatever the year") {
  struct Row {
    std::int64_t micros;
    const char* text;
  };
  const Row rows[] = {
      {0, "1970-01-01T00:00:00.000000Z"},
      {1'795'902'306'123'456, "2026-11-28T21:45:06.123456Z"},
      {1'709'164'799'999'999, "2024-02-28T23:59:59.999999Z"},
      {1'709'164'800'000'000, "2024-02-29T00:00:00.000000Z"},
      {7'258'118'399'000'001, "2199-12-31T23:59:59.000001Z"},
  };
  for (const Row& row : rows) {
    std::string text;
    append_micro_time(text, at(row.micros));
    CHECK(text == row.text);
  }
}

TEST_CASE("an event is one line in kube-apiserver's order of keys") {
  CHECK(line_of(small_event()) ==
        R"({"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata",)"
        R"("auditID":"00000000-0000-4000-8000-000000000000","stage":"ResponseComplete",)"
        R"("requestURI":"/version","verb":"get","user":{},)"
        R"("requestReceivedTimestamp":"1970-01-01T00:00:00.000000Z",)"
        R"("stageTimestamp":"1970-01-01T00:00:00.000001Z"})"
        "\n");
}

TEST_CASE("everything that an event may have") {
  const rbac::UserInfo user{"alice", {"dev", "system:authenticated"}, "u-1"};
  const rbac::Principals principals{"dev-user", {"dev-team", "system:authenticated"}};
  kube::Status status = kube::Status::forbidden("pods \"db-0\" is forbidden");
  status.details_name = "db-0";
  status.details_kind = "pods";
  const std::vector<Annotation> annotations = {{"authorization.k8s.io/decision", "forbid"},
                                               {"audit.postern.dev/roles", ""}};
  Event event = small_event();
  event.level = Level::kRequestResponse;
  event.stage = Stage::kResponseStarted;
  event.user = &user;
  event.impersonated = &principals;
  event.access_request = "k3n5x0a1b2";
  event.source_ip = "203.0.113.7";
  event.user_agent = "kubectl/v1.37";
  event.object = {"pods", "dev", "db-0", "uid-1", "", "v1", "exec"};
  event.code = 403;
  event.status = &status;
  event.request_object = R"({"a":1})";
  event.response_object = R"({"b":2})";
  event.annotations = annotations;
  const Json json = Json::parse(line_of(event));
  CHECK(json["level"] == "RequestResponse");
  CHECK(json["stage"] == "ResponseStarted");
  CHECK(json["user"] ==
        Json({{"username", "alice"}, {"uid", "u-1"}, {"groups", {"dev", "system:authenticated"}}}));
  CHECK(json["impersonatedUser"]["username"] == "dev-user");
  CHECK(json["impersonatedUser"]["extra"]["access.postern.dev/request"] == Json({"k3n5x0a1b2"}));
  CHECK(json["sourceIPs"] == Json({"203.0.113.7"}));
  CHECK(json["objectRef"] == Json({{"resource", "pods"},
                                   {"namespace", "dev"},
                                   {"name", "db-0"},
                                   {"uid", "uid-1"},
                                   {"apiVersion", "v1"},
                                   {"subresource", "exec"}}));
  CHECK(json["responseStatus"]["code"] == 403);
  CHECK(json["responseStatus"]["reason"] == "Forbidden");
  CHECK(json["responseStatus"]["status"] == "Failure");
  CHECK(json["responseStatus"]["details"] == Json({{"name", "db-0"}, {"kind", "pods"}}));
  CHECK(json["requestObject"]["a"] == 1);
  CHECK(json["responseObject"]["b"] == 2);
  CHECK(json["annotations"] == Json({{"authorization.k8s.io/decision", "forbid"}}));
}

TEST_CASE("nothing that somebody typed makes a second line or a second key") {
  const char* const hostile[] = {
      "a\nb", "a\",\"verb\":\"get", "\x1b[31m", "\xE2\x80\xAE", "\xff\xfe", "back\\slash", "tab\t",
      "nul",  "<script>&<",         "\x7f"};
  for (const char* text : hostile) {
    CAPTURE(text);
    const rbac::UserInfo user{text, {text}, text};
    const rbac::Principals principals{text, {text}};
    Event event = small_event();
    event.user = &user;
    event.impersonated = &principals;
    event.access_request = text;
    event.user_agent = text;
    event.request_uri = text;
    event.object.resource = text;
    event.object.name = text;
    const Annotation annotation{"audit.postern.dev/x", text};
    event.annotations = {&annotation, 1};
    const std::string line = line_of(event);
    CHECK(line.find('\n') == line.size() - 1);
    CHECK(line.find('\x1b') == std::string::npos);
    const Json json = Json::parse(line, nullptr, false);
    REQUIRE(json.is_object());
    CHECK(json["verb"] == "get");
    CHECK(json["objectRef"].size() == 2);
  }
}

TEST_CASE("long user agents are cut, as kube-apiserver cuts them") {
  const std::string agent(5000, 'a');
  Event event = small_event();
  event.user_agent = agent;
  CHECK(Json::parse(line_of(event))["userAgent"].get<std::string>().size() == 1024);
}

}  // namespace
}  // namespace postern::proxy::audit
