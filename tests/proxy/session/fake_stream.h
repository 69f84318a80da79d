#pragma once

#include "proxy/net/stream.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>

namespace postern::proxy {

/// A Stream in memory: reads come from a script, writes are kept. Each scripted string is one read.
class FakeStream final : public Stream {
 public:
  explicit FakeStream(Executor executor) : socket_(executor) {}

  std::deque<std::string> reads;
  bool end_after_reads = true;
  std::string written;
  error_code write_error;
  std::size_t takes_at_once = std::string::npos;  ///< of what try_write() is given

  Task<error_code> wait_readable() override { co_return error_code(); }
  ReadOutcome try_read(std::span<char> into) override {
    if (!open_) return {ReadStatus::kError, 0, asio::error::bad_descriptor};
    if (reads.empty()) return {end_after_reads ? ReadStatus::kEnd : ReadStatus::kWouldBlock, 0, {}};
    std::string& next = reads.front();
    const std::size_t size = std::min(next.size(), into.size());
    std::memcpy(into.data(), next.data(), size);
    next.erase(0, size);
    if (next.empty()) reads.pop_front();
    return {ReadStatus::kData, size, {}};
  }
  std::size_t try_write(std::string_view data) override {
    if (write_error || !open_) return 0;
    const std::size_t size = std::min(data.size(), takes_at_once);
    written.append(data.substr(0, size));
    return size;
  }
  Task<error_code> write(std::string_view data) override {
    if (write_error) co_return write_error;
    written.append(data);
    co_return error_code();
  }
  Task<void> shutdown_send() override { co_return; }
  void close() override { open_ = false; }
  void abort() override { open_ = false; }
  bool is_open() const override { return open_; }
  const asio::ip::tcp::endpoint& peer() const override { return peer_; }
  SSL* tls() override { return nullptr; }
  TcpSocket& socket() override { return socket_; }

 private:
  TcpSocket socket_;
  asio::ip::tcp::endpoint peer_;
  bool open_ = true;
};

}  // namespace postern::proxy
