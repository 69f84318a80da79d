#include "stream_pairs.h"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/ssl/error.hpp>
#include <doctest/doctest.h>
#include <sys/socket.h>

/// TcpStream and TlsStream behave alike: transfers, ends and errors, over loopback.

using namespace postern::proxy;
using namespace postern::proxy::test;

namespace {

constexpr std::size_t kBig = 8 * 1024 * 1024;

Task<void> send(Stream& stream, std::string_view data, error_code& error) {
  error = co_await stream.write(data);
}

Task<void> receive(Worker& worker, Stream& stream, std::string& into, Stream::ReadOutcome& outcome,
                   std::size_t limit = SIZE_MAX) {
  into = co_await read_all(worker, stream, outcome, limit);
}

Task<void> wait_only(Stream& stream, error_code& error) {
  error = co_await stream.wait_readable();
}

/// Ends the stream once the others have got to their waits.
Task<void> close_later(Worker& worker, Stream& stream) {
  Timer timer(worker.executor(), std::chrono::milliseconds(20));
  co_await timer.async_wait(kAwait);
  stream.close();
}

Task<void> answer_after_end(Worker& worker, Stream& stream, std::string& got) {
  Stream::ReadOutcome outcome;
  got = co_await read_all(worker, stream, outcome, SIZE_MAX);
  const error_code error = co_await stream.write("answer");
  CHECK_FALSE(error);
  co_await stream.shutdown_send();
}

}  // namespace

TEST_CASE("big transfers in both directions at once arrive whole") {
  for (const auto& [name, connect] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    auto pair = connect(worker);
    const std::string up = pattern(kBig), down = pattern(kBig + 12345);
    std::string got_up, got_down;
    Stream::ReadOutcome end_up, end_down;
    error_code sent_up, sent_down;
    Run run(worker);
    run.add(send_and_end(*pair.client, up, sent_up));
    run.add(send_and_end(*pair.server, down, sent_down));
    run.add(receive(worker, *pair.server, got_up, end_up));
    run.add(receive(worker, *pair.client, got_down, end_down));
    REQUIRE(run());
    CHECK_FALSE(sent_up);
    CHECK_FALSE(sent_down);
    CHECK(got_up == up);
    CHECK(got_down == down);
    CHECK(end_up.status == Stream::ReadStatus::kEnd);
    CHECK(end_down.status == Stream::ReadStatus::kEnd);
    CHECK(worker.buffers().lent() == 0);
  }
}

TEST_CASE("after shutdown_send() the answer can still be read") {
  for (const auto& [name, connect] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    auto pair = connect(worker);
    std::string question, answer;
    Stream::ReadOutcome end;
    error_code sent;
    Run run(worker);
    run.add(send_and_end(*pair.client, "question", sent));
    run.add(answer_after_end(worker, *pair.server, question));
    run.add(receive(worker, *pair.client, answer, end));
    REQUIRE(run());
    CHECK(question == "question");
    CHECK(answer == "answer");
    CHECK(end.status == Stream::ReadStatus::kEnd);
  }
}

TEST_CASE("a TLS stream that ends without close_notify is an error, after its data") {
  Worker worker(0);
  auto pair = connect_over_tls(worker);
  std::string got;
  Stream::ReadOutcome end;
  error_code sent;
  Run run(worker);
  run.add(send(*pair.client, "half of it", sent));
  REQUIRE(run());
  pair.client->close();
  Run read(worker);
  read.add(receive(worker, *pair.server, got, end));
  REQUIRE(read());
  CHECK(got == "half of it");
  CHECK(end.status == Stream::ReadStatus::kError);
  CHECK(end.error == asio::ssl::error::stream_truncated);
}

TEST_CASE("abort() is a reset for the peer") {
  for (const auto& [name, connect] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    auto pair = connect(worker);
    pair.client->abort();
    pair.client->abort();
    CHECK_FALSE(pair.client->is_open());
    std::string got;
    Stream::ReadOutcome end;
    Run run(worker);
    run.add(receive(worker, *pair.server, got, end));
    REQUIRE(run());
    CHECK(end.status == Stream::ReadStatus::kError);
    CHECK(end.error == asio::error::connection_reset);
  }
}

