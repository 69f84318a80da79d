#pragma once

#include "proxy/net/deadline_wheel.h"
#include "proxy/net/tcp_stream.h"
#include "proxy/net/tls_client_context.h"
#include "proxy/net/tls_server_context.h"
#include "proxy/net/tls_stream.h"
#include "proxy/net/worker.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <string>
#include <utility>

/// Loopback connections and coroutines that run to their end, for the tests of proxy/net.
namespace postern::proxy::test {

/// Runs the worker's loop until all of these have ended, for 20 s at most; rethrows what they
/// throw. False when time was up.
class Run {
 public:
  explicit Run(Worker& worker) : worker_(worker) {}

  Run& add(Task<void> task) {
    ++left_;
    asio::co_spawn(worker_.executor(), std::move(task), [this](std::exception_ptr error) {
      if (error && !error_) error_ = error;
      if (--left_ == 0) worker_.stop();
    });
    return *this;
  }
  bool operator()() {
    Deadline limit(worker_.deadlines(), [this] { worker_.stop(); });
    limit.expires_after(std::chrono::seconds(20));
    worker_.context().restart();
    if (left_ > 0) worker_.run();
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return left_ == 0;
  }

 private:
  Worker& worker_;
  int left_ = 0;
  std::exception_ptr error_;
};

/// Two connected TCP sockets on 127.0.0.1.
std::pair<TcpSocket, TcpSocket> connected_sockets(Worker& worker);

/// A self-made authority and what it signs, as PEM.
struct TestPki {
  Pem ca, server, server_key, client, client_key;
};
const TestPki& test_pki();
/// Another server certificate of the same authority.
std::pair<Pem, Pem> another_server();

std::shared_ptr<const TlsServerContext> server_context(std::shared_ptr<TicketKeys> keys = nullptr);
std::shared_ptr<const TlsClientContext> client_context(const std::string& name = "localhost");

/// Two ends of a TLS connection after their handshake: client, server.
struct TlsPair {
  std::unique_ptr<TlsStream> client, server;
};
TlsPair connected_tls(Worker& worker, std::shared_ptr<const TlsClientContext> client,
                      std::shared_ptr<const TlsServerContext> server);

/// Reads until the stream ends, or `limit` bytes. How it ended is in `outcome`.
Task<std::string> read_all(Worker& worker, Stream& stream, Stream::ReadOutcome& outcome,
                           std::size_t limit = SIZE_MAX);

/// `size` bytes that differ from place to place.
std::string pattern(std::size_t size);

}  // namespace postern::proxy::test
