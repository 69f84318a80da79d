#include "proxy/upstream/upgrade.h"

#include "proxy/http/codec.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 §1.3, with its answer:
constexpr const char* kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

http::RequestHead request(const std::string& method, const std::string& fields) {
  auto head = http::parse_request_head(
      method + " /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n" + fields + "\r\n", {});
  REQUIRE(head);
  return std::move(*head);
}

http::ResponseHead response(const std::string& text) {
  auto head = http::parse_response_head(text, "GET", {});
  REQUIRE(head);
  return std::move(*head);
}

std::string websocket(const std::string& protocols) {
  return "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
         std::string(kKey) + "\r\n" +
         (protocols.empty() ? "" : "Sec-WebSocket-Protocol: " + protocols + "\r\n");
}

TEST_CASE("upgrade: a WebSocket is asked for anew (attack 74)") {
  const auto upgrade =
      parse_upgrade(request("GET", websocket("v5.channel.k8s.io, v4.channel.k8s.io") +
                                       "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
  REQUIRE(upgrade);
  CHECK(upgrade_fields(*upgrade) ==
        HeaderFields{{"Connection", "Upgrade"},
                     {"Upgrade", "websocket"},
                     {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Key", kKey},
                     {"Sec-WebSocket-Protocol", "v5.channel.k8s.io, v4.channel.k8s.io"}});
}

TEST_CASE("upgrade: SPDY protocols stay one line each") {
  const auto upgrade =
      parse_upgrade(request("POST",
                            "Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n"
                            "X-Stream-Protocol-Version: channel.k8s.io\r\n"));
  REQUIRE(upgrade);
  CHECK(upgrade_fields(*upgrade) == HeaderFields{{"Connection", "Upgrade"},
                                                 {"Upgrade", "SPDY/3.1"},
                                                 {"X-Stream-Protocol-Version", "v4.channel.k8s.io"},
                                                 {"X-Stream-Protocol-Version", "channel.k8s.io"}});
}

TEST_CASE("attack 181: a bearer subprotocol stays behind") {
  for (const std::string bearer : {"base64url.bearer.authorization.k8s.io.c2VjcmV0",
                                   "Base64Url.Bearer.Authorization.K8s.IO.c2VjcmV0"}) {
    const auto upgrade = parse_upgrade(request("GET", websocket("v5.channel.k8s.io, " + bearer)));
    REQUIRE(upgrade);
    CHECK(upgrade->subprotocols == std::vector<std::string>{"v5.channel.k8s.io"});
  }
}

TEST_CASE("upgrade: what is refused with 400") {
  const std::string many = [] {
    std::string list = "p0";
    for (int i = 1; i < 20; ++i) list += ", p" + std::to_string(i);
    return list;
  }();
  const std::string rows[] = {
      // attack 182
      websocket("base64url.bearer.authorization.k8s.io.c2VjcmV0"),
      websocket(""),
      websocket("v5.channel.k8s.io,,x"),
      websocket("v5.channel.k8s.io, \"x\""),
      websocket(many),
      "Upgrade: h2c\r\n",
      "Upgrade: websocket, SPDY/3.1\r\n",
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a\r\n",
      "Upgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: " + std::string(kKey) +
          "\r\nSec-WebSocket-Protocol: a\r\n",
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short==\r\n"
      "Sec-WebSocket-Protocol: a\r\n",
  };
  for (const std::string& fields : rows) {
    CAPTURE(fields);
    const auto upgrade = parse_upgrade(request("GET", fields));
    REQUIRE_FALSE(upgrade);
    CHECK(upgrade.error().code == 400);
  }
  CHECK_FALSE(parse_upgrade(request("POST", websocket("a") + "Content-Length: 0\r\n")));
}

TEST_CASE("upgrade: only the switch that was asked for is believed (attack 179)") {
  const auto upgrade = parse_upgrade(request("GET", websocket("v5.channel.k8s.io")));
  REQUIRE(upgrade);
  const std::string good =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
      "Upgrade: websocket\r\nSec-WebSocket-Accept: " +
      std::string(kAccept) + "\r\n";
  CHECK(verify_switch(*upgrade,
                      response(good + "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n")));
  CHECK(verify_switch(*upgrade, response(good + "\r\n")));
  const std::string bad[] = {
      good + "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n",
      good + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + std::string(kAccept) +
          "\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
      "Sec-WebSocket-Accept: " +
          std::string(kAccept) + "\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " +
          std::string(kAccept) + "\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
  };
  for (const std::string& text : bad) {
    CAPTURE(text);
    const auto verified = verify_switch(*upgrade, response(text));
    REQUIRE_FALSE(verified);
    CHECK(verified.error().code == 502);
  }
}

}  // namespace
}  // namespace postern::proxy
