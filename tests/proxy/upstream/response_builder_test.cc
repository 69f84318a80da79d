#include "proxy/upstream/response_builder.h"

#include "scripted_server.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

using test::has_line;

http::ResponseHead response(unsigned status, const std::string& fields = "") {
  const bool bodyless = status < 200 || status == 204 || status == 304;
  auto head = http::parse_response_head("HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields +
                                            (bodyless ? "\r\n" : "Content-Length: 0\r\n\r\n"),
                                        "GET", {});
  REQUIRE(head);
  return std::move(*head);
}

std::string relayed(const http::ResponseHead& head, ResponseUse use) {
  http::HeadWriter out = http::HeadWriter::response(head.status);
  relay_fields(head, use, out);
  return out.take();
}

TEST_CASE("attacks 190, 216, 218: what of upstream's answers never reaches a client") {
  for (const unsigned status : {300U, 301U, 302U, 303U, 304U, 307U, 308U, 399U, 401U, 101U}) {
    CAPTURE(status);
    const auto relayable = check_relayable(response(status), false, false);
    REQUIRE_FALSE(relayable);
    CHECK(relayable.error().code == 502);
  }
  for (const unsigned status :
       {200U, 201U, 204U, 400U, 403U, 404U, 409U, 410U, 422U, 429U, 500U, 503U}) {
    CHECK(check_relayable(response(status), false, false));
  }
  CHECK(check_relayable(response(304), true, false));
  CHECK_FALSE(check_relayable(response(302), true, true));
  CHECK(check_relayable(response(101), false, true));
}

TEST_CASE("attack 220: only the allow-list comes back") {
  const auto head = response(
      200,
      "Content-Type: application/json\r\nCache-Control: no-cache, private\r\nAudit-Id: a\r\n"
      "Warning: 299 - \"one\"\r\nWarning: 299 - \"two\"\r\nRetry-After: 1\r\n"
      "X-Kubernetes-Pf-Flowschema-Uid: f\r\nX-Kubernetes-Pf-Prioritylevel-Uid: p\r\n"
      "Allow: GET, HEAD\r\nSet-Cookie: a=b\r\nLocation: /x\r\nServer: "
      "apiserver\r\nWWW-Authenticate: Basic\r\n"
      "Connection: close\r\nETag: \"e\"\r\nLast-Modified: x\r\nVary: Accept\r\n"
      "Access-Control-Allow-Origin: *\r\nStrict-Transport-Security: max-age=1\r\n");
  const std::string rewritten = relayed(head, ResponseUse::kRewritten);
  CHECK(rewritten ==
        "HTTP/1.1 200 OK\r\nAllow: GET, HEAD\r\n"
        "Content-Type: application/json\r\nCache-Control: no-cache, private\r\n"
        "Warning: 299 - \"one\"\r\nWarning: 299 - \"two\"\r\nRetry-After: 1\r\n"
        "X-Kubernetes-Pf-Flowschema-Uid: f\r\nX-Kubernetes-Pf-Prioritylevel-Uid: p\r\n"
        "X-Content-Type-Options: nosniff\r\n\r\n");
  const std::string passed = relayed(head, ResponseUse::kPassThrough);
  CHECK(has_line(passed, "ETag: \"e\""));
  CHECK(has_line(passed, "Vary: Accept"));
  for (const char* never : {"Set-Cookie", "Location", "Server", "WWW-Authenticate", "Connection",
                            "Access-Control", "Strict-Transport", "Audit-Id"}) {
    CHECK(passed.find(never) == std::string::npos);
  }
}

TEST_CASE("the head of a switch is made anew") {
  const Upgrade upgrade{Upgrade::Protocol::kWebSocket, "k", {"v5.channel.k8s.io"}};
  const auto head = response(101,
                             "Connection: Upgrade, X\r\nUpgrade: websocket\r\n"
                             "Sec-WebSocket-Accept: abc\r\nX: y\r\nSet-Cookie: a=b\r\n"
                             "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n");
  CHECK(build_switch_head(upgrade, head) ==
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Accept: abc\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n");
  const Upgrade spdy{Upgrade::Protocol::kSpdy, "", {"v4.channel.k8s.io"}};
  CHECK(
      build_switch_head(spdy, response(101, "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n")) ==
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
      "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n");
}

std::string refusal(const std::string& message, const std::string& kind, const std::string& name) {
  return R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":")" + message +
         R"(","reason":"Forbidden","details":{"name":")" + name + R"(","kind":")" + kind +
         R"("},"code":403})";
}

