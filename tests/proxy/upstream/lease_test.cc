#include "upstream_fixture.h"

namespace postern::proxy::test {
namespace {

/// The head that a server's words are read as.
struct Heard {
  Result<http::ResponseHead> head = fail(kube::Status::internal("not asked"));
  bool stale = false;
  std::string pending;
};

Task<void> ask_into(UpstreamPool& pool, Heard& heard) {
  auto lease = co_await pool.lease(UpstreamPool::Mode::kFresh);
  REQUIRE(lease);
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const error_code error = co_await lease->stream().write(request);
  REQUIRE_FALSE(error);
  heard.head = co_await lease->read_head("GET");
  heard.stale = lease->stale();
  heard.pending = lease->pending();
}

Heard hear(ScriptedServer::Script script, UpstreamTimeouts timeouts = {}) {
  UpstreamFixture fixture(std::move(script), timeouts);
  Heard heard;
  fixture.run(ask_into(fixture.pool, heard));
  return heard;
}

ScriptedServer::Script saying(std::string words, bool then_cut = true) {
  return [words = std::move(words), then_cut](ServerConnection& connection, ScriptedServer&) {
    connection.read_request();
    connection.write(words);
    then_cut ? connection.cut() : connection.wait_for_end();
  };
}

TEST_CASE("attack 219: interim heads are passed over, a switch is not") {
  const auto heard =
      hear(saying("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                  false));
  REQUIRE(heard.head);
  CHECK(heard.head->status == 200);
  CHECK(heard.pending == "{}");
  const auto switched =
      hear(saying("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n"
                  "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nfirst bytes",
                  false));
  REQUIRE(switched.head);
  CHECK(switched.head->status == 101);
  CHECK(switched.pending == "first bytes");
}

TEST_CASE("lease: an answer may have a warning for each of many unknown fields") {
  const auto with_warnings = [](int count) {
    std::string words = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n";
    for (int i = 0; i < count; ++i) words += "Warning: 299 - \"unknown field\"\r\n";
    return hear(saying(words + "\r\n", false));
  };
  const auto heard = with_warnings(600);
  REQUIRE(heard.head);
  CHECK(heard.head->fields.count("Warning") == 600);
  CHECK_FALSE(with_warnings(1001).head);
}

TEST_CASE("lease: endless interim heads end") {
  std::string words;
  for (int i = 0; i < 9; ++i) words += "HTTP/1.1 100 Continue\r\n\r\n";
  const auto heard = hear(saying(words, false));
  REQUIRE_FALSE(heard.head);
  CHECK(heard.head.error().code == 502);
}

TEST_CASE("lease: heads that are no answer are 502") {
  const std::string rows[] = {
      "HTTP/1.1 200 OK\r\nContent-Le",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\n\r\n",
      "HTTP/2 200\r\n\r\n",
      "SSH-2.0-OpenSSH\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(70 * 1024, 'x') + "\r\n\r\n",
      std::string(100 * 1024, 'x'),
  };
  for (const std::string& words : rows) {
    CAPTURE(words.substr(0, 60));
    const auto heard = hear(saying(words));
    REQUIRE_FALSE(heard.head);
    CHECK(heard.head.error().code == 502);
    CHECK_FALSE(heard.stale);
  }
}

TEST_CASE("lease: a connection that ends without a byte is stale") {
  for (const bool cleanly : {true, false}) {
    const auto heard = hear([cleanly](ServerConnection& connection, ScriptedServer&) {
      connection.read_request();
      cleanly ? connection.close() : connection.cut();
    });
    REQUIRE_FALSE(heard.head);
    CHECK(heard.head.error().code == 502);
    CHECK(heard.stale);
  }
}

TEST_CASE("lease: an answer that does not come, or only in part, is 504") {
  UpstreamTimeouts timeouts;
  timeouts.first_byte = std::chrono::milliseconds(200);
  for (const std::string words : {"", "HTTP/1.1 200"}) {
    const auto heard = hear(saying(words, false), timeouts);
    REQUIRE_FALSE(heard.head);
    CHECK(heard.head.error().code == 504);
    CHECK_FALSE(heard.stale);
  }
}

}  // namespace
}  // namespace postern::proxy::test
