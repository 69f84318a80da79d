#include "proxy/session/client_connection.h"

#include "proxy/net/tcp_stream.h"
#include "tests/proxy/session/fake_stream.h"
#include "tests/proxy/session/run.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

namespace postern::proxy {
namespace {

struct Fixture {
  Worker worker{0};
  FakeStream stream{worker.executor()};
  ClientLimits limits;
  ClientConnection client{worker, stream, limits};
  BodyMemory memory{{.of_all = 2 * BodyMemory::kStep, .of_one_user = BodyMemory::kStep}};
  BodyHold hold{memory, "alice"};

  auto head() { return run_to_end(worker, client.read_head()); }
  auto body() { return run_to_end(worker, client.read_body(hold)); }
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

TEST_CASE_FIXTURE(Fixture, "a body for which its user has no room left is 429") {
  const std::string large(BodyMemory::kFree + 1, 'x');
  BodyHold another(memory, "alice");
  REQUIRE(another.grow_to(large.size()));
  stream.reads = {
      "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n",
      large};
  REQUIRE(head());
  const auto text = body();
  REQUIRE_FALSE(text);
  CHECK(text.error().code == 429);
  CHECK(text.error().retry_after_seconds == 1);
}

TEST_CASE_FIXTURE(Fixture, "between requests that came together others have their turn") {
  stream.reads = {"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"};
  REQUIRE(head());
  bool others = false;
  worker.post([&] { worker.post([&others] { others = true; }); });
  const bool first = run_to_end(worker, [](ClientConnection& c, bool& turn) -> Task<bool> {
    const auto second = co_await c.read_head();
    co_return second && second->has_value() && turn;
  }(client, others));
  CHECK(first);
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

TEST_CASE_FIXTURE(Fixture, "the answer to a HEAD has the length of a body, and none") {
  stream.reads = {"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"};
  const auto status = kube::Status::method_not_allowed("no");
  const std::string whole = status_response(status, "id-1", true, "GET");
  REQUIRE(head());
  CHECK_FALSE(run_to_end(worker, client.write_status(status, "id-1", true, "GET")));
  CHECK(stream.written == whole.substr(0, whole.find("\r\n\r\n") + 4));
  stream.written.clear();
  REQUIRE(head());
  CHECK_FALSE(run_to_end(worker, client.write_status(status, "id-1", true, "GET")));
  CHECK(stream.written == whole);
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

/// A connection over TCP, for what has to do with waiting.
struct Connected {
  Connected() {
    asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor(
        worker.executor(), {asio::ip::address_v4::loopback(), 0});
    peer.connect(acceptor.local_endpoint());
    stream = std::make_unique<TcpStream>(acceptor.accept());
    client.emplace(worker, *stream, limits);
  }
  void send(std::string_view text) { asio::write(peer, asio::buffer(text)); }
  auto head(std::optional<std::chrono::milliseconds> idle = std::nullopt) {
    return run_to_end(worker, client->read_head(idle));
  }
  /// Lets `action` happen while read_head() waits.
  auto head_while(std::function<void()> action) {
    Timer soon(worker.executor(), std::chrono::milliseconds(20));
    soon.async_wait([&action](error_code) { action(); });
    return head();
  }

  Worker worker{0};
  ClientLimits limits;
  TcpSocket peer{worker.executor()};
  std::unique_ptr<TcpStream> stream;
  std::optional<ClientConnection> client;
};

constexpr std::string_view kRequest = "GET /b HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_CASE_FIXTURE(Connected, "a wait for a request can be given up, and the stream stays open") {
  const auto none = head_while([this] { client->stop_waiting(); });
  REQUIRE(none);
  CHECK_FALSE(none->has_value());
  CHECK(client->gave_up_waiting());
  CHECK(stream->is_open());
  send(kRequest);
  const auto late = head();
  REQUIRE(late);
  CHECK(late->has_value());
}

TEST_CASE_FIXTURE(Connected, "a request that comes when its wait is given up is read") {
  const auto found = head_while([this] {
    send(kRequest.substr(0, 7));
    client->stop_waiting();
    send(kRequest.substr(7));
  });
  REQUIRE(found);
  REQUIRE(found->has_value());
  CHECK((*found)->target == "/b");
  CHECK_FALSE(client->gave_up_waiting());
}

TEST_CASE_FIXTURE(Connected, "who is idle for too long is not cut, who trickles is") {
  limits.head_time = std::chrono::milliseconds(50);
  const auto none = head(std::chrono::milliseconds(20));
  REQUIRE(none);
  CHECK_FALSE(none->has_value());
  CHECK(client->gave_up_waiting());
  CHECK(stream->is_open());
  send(kRequest.substr(0, 7));
  const auto trickled = head();
  REQUIRE(trickled);
  CHECK_FALSE(trickled->has_value());
  CHECK(client->fault() == ClientConnection::Fault::kHeadTimeout);
  CHECK_FALSE(stream->is_open());
}

TEST_CASE_FIXTURE(Connected, "a client that ends between requests was not given up") {
  peer.close();
  const auto none = head();
  REQUIRE(none);
  CHECK_FALSE(none->has_value());
  CHECK_FALSE(client->gave_up_waiting());
}

TEST_CASE_FIXTURE(Connected, "a slow reader is served, one who takes nothing is cut") {
  limits.stall_time = std::chrono::milliseconds(1000);
  const std::string answer(4 * 1024 * 1024, 'a');
  const auto small = [](TcpSocket& socket) {
    socket.set_option(asio::socket_base::send_buffer_size(64 * 1024));
    socket.set_option(asio::socket_base::receive_buffer_size(64 * 1024));
  };
  small(peer);
  small(stream->socket());
  std::size_t got = 0;
  std::thread reader([&] {  // takes longer for all of it than the limit
    std::string piece(64 * 1024, '\0');
    error_code error;
    while (got < answer.size() && !error) {
      got += peer.read_some(asio::buffer(piece), error);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const error_code served = run_to_end(worker, client->write(answer));
  if (served) stream->close();
  reader.join();
  CHECK_FALSE(served);
  CHECK(got == answer.size());
  limits.stall_time = std::chrono::milliseconds(50);
  CHECK(run_to_end(worker, client->write(answer)));
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
  CHECK(text.find("Allow:") == std::string::npos);
}

TEST_CASE("405 names the methods there are, and says so where there is none") {
  const auto status = kube::Status::method_not_allowed("no");
  const auto has = [&](std::string_view allow, const char* line) {
    return status_response(status, "id-1", true, allow).find(line) != std::string::npos;
  };
  CHECK(has("GET, DELETE", "\r\nAllow: GET, DELETE\r\n"));
  CHECK(has("", "\r\nAllow: \r\n"));
}

}  // namespace
}  // namespace postern::proxy
