#include "stream_pairs.h"

#include <boost/asio/buffer.hpp>
#include <doctest/doctest.h>
#include <stdexcept>
#include <vector>

/// Much data, little data, and data in small pieces: who gets a turn, and what is waited for.

using namespace postern::proxy;
using namespace postern::proxy::test;

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
