#include "transcript.h"

#include <doctest/doctest.h>

using namespace postern::proxy::http;
using namespace postern::proxy::http::test;

namespace {

constexpr HeadLimits kLimits;

unsigned code_of(std::string_view head, std::string_view method = "GET") {
  const auto parsed = parse_response_head(head, method, kLimits);
  return parsed ? 200 : parsed.error().code;
}

ResponseHead parse(const std::string& head, std::string_view method = "GET") {
  auto parsed = parse_response_head(head, method, kLimits);
  REQUIRE(parsed);
  return std::move(*parsed);
}

}  // namespace

TEST_CASE("a response head in full") {
  const auto head = parse(
      "HTTP/1.1 200 OK\r\nAudit-Id: 1\r\nCache-Control: no-cache, private\r\n"
      "Cache-Control: no-cache, private\r\nContent-Type: application/json\r\n"
      "X_Balancer.1: y\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(head.status == 200);
  CHECK(head.minor_version == 1);
  CHECK(head.framing == Framing::kChunked);
  CHECK(head.keep_alive);
  CHECK(head.fields.get("content-type") == "application/json");
  CHECK(head.fields.count("Cache-Control") == 2);
}

TEST_CASE("status lines") {
  for (const char* line : {"HTTP/1.1 200 ", "HTTP/1.1 200 OK", "HTTP/1.0 404 Not Found",
                           "HTTP/1.1 599 \xC3\xA9 x", "HTTP/1.1 100 Continue"}) {
    CAPTURE(line);
    CHECK(code_of(std::string(line) + "\r\n\r\n") == 200);
  }
  for (const char* line : {"HTTP/1.1 200",
                           "HTTP/1.1  200 OK",
                           "HTTP/1.1 20 OK",
                           "HTTP/1.1 2000 OK",
                           "HTTP/1.1 099 x",
                           "HTTP/1.1 600 x",
                           "HTTP/1.1 2x0 OK",
                           "HTTP/1.1 -20 OK",
                           "HTTP/2 200 OK",
                           "HTTP/1.2 200 OK",
                           "HTTP/1.1200 OK",
                           "http/1.1 200 OK",
                           " HTTP/1.1 200 OK",
                           "",
                           "OK",
                           "HTTP/1.1 200 O\rK",
                           "HTTP/1.1 200 O\x01K",
                           "ICY 200 OK",
                           "HTTP/1.1\t200 OK",
                           "GET / HTTP/1.1"}) {
    CAPTURE(line);
    CHECK(code_of(std::string(line) + "\r\n\r\n") == 502);
  }
}

TEST_CASE("the same strictness as for requests, as 502") {
  for (const char* lines :
       {"Transfer-Encoding: gzip\r\n", "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Content-Length: 5, 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: -5\r\n",
        "Content-Length: 5\r\n folded\r\n", "X A: b\r\n", "X-A : b\r\n", "X-A: a\nX-B: b\r\n",
        "X-A: a\x01\r\n", "Content-Type: a/b\r\nContent-Type: c/d\r\n",
        "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", "no colon\r\n",
        "Upgrade: a\r\nUpgrade: b\r\n"}) {
    CAPTURE(lines);
    CHECK(code_of("HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n") == 502);
  }
  CHECK(code_of("HTTP/1.1 200 OK\nContent-Length: 0\n\n") == 502);
  CHECK(code_of("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") == 502);
  CHECK(code_of("HTTP/1.1 200 OK\r\n\r\nx") == 502);
  CHECK(code_of("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'a') + "\r\n\r\n") == 502);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "X: a\r\n";
  CHECK(code_of("HTTP/1.1 200 OK\r\n" + many + "\r\n") == 502);
}

TEST_CASE("framing by method and status (RFC 9112 section 6.3)") {
  struct Row {
    const char* method;
    const char* head;
    Framing framing;
    std::uint64_t length;
    bool keep_alive;
  };
  const Row rows[] = {
      {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", Framing::kLength, 7, true},
      {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Framing::kLength, 0, true},
      {"GET", "HTTP/1.1 200 OK\r\n\r\n", Framing::kUntilClose, 0, false},
      {"GET", "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", Framing::kUntilClose, 0, false},
      {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n", Framing::kLength,
       7, false},
      {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n", Framing::kLength, 7, false},
      {"GET", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 7\r\n\r\n",
       Framing::kLength, 7, true},
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", Framing::kNone, 7, true},
      {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Framing::kNone, 0, true},
      {"HEAD", "HTTP/1.1 200 OK\r\n\r\n", Framing::kNone, 0, true},
      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", Framing::kNone, 7, true},
      {"DELETE", "HTTP/1.1 204 No Content\r\n\r\n", Framing::kNone, 0, true},
      {"DELETE", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", Framing::kNone, 0, true},
      {"POST", "HTTP/1.1 100 Continue\r\n\r\n", Framing::kNone, 0, true},
      {"POST",
       "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n",
       Framing::kNone, 0, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.head);
    const auto head = parse(row.head, row.method);
    CHECK(head.framing == row.framing);
    CHECK(head.content_length == row.length);
    CHECK(head.keep_alive == row.keep_alive);
  }
}

TEST_CASE("a length where no body can be") {
  CHECK(code_of("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n") == 502);
  CHECK(code_of("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n") == 502);
  CHECK(code_of("HTTP/1.1 101 Switching Protocols\r\nContent-Length: 5\r\n\r\n") == 502);
  CHECK(code_of("HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n") == 502);
}

TEST_CASE("a head stays valid when it moves") {
  auto parsed = parse_response_head("HTTP/1.1 204 \r\n\r\n", "GET", kLimits);
  REQUIRE(parsed);
  const ResponseHead moved = std::move(*parsed);
  CHECK(moved.status == 204);
  CHECK(moved.block.size() == 17);
}

TEST_CASE("a head that is not all there") {
  const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK(code_of(std::string_view(good).substr(0, size)) == 502);
}
