#include "net_fixture.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/ssl/error.hpp>
#include <doctest/doctest.h>
#include <stdexcept>
#include <sys/socket.h>
#include <vector>

/// TcpStream and TlsStream behave alike: transfers, ends and errors, over loopback.

using namespace postern::proxy;
using namespace postern::proxy::test;

namespace {

constexpr std::size_t kBig = 8 * 1024 * 1024;

struct StreamPair {
  std::unique_ptr<Stream> client, server;
};

StreamPair connect_plain(Worker& worker) {
  auto sockets = connected_sockets(worker);
  return {std::make_unique<TcpStream>(std::move(sockets.first)),
          std::make_unique<TcpStream>(std::move(sockets.second))};
}

StreamPair connect_over_tls(Worker& worker) {
  auto pair = connected_tls(worker, client_context(), server_context());
  return {std::move(pair.client), std::move(pair.server)};
}

using Connect = StreamPair (*)(Worker&);
constexpr std::pair<const char*, Connect> kKinds[] = {{"TCP", connect_plain},
                                                      {"TLS", connect_over_tls}};

Task<void> send(Stream& stream, std::string_view data, error_code& error) {
  error = co_await stream.write(data);
}

Task<void> send_and_end(Stream& stream, std::string_view data, error_code& error) {
  error = co_await stream.write(data);
  co_await stream.shutdown_send();
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

namespace {

Task<void> count_turns(Worker& worker, bool& stop, int& turns) {
  while (!stop) {
    ++turns;
    Timer timer(worker.executor(), std::chrono::milliseconds(0));
    co_await timer.async_wait(kAwait);
  }
}

/// Reads as a session does: whatever is there, and waits only when told to.
Task<void> read_greedily(Worker& worker, Stream& stream, std::size_t& total, bool& stop) {
  while (true) {
    const auto buffer = worker.buffers().take();
    const auto outcome = stream.try_read(buffer.span());
    if (outcome.status == Stream::ReadStatus::kData) total += outcome.size;
    if (outcome.status == Stream::ReadStatus::kWouldBlock) co_await stream.wait_readable();
    if (outcome.status == Stream::ReadStatus::kEnd || outcome.status == Stream::ReadStatus::kError)
      break;
  }
  stop = true;
}

}  // namespace

TEST_CASE("a stream that always has data lets others have their turn") {
  for (const auto& [name, connect] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    auto pair = connect(worker);
    const std::string data = pattern(32 * 1024 * 1024);
    std::size_t total = 0;
    int turns = 0;
    bool stop = false;
    error_code sent;
    Run run(worker);
    run.add(send_and_end(*pair.client, data, sent));
    run.add(read_greedily(worker, *pair.server, total, stop));
    run.add(count_turns(worker, stop, turns));
    REQUIRE(run());
    CHECK(total == data.size());
    CHECK(turns > 10);
  }
}

namespace {

Task<void> send_small_pieces(Stream& stream, std::string_view data, std::size_t size) {
  for (std::size_t at = 0; at < data.size(); at += size) {
    const error_code error = co_await stream.write(data.substr(at, size));
    CHECK_FALSE(error);
  }
  co_await stream.shutdown_send();
}

/// Reads with little room at a time, and waits before each read.
Task<void> receive_small_pieces(Stream& stream, std::string& into, std::size_t size, int& blocked) {
  std::vector<char> room(size);
  while (true) {
    const error_code error = co_await stream.wait_readable();
    CHECK_FALSE(error);
    const auto outcome = stream.try_read(room);
    if (outcome.status == Stream::ReadStatus::kData) into.append(room.data(), outcome.size);
    if (outcome.status == Stream::ReadStatus::kWouldBlock) ++blocked;
    if (outcome.status == Stream::ReadStatus::kEnd) co_return;
    if (outcome.status == Stream::ReadStatus::kError) throw std::runtime_error("read failed");
  }
}

}  // namespace

TEST_CASE("small writes and small reads, with and without data read ahead") {
  for (const auto& [name, connect] : kKinds) {
    for (const std::size_t room : {std::size_t{1}, std::size_t{7}, std::size_t{5000}}) {
      CAPTURE(name);
      CAPTURE(room);
      Worker worker(0);
      auto pair = connect(worker);
      const std::string data = pattern(20'000);
      std::string got;
      int blocked = 0;
      Run run(worker);
      run.add(send_small_pieces(*pair.client, data, 100));
      run.add(receive_small_pieces(*pair.server, got, room, blocked));
      REQUIRE(run());
      CHECK(got == data);
      CHECK(blocked < 2000);  // it waits for data, not in a circle
    }
  }
}

namespace {

/// A network that delivers one byte at a time.
Task<void> trickle(TcpSocket& from, TcpSocket& to) {
  char byte = 0;
  while (true) {
    const auto [error, size] = co_await from.async_read_some(asio::buffer(&byte, 1), kAwait);
    if (error) break;
    const auto [failed, written] = co_await to.async_write_some(asio::buffer(&byte, 1), kAwait);
    if (failed) break;
  }
  error_code ignored;
  to.shutdown(TcpSocket::shutdown_send, ignored);
}

Task<void> handshake_then_send(TlsStream& stream, std::string_view data) {
  const error_code error = co_await stream.handshake();
  CHECK_FALSE(error);
  co_await send_small_pieces(stream, data, 1000);
}

Task<void> handshake_then_receive(TlsStream& stream, std::string& into, int& blocked) {
  const error_code error = co_await stream.handshake();
  CHECK_FALSE(error);
  co_await receive_small_pieces(stream, into, 500, blocked);
}

}  // namespace

TEST_CASE("TLS over a network that delivers byte by byte") {
  Worker worker(0);
  auto near = connected_sockets(worker);
  auto far = connected_sockets(worker);
  const auto client_side = client_context();
  const auto server_side = server_context();
  TlsStream client(std::move(near.first), client_side->new_session(), client_side);
  TlsStream server(std::move(far.second), server_side->new_session(), server_side);
  const std::string data = pattern(5000);
  std::string got;
  int blocked = 0;
  Run run(worker);
  run.add(handshake_then_send(client, data));
  run.add(handshake_then_receive(server, got, blocked));
  asio::co_spawn(worker.executor(), trickle(near.second, far.first), [](std::exception_ptr) {});
  asio::co_spawn(worker.executor(), trickle(far.first, near.second), [](std::exception_ptr) {});
  REQUIRE(run());
  CHECK(got == data);
  CHECK(blocked > 0);
  CHECK(blocked < 8000);  // once a byte at most
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