TEST_CASE("attack 217: a refusal of postern itself does not name its identity") {
  const rbac::Principals alice{"alice", {"system:authenticated", "viewers"}};
  const std::string identity = "system:serviceaccount:postern:postern";
  struct Row {
    std::string body;
    std::string says;
  };
  const Row rows[] = {
      {refusal("users \\\"alice\\\" is forbidden: User \\\"" + identity +
                   "\\\" cannot impersonate resource \\\"users\\\" in API group \\\"\\\" at the "
                   "cluster scope",
               "users", "alice"),
       "user \"alice\""},
      {refusal("groups \\\"viewers\\\" is forbidden: User \\\"" + identity +
                   "\\\" cannot impersonate resource \\\"groups\\\"",
               "groups", "viewers"),
       "group \"viewers\""},
      {refusal("x is forbidden: User \\\"" + identity +
                   "\\\" cannot impersonate:user-info resource \\\"groups\\\"",
               "groups", "somebody-elses"),
       "this user or one of its groups"},
      {refusal("pods is forbidden: User \\\"" + identity + "\\\" cannot list resource \\\"pods\\\"",
               "pods", ""),
       "refused postern itself"},
      // kube-apiserver 1.37, where constrained impersonation is tried before the old kind.
      {refusal("pods is forbidden: User \\\"" + identity +
                   "\\\" cannot impersonate-on:user-info:list resource \\\"pods\\\" in API group "
                   "\\\"\\\" in the namespace \\\"default\\\"",
               "pods", ""),
       "neither the right \"impersonate-on:user-info:list\" on pods nor, for this user and its "
       "groups, \"impersonate\""},
      {refusal("deployments.apps \\\"web\\\" is forbidden: User \\\"" + identity +
                   "\\\" cannot impersonate-on:user-info:patch resource "
                   "\\\"deployments/scale\\\" in API group \\\"apps\\\" in the namespace "
                   "\\\"default\\\"",
               "deployments", "web"),
       "\"impersonate-on:user-info:patch\" on deployments/scale.apps nor"},
      {refusal("forbidden: User \\\"" + identity +
                   "\\\" cannot impersonate-on:user-info:get path \\\"/metrics\\\"",
               "", ""),
       "\"impersonate-on:user-info:get\" on /metrics nor"},
      {refusal("x is forbidden: User \\\"" + identity + "\\\" cannot impersonate-on:user-info:get",
               "", ""),
       "this user or one of its groups"},
      {"k8s\x0a\x0cpods is forbidden: User \"" + identity +
           "\" cannot impersonate resource \"users\"",
       "this user or one of its groups"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const auto replaced = replace_refusal(row.body, alice);
    REQUIRE(replaced);
    CHECK(replaced->code == 502);
    CHECK(replaced->message.find("serviceaccount") == std::string::npos);
    CHECK(replaced->message.find("somebody-elses") == std::string::npos);
    CHECK(replaced->message.find(row.says) != std::string::npos);
  }
}

TEST_CASE("a refusal of the user itself passes") {
  const rbac::Principals alice{"alice", {"system:authenticated"}};
  CHECK_FALSE(replace_refusal(
      refusal("pods is forbidden: User \\\"alice\\\" cannot list resource \\\"pods\\\"", "pods",
              ""),
      alice));
  CHECK_FALSE(replace_refusal(
      refusal("admission webhook \\\"x\\\" denied the request: no", "pods", "nginx-1"), alice));
  CHECK_FALSE(replace_refusal("unable to negotiate a protocol", alice));
  // A name that merely begins alike is somebody else's.
  CHECK(replace_refusal(
      refusal("pods is forbidden: User \\\"alice2\\\" cannot list resource", "pods", ""), alice));
  const rbac::Principals quoted{"al\"ice", {"system:authenticated"}};
  CHECK_FALSE(replace_refusal(
      refusal("pods is forbidden: User \\\"al\\\\\\\"ice\\\" cannot list", "pods", ""), quoted));
}

}  // namespace
}  // namespace postern::proxy
