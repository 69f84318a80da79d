#include "proxy/session/client_connection.h"

#include "tests/proxy/session/fake_stream.h"
#include "tests/proxy/session/run.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

struct Fixture {
  Worker worker{0};
  FakeStream stream{worker.executor()};
  ClientLimits limits;
  ClientConnection client{worker, stream, limits};

  auto head() { return run_to_end(worker, client.read_head()); }
  auto body() { return run_to_end(worker, client.read_body()); }
};

TEST_CASE_FIXTURE(Fixture,
                  "pipelined requests are read one after the other, however they are cut") {
  const std::string two =
      "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "GET /b HTTP/1.1\r\nHost: h\r\n\r\n";
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, two.size()}) {
    for (std::size_t at = 0; at < two.size(); at += piece) {
      stream.reads.push_back(two.substr(at, piece));
    }
    auto first = head();
    REQUIRE(first);
    REQUIRE(first->has_value());
    CHECK((*first)->target == "/a");
    const auto text = body();
    REQUIRE(text);
    CHECK(*text == "abc");
    auto second = head();
    REQUIRE(second);
    REQUIRE(second->has_value());
    CHECK((*second)->target == "/b");
    CHECK(client.body_done());
  }
  const auto end = head();
  REQUIRE(end);
  CHECK_FALSE(end->has_value());
}

TEST_CASE_FIXTURE(Fixture, "H147: a body above the limit is 413") {
  limits.body_bytes = 4;
  stream.reads = {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde"};
  REQUIRE(head());
  const auto text = body();
  REQUIRE_FALSE(text);
  CHECK(text.error().code == 413);
}

TEST_CASE_FIXTURE(Fixture, "a body that ends early is 400") {
  stream.reads = {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc"};
  REQUIRE(head());
  const auto text = body();
  REQUIRE_FALSE(text);
  CHECK(text.error().code == 400);
}

TEST_CASE_FIXTURE(Fixture, "D83: 100 Continue is sent on admission only, and once") {
  stream.reads = {
      "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"};
  stream.end_after_reads = false;
  REQUIRE(head());
  CHECK(stream.written.empty());
  CHECK_FALSE(run_to_end(worker, client.discard_body()));  // refused: the body may still come
  CHECK(stream.written.empty());
  run_to_end(worker, [](ClientConnection& c) -> Task<int> {
    co_await c.admit_body();
    co_await c.admit_body();
    co_return 0;
  }(client));
  CHECK(stream.written == "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_CASE_FIXTURE(Fixture, "a refused body is read to its end, within the limit") {
  limits.drain_bytes = 10;
  stream.reads = {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n123456789"};
  REQUIRE(head());
  CHECK(run_to_end(worker, client.discard_body()));
  stream.reads = {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 90\r\n\r\n",
                  std::string(90, 'x')};
  REQUIRE(head());
  CHECK_FALSE(run_to_end(worker, client.discard_body()));
}

TEST_CASE_FIXTURE(Fixture, "D81: a head that never ends is 431") {
  limits.head.max_bytes = 1024;
  stream.reads = {"GET / HTTP/1.1\r\n", std::string(4096, 'a')};
  const auto result = head();
  REQUIRE_FALSE(result);
  CHECK(result.error().code == 431);
}

TEST_CASE("a Status answer has a length, and says when the connection ends") {
  auto status = kube::Status::too_many_requests("slow down", 7);
  const std::string text = status_response(status, "id-1", false);
  CHECK(text.starts_with("HTTP/1.1 429 Too Many Requests\r\n"));
  CHECK(text.find("Retry-After: 7\r\n") != std::string::npos);
  CHECK(text.find("Connection: close\r\n") != std::string::npos);
  CHECK(text.find("Audit-Id: id-1\r\n") != std::string::npos);
  const std::size_t body = text.find("\r\n\r\n") + 4;
  CHECK(text.find("Content-Length: " + std::to_string(text.size() - body)) != std::string::npos);
}

}  // namespace
}  // namespace postern::proxy
