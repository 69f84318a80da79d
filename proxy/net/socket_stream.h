#pragma once

#include "proxy/net/stream.h"

#include <memory>

namespace postern::proxy {

/// What TcpStream and TlsStream share: the socket, its peer, and how it ends.
class SocketStream : public Stream {
 public:
  void close() override;
  void abort() override;
  bool is_open() const override { return socket_.is_open(); }
  const asio::ip::tcp::endpoint& peer() const override { return peer_; }
  TcpSocket& socket() override { return socket_; }

  /// Gives the stream something that shall live as long as it does: a place among the counted
  /// connections, say.
  void attach(std::shared_ptr<void> companion) { companion_ = std::move(companion); }

 protected:
  /// Makes the socket non-blocking. An IPv4 peer of a dual-stack socket is told as IPv4.
  explicit SocketStream(TcpSocket socket);

  Task<error_code> wait(TcpSocket::wait_type what);
  /// Lets the worker's other coroutines run, and starts a new turn.
  Task<error_code> yield_turn();
  /// Counts a read that got data. A stream that always has data would keep its coroutine from ever
  /// suspending; so after a while try_read() says kWouldBlock, and wait_readable() yields.
  void count_read() { ++reads_this_turn_; }
  bool turn_is_over() const { return reads_this_turn_ >= kReadsPerTurn; }

 private:
  static constexpr unsigned kReadsPerTurn = 32;

  TcpSocket socket_;
  asio::ip::tcp::endpoint peer_;
  unsigned reads_this_turn_ = 0;
  std::shared_ptr<void> companion_;
};

}  // namespace postern::proxy
