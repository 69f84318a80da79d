#include "proxy/net/tcp_stream.h"

#include <boost/asio/error.hpp>
#include <cerrno>
#include <sys/socket.h>

namespace postern::proxy {

namespace {

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

error_code system_error(int error) {
  return {error, boost::system::system_category()};
}

}  // namespace

Task<error_code> TcpStream::wait_readable() {
  return wait(TcpSocket::wait_read);
}

Stream::ReadOutcome TcpStream::try_read(std::span<char> into) {
  if (!is_open()) return {ReadStatus::kError, 0, asio::error::operation_aborted};
  if (turn_is_over()) return {ReadStatus::kWouldBlock, 0, {}};
  while (true) {
    const ssize_t size = ::recv(socket().native_handle(), into.data(), into.size(), 0);
    if (size > 0) {
      count_read();
      return {ReadStatus::kData, static_cast<std::size_t>(size), {}};
    }
    if (size == 0) return {ReadStatus::kEnd, 0, {}};
    if (would_block(errno)) return {ReadStatus::kWouldBlock, 0, {}};
    if (errno != EINTR) return {ReadStatus::kError, 0, system_error(errno)};
  }
}

std::size_t TcpStream::try_write(std::string_view data) {
  std::size_t written = 0;
  while (written < data.size() && is_open() && !write_error_) {
    const ssize_t size = ::send(socket().native_handle(), data.data() + written,
                                data.size() - written, MSG_NOSIGNAL);
    if (size >= 0) {
      written += static_cast<std::size_t>(size);
    } else if (would_block(errno)) {
      break;
    } else if (errno != EINTR) {
      write_error_ = system_error(errno);
    }
  }
  return written;
}

Task<error_code> TcpStream::write(std::string_view data) {
  while (true) {
    data.remove_prefix(try_write(data));
    if (data.empty()) co_return error_code();
    if (write_error_) co_return write_error_;
    const error_code error = co_await wait(TcpSocket::wait_write);
    if (error) co_return error;
  }
}

Task<void> TcpStream::shutdown_send() {
  error_code ignored;
  if (is_open()) socket().shutdown(TcpSocket::shutdown_send, ignored);
  co_return;
}

}  // namespace postern::proxy
