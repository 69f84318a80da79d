#include "proxy/upstream/request_builder.h"

#include "proxy/http/codec.h"
#include "scripted_server.h"

#include <doctest/doctest.h>
#include <set>

namespace postern::proxy {
namespace {

using test::has_line;

const HeaderFields kAlice{{"Impersonate-User", "alice"},
                          {"Impersonate-Group", "system:authenticated"}};

http::RequestHead client_head(const std::string& fields) {
  auto head =
      http::parse_request_head("GET /x HTTP/1.1\r\nHost: postern\r\n" + fields + "\r\n", {});
  REQUIRE(head);
  return std::move(*head);
}

RequestPlan plan_for(const http::RequestHead& client) {
  RequestPlan plan;
  plan.method = "GET";
  plan.path = "/api/v1/namespaces/dev/pods";
  plan.query = "limit=500";
  plan.host = "cluster:6443";
  plan.audit_id = "00000000-0000-4000-8000-000000000000";
  plan.client_address = "203.0.113.7";
  plan.client = &client.fields;
  plan.impersonation = &kAlice;
  return plan;
}

std::string build(const RequestPlan& plan) {
  auto head = build_request_head(plan);
  REQUIRE(head);
  return *head;
}

TEST_CASE("request head: ours from the first byte to the last, identity last") {
  const auto client = client_head(
      "User-Agent: kubectl/v1.37.2\r\nKubectl-Command: kubectl get\r\n"
      "Kubectl-Session: 1-2-3\r\nAuthorization: Bearer client\r\n");
  RequestPlan plan = plan_for(client);
  plan.accept = "application/json";
  plan.body_is_read = true;
  plan.authorization = "Bearer postern";
  CHECK(build(plan) ==
        "GET /api/v1/namespaces/dev/pods?limit=500 HTTP/1.1\r\n"
        "Host: cluster:6443\r\n"
        "Accept: application/json\r\n"
        "Accept-Encoding: identity\r\n"
        "User-Agent: kubectl/v1.37.2\r\n"
        "Kubectl-Command: kubectl get\r\n"
        "Kubectl-Session: 1-2-3\r\n"
        "X-Forwarded-For: 203.0.113.7\r\n"
        "Audit-ID: 00000000-0000-4000-8000-000000000000\r\n"
        "Authorization: Bearer postern\r\n"
        "Impersonate-User: alice\r\n"
        "Impersonate-Group: system:authenticated\r\n"
        "\r\n");
}

TEST_CASE("attacks 58, 66–79: what a client sends beside the allow-list stays behind") {
  const char* const rows[] = {
      "X-HTTP-Method-Override: DELETE\r\n",                         // 58
      "Impersonate-User: root\r\n",                                 // 69
      "impersonate-GROUP: system:masters\r\n",                      // 70
      "Impersonate-Extra-Scopes: x\r\nImpersonate-Uid: x\r\n",      // 71
      "X-Remote-User: admin\r\nX-Remote-Group: system:masters\r\n"  // 73
      "X-Remote-Extra-A: b\r\nX-Remote-Uid: 1\r\n",
      "Connection: Impersonate-User, close\r\n",  // 74
      "Proxy-Connection: keep-alive\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
      "Trailer: X\r\n",  // 75
      "Cookie: a=b\r\nForwarded: for=1.2.3.4\r\nX-Original-URL: /api/v1/secrets\r\n"
      "X-Rewrite-URL: /x\r\n",  // 78
      "Authorization: Bearer client\r\nProxy-Authorization: Basic x\r\n",
      "Origin: https://evil\r\nRange: bytes=0-1\r\nbaggage: a=b\r\nX-Forwarded-Host: evil\r\n",
      "Expect: 100-continue\r\n",
  };
  const auto nothing = client_head("");
  const std::string without = build(plan_for(nothing));
  for (const char* fields : rows) {
    CAPTURE(fields);
    const auto client = client_head(fields);
    CHECK(build(plan_for(client)) == without);
  }
}

TEST_CASE("attacks 78, 79: X-Forwarded-For and Audit-ID are ours") {
  const auto client = client_head("X-Forwarded-For: 1.2.3.4\r\nAudit-ID: attacker\r\n");
  const std::string head = build(plan_for(client));
  CHECK(has_line(head, "X-Forwarded-For: 203.0.113.7"));
  CHECK(has_line(head, "Audit-ID: 00000000-0000-4000-8000-000000000000"));
  CHECK(head.find("1.2.3.4") == std::string::npos);
  CHECK(head.find("attacker") == std::string::npos);
}

TEST_CASE("request head: conditional and compressed answers only where the body passes") {
  const auto client = client_head(
      "Accept: application/json;as=Table\r\nAccept-Encoding: gzip\r\n"
      "If-None-Match: \"a\"\r\ntraceparent: "
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
  RequestPlan plan = plan_for(client);
  const std::string passed = build(plan);
  CHECK(has_line(passed, "Accept: application/json;as=Table"));
  CHECK(has_line(passed, "Accept-Encoding: gzip"));
  CHECK(has_line(passed, "If-None-Match: \"a\""));
  CHECK(has_line(passed, "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  plan.body_is_read = true;
  plan.accept = "application/json";
  const std::string read = build(plan);
  CHECK(has_line(read, "Accept: application/json"));
  CHECK(has_line(read, "Accept-Encoding: identity"));
  CHECK(read.find("gzip") == std::string::npos);
  CHECK(read.find("If-None-Match") == std::string::npos);
}

TEST_CASE("request head: framing is ours") {
  const auto client = client_head("Content-Type: application/json\r\n");
  RequestPlan plan = plan_for(client);
  CHECK(build(plan).find("Content-") == std::string::npos);
  plan.method = "POST";
  CHECK(has_line(build(plan), "Content-Length: 0"));
  plan.body = RequestBody::of_length(7);
  CHECK(has_line(build(plan), "Content-Length: 7"));
  CHECK(has_line(build(plan), "Content-Type: application/json"));
  plan.body = RequestBody::chunked();
  CHECK(has_line(build(plan), "Transfer-Encoding: chunked"));
  CHECK(build(plan).find("Content-Length") == std::string::npos);
}

TEST_CASE("attack 74: an upgrade's Connection says Upgrade and nothing else") {
  const auto client = client_head(
      "Connection: Upgrade, Impersonate-User\r\nUpgrade: SPDY/3.1\r\n"
      "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n");
  const auto upgrade = parse_upgrade(client);
  REQUIRE(upgrade);
  RequestPlan plan = plan_for(client);
  plan.method = "POST";
  plan.upgrade = &*upgrade;
  const std::string head = build(plan);
  CHECK(has_line(head, "Connection: Upgrade"));
  CHECK(has_line(head, "Upgrade: SPDY/3.1"));
  CHECK(has_line(head, "X-Stream-Protocol-Version: v4.channel.k8s.io"));
  CHECK(has_line(head, "Impersonate-User: alice"));
  CHECK(head.find("Content-Length") == std::string::npos);
}

TEST_CASE("request head: no call leaves without a user") {
  const auto client = client_head("");
  const HeaderFields none;
  const HeaderFields empty{{"Impersonate-User", ""}};
  const HeaderFields group{{"Impersonate-Group", "system:masters"}};
  for (const HeaderFields* fields :
       {&none, &empty, &group, static_cast<const HeaderFields*>(nullptr)}) {
    RequestPlan plan = plan_for(client);
    plan.impersonation = fields;
    const auto head = build_request_head(plan);
    REQUIRE_FALSE(head);
    CHECK(head.error().code == 500);
  }
}

TEST_CASE("request head: a value of our own that would break out is a bug, and throws") {
  const auto client = client_head("");
  const HeaderFields split{{"Impersonate-User", "alice\r\nImpersonate-Group: system:masters"}};
  RequestPlan plan = plan_for(client);
  plan.impersonation = &split;
  CHECK_THROWS(static_cast<void>(build_request_head(plan)));
  plan = plan_for(client);
  plan.query = "a=b HTTP/1.1\r\nX: y";
  CHECK_THROWS(static_cast<void>(build_request_head(plan)));
}

TEST_CASE("audit IDs are random UUIDs of version 4") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string id = make_audit_id();
    CHECK(id.size() == 36);
    CHECK(id[14] == '4');
    CHECK(std::string("89ab").find(id[19]) != std::string::npos);
    CHECK((id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-'));
    seen.insert(id);
  }
  CHECK(seen.size() == 100);
}

}  // namespace
}  // namespace postern::proxy
