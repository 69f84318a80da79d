#pragma once

#include "proxy/net/socket_stream.h"

namespace postern::proxy {

/// A plain TCP stream.
class TcpStream final : public SocketStream {
 public:
  explicit TcpStream(TcpSocket socket) : SocketStream(std::move(socket)) {}

  Task<error_code> wait_readable() override;
  ReadOutcome try_read(std::span<char> into) override;
  std::size_t try_write(std::string_view data) override;
  Task<error_code> write(std::string_view data) override;
  Task<void> shutdown_send() override;
  SSL* tls() override { return nullptr; }

 private:
  error_code write_error_;
};

}  // namespace postern::proxy
