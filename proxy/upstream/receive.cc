#include "proxy/upstream/receive.h"

// Tested by tests/proxy/upstream/lease_test.cc
namespace postern::proxy {
namespace {

constexpr std::size_t kTlsRecord = 16 * 1024;

}  // namespace

Arrival receive_now(Stream& stream, BufferPool& buffers, std::string& into) {
  const BufferPool::Buffer buffer = buffers.take();
  const Stream::ReadOutcome read = stream.try_read(buffer.span().first(kTlsRecord));
  switch (read.status) {
    case Stream::ReadStatus::kData:
      into.append(buffer.span().data(), read.size);
      return Arrival::kData;
    case Stream::ReadStatus::kWouldBlock:
      return Arrival::kNothing;
    case Stream::ReadStatus::kEnd:
      return Arrival::kEnd;
    case Stream::ReadStatus::kError:
      break;
  }
  return Arrival::kError;
}

Task<Arrival> receive(Stream& stream, BufferPool& buffers, std::string& into) {
  for (;;) {
    const error_code error = co_await stream.wait_readable();
    if (error) co_return Arrival::kError;
    const Arrival arrival = receive_now(stream, buffers, into);
    if (arrival != Arrival::kNothing) co_return arrival;
  }
}

}  // namespace postern::proxy