TEST_CASE("close() ends pending operations with an error, and all later ones") {
  for (const auto& [name, connect] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    auto pair = connect(worker);
    const std::string data = pattern(64 * 1024 * 1024);  // more than any socket buffer takes
    error_code reading, writing;
    Run run(worker);
    run.add(wait_only(*pair.client, reading));
    run.add(send(*pair.client, data, writing));
    run.add(close_later(worker, *pair.client));
    REQUIRE(run());
    CHECK(reading == asio::error::operation_aborted);
    CHECK(writing == asio::error::operation_aborted);
    pair.client->close();
    char byte = 0;
    CHECK(pair.client->try_read({&byte, 1}).status == Stream::ReadStatus::kError);
    CHECK(pair.client->try_write("x") == 0);
    Run again(worker);
    again.add(wait_only(*pair.client, reading));
    again.add(send(*pair.client, "x", writing));
    REQUIRE(again());
    CHECK(reading);
    CHECK(writing);
  }
}

TEST_CASE("try_write() takes what goes, and write() goes on from there") {
  for (const auto& [name, connect] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    auto pair = connect(worker);
    const std::string data = pattern(64 * 1024 * 1024);
    const std::size_t first = pair.client->try_write(data);
    CHECK(first > 0);
    CHECK(first < data.size());
    CHECK(pair.client->try_write(std::string_view(data).substr(first)) == 0);
    std::string got;
    Stream::ReadOutcome end;
    error_code sent;
    Run run(worker);
    run.add(send_and_end(*pair.client, std::string_view(data).substr(first), sent));
    run.add(receive(worker, *pair.server, got, end));
    REQUIRE(run());
    CHECK_FALSE(sent);
    CHECK((got == data));
    CHECK(end.status == Stream::ReadStatus::kEnd);
  }
}

TEST_CASE("shutdown_send() does not hang on a peer that reads nothing") {
  Worker worker(0);
  auto pair = connect_over_tls(worker);
  const std::string filling = pattern(64 * 1024);
  // Behind OpenSSL's back, so that the socket is full and no write of its own is unfinished.
  while (::send(pair.client->socket().native_handle(), filling.data(), filling.size(),
                MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
  }
  const auto end = [](Stream& stream) -> Task<void> { co_await stream.shutdown_send(); };
  Run run(worker);
  run.add(end(*pair.client));
  REQUIRE(run());
  CHECK(pair.client->is_open());
}

TEST_CASE("after an unfinished write there is no clean end") {
  Worker worker(0);
  auto pair = connect_over_tls(worker);
  const std::string data = pattern(64 * 1024 * 1024);
  const std::size_t sent = pair.client->try_write(data);
  REQUIRE(sent < data.size());
  std::string got;
  Stream::ReadOutcome end;
  const auto end_and_close = [](Stream& stream) -> Task<void> {
    co_await stream.shutdown_send();
    stream.close();
  };
  Run run(worker);
  run.add(end_and_close(*pair.client));
  run.add(receive(worker, *pair.server, got, end));
  REQUIRE(run());
  CHECK(got.size() <= data.size());
  CHECK(end.status == Stream::ReadStatus::kError);
}

TEST_CASE("writing to a peer that is gone is an error, not a signal") {
  for (const auto& [name, connect] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    auto pair = connect(worker);
    pair.server->abort();
    const std::string data = pattern(1024 * 1024);
    error_code first, second;
    Run run(worker);
    run.add(send(*pair.client, data, first));
    REQUIRE(run());
    Run again(worker);
    again.add(send(*pair.client, data, second));
    REQUIRE(again());
    CHECK(first);
    CHECK(second);
  }
}

TEST_CASE("peer() tells the address, of IPv4 in a dual-stack socket as IPv4") {
  Worker worker(0);
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
  Acceptor acceptor(worker.executor(), asio::ip::tcp::v6());
  acceptor.set_option(asio::ip::v6_only(false));
  acceptor.bind({asio::ip::address_v6::any(), 0});
  acceptor.listen();
  TcpSocket client(worker.executor());
  client.connect({asio::ip::address_v4::loopback(), acceptor.local_endpoint().port()});
  TcpSocket accepted(worker.executor());
  acceptor.accept(accepted);
  const TcpStream stream(std::move(accepted));
  CHECK(stream.peer().address().to_string() == "127.0.0.1");
  CHECK(stream.peer().port() == client.local_endpoint().port());
}
