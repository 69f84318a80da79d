#pragma once

#include "net_fixture.h"
#include "proxy/net/listener.h"

#include <array>
#include <atomic>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>
#include <map>
#include <openssl/sha.h>
#include <optional>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

/// A listener with real connections, and clients that talk to it.
namespace postern::proxy::test {

using namespace std::chrono_literals;

using Refusal = ListenerHooks::Refusal;

inline Task<void> sleep(Worker& worker, std::chrono::milliseconds duration) {
  Timer timer(worker.executor(), duration);
  co_await timer.async_wait(kAwait);
}

inline Task<void> until(Worker& worker, std::function<bool()> condition) {
  while (!condition()) co_await sleep(worker, 5ms);
}

/// Sends back what comes, until the client ends.
inline Task<void> echo(Worker& worker, std::unique_ptr<Stream> stream) {
  while (true) {
    const error_code error = co_await stream->wait_readable();
    if (error) co_return;
    const auto buffer = worker.buffers().take();
    const auto outcome = stream->try_read(buffer.span());
    if (outcome.status == Stream::ReadStatus::kWouldBlock) continue;
    if (outcome.status != Stream::ReadStatus::kData) co_return;
    const error_code failed = co_await stream->write({buffer.span().data(), outcome.size});
    if (failed) co_return;
  }
}

/// A listener on a free port, and what it told.
struct Server {
  Server(Worker& w, ListenerOptions options) : worker(w) {
    if (options.endpoint.port() == 0 && options.endpoint.address().is_unspecified())
      options.endpoint = {asio::ip::address_v4::loopback(), 0};
    options.hooks.on_refusal = [this](Refusal why) { ++refusals[why]; };
    options.hooks.on_handshake_failure = [this](const auto&, const TlsFailure& failure) {
      ++handshake_failures;
      last_failure = failure;
    };
    options.hooks.on_bug = [this](const std::string& text) { bug = text; };
    listener.emplace(w, std::move(options), [this](std::unique_ptr<Stream> stream) {
      ++served;
      return handler ? handler(std::move(stream)) : echo(worker, std::move(stream));
    });
    REQUIRE(listener->open());
    listener->start();
  }
  TcpSocket connect() const {
    TcpSocket socket(worker.executor());
    socket.connect(listener->endpoint());
    return socket;
  }

  Worker& worker;
  std::map<Refusal, int> refusals;
  int handshake_failures = 0;
  int served = 0;
  TlsFailure last_failure;
  std::string bug;
  Listener::Handler handler;
  std::optional<Listener> listener;
};

inline Task<void> ping(Worker& worker, Stream& stream, bool& answered) {
  const error_code error = co_await stream.write("ping");
  CHECK_FALSE(error);
  Stream::ReadOutcome outcome;
  answered = co_await read_all(worker, stream, outcome, 4) == "ping";
}

inline bool pings(Worker& worker, Stream& stream) {
  bool answered = false;
  Run run(worker);
  run.add(ping(worker, stream, answered));
  REQUIRE(run());
  return answered;
}

inline std::string fingerprint(SSL* ssl) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  unsigned size = 0;
  X509_digest(SSL_get0_peer_certificate(ssl), EVP_sha256(), digest, &size);
  return {reinterpret_cast<const char*>(digest), size};
}

inline Task<void> secure(Worker& worker, TcpSocket socket, std::unique_ptr<TlsStream>& into) {
  auto made = co_await connect_tls(std::move(socket), client_context(), worker.deadlines(), 10s);
  CHECK(made);
  if (made) into = std::move(*made);
}

inline std::unique_ptr<TlsStream> connect_securely(Worker& worker, const Server& server) {
  std::unique_ptr<TlsStream> stream;
  Run run(worker);
  run.add(secure(worker, server.connect(), stream));
  REQUIRE(run());
  REQUIRE(stream);
  return stream;
}

inline Task<void> expect_end(Stream& stream, Stream::ReadOutcome& outcome) {
  char byte = 0;
  do {
    co_await stream.wait_readable();
    outcome = stream.try_read({&byte, 1});
  } while (outcome.status == Stream::ReadStatus::kWouldBlock);
}

inline Stream::ReadOutcome end_of(Worker& worker, Stream& stream) {
  Stream::ReadOutcome outcome;
  Run run(worker);
  run.add(expect_end(stream, outcome));
  REQUIRE(run());
  return outcome;
}

enum class Served { kYes, kRefused, kReset };

/// One connection, one question, one answer; blocking, for a thread of its own.
inline Served ping_once(const asio::ip::tcp::endpoint& endpoint) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  error_code error;
  socket.connect(endpoint, error);
  if (error) return Served::kRefused;
  asio::write(socket, asio::buffer("ping", 4), error);
  std::array<char, 4> answer{};
  if (!error) asio::read(socket, asio::buffer(answer), error);
  return error ? Served::kReset : Served::kYes;
}

inline void run_until(Worker& worker, std::function<bool()> condition) {
  Run run(worker);
  run.add(until(worker, std::move(condition)));
  REQUIRE(run());
}

inline Task<void> wait_idle(Listener& listener, std::chrono::milliseconds limit, bool& idle) {
  idle = co_await listener.wait_until_idle(limit);
}

}  // namespace postern::proxy::test
