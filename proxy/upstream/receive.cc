#include "proxy/upstream/receive.h"

// Tested by tests/proxy/upstream/lease_test.cc
namespace postern::proxy {
namespace {

constexpr std::size_t kTlsRecord = 16 * 1024;

}  // namespace

Task<Arrival> receive(Stream& stream, BufferPool& buffers, std::string& into) {
  for (;;) {
    const error_code error = co_await stream.wait_readable();
    if (error) co_return Arrival::kError;
    const BufferPool::Buffer buffer = buffers.take();
    const Stream::ReadOutcome read = stream.try_read(buffer.span().first(kTlsRecord));
    switch (read.status) {
      case Stream::ReadStatus::kData:
        into.append(buffer.span().data(), read.size);
        co_return Arrival::kData;
      case Stream::ReadStatus::kWouldBlock:
        continue;
      case Stream::ReadStatus::kEnd:
        co_return Arrival::kEnd;
      case Stream::ReadStatus::kError:
        co_return Arrival::kError;
    }
  }
}

}  // namespace postern::proxy
