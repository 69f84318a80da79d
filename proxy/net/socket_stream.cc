#include "proxy/net/socket_stream.h"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <utility>

namespace postern::proxy {

namespace {

asio::ip::tcp::endpoint peer_of(const TcpSocket& socket) {
  error_code error;
  asio::ip::tcp::endpoint peer = socket.remote_endpoint(error);
  if (error || !peer.address().is_v6()) return peer;
  const asio::ip::address_v6 address = peer.address().to_v6();
  if (!address.is_v4_mapped()) return peer;
  return {asio::ip::make_address_v4(asio::ip::v4_mapped, address), peer.port()};
}

}  // namespace

SocketStream::SocketStream(TcpSocket socket) : socket_(std::move(socket)), peer_(peer_of(socket_)) {
  error_code error;  // a socket that is gone already says so at its first operation
  socket_.native_non_blocking(true, error);
}

void SocketStream::close() {
  error_code ignored;
  socket_.close(ignored);
}

void SocketStream::abort() {
  if (!is_open()) return;
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

Task<error_code> SocketStream::wait(TcpSocket::wait_type what) {
  if (!is_open()) co_return asio::error::operation_aborted;
  const auto [error] = co_await socket_.async_wait(what, kAwait);
  if (!error && !is_open()) co_return asio::error::operation_aborted;
  reads_this_turn_ = 0;
  co_return error;
}

Task<error_code> SocketStream::yield_turn() {
  reads_this_turn_ = 0;
  co_await asio::post(socket_.get_executor(), kAwait);
  co_return is_open() ? error_code() : error_code(asio::error::operation_aborted);
}

}  // namespace postern::proxy
