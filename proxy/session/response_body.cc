#include "proxy/session/response_body.h"

#include <utility>

namespace postern::proxy {
namespace {

kube::Status broke_off() {
  return kube::Status::bad_gateway("the API server's answer broke off");
}

}  // namespace

ResponseBody::ResponseBody(Worker& worker, Lease& lease, const http::ResponseHead& head,
                           std::optional<std::chrono::milliseconds> stall_time)
    : worker_(worker),
      lease_(lease),
      stall_time_(stall_time),
      stall_(worker.deadlines(), [this] { lease_.stream().close(); }),
      decoder_(head.framing, head.content_length),
      head_rest_(std::exchange(lease.pending(), std::string())) {
  rest_ = head_rest_;
}

Task<Result<std::string_view>> ResponseBody::next() {
  std::string_view piece = std::exchange(ahead_, std::string_view());
  while (piece.empty() && !decoder_.done() && !failed_) {
    if (rest_.empty()) {
      auto filled = co_await fill();
      if (!filled) {
        co_return fail(std::move(filled.error()));
      }
      if (rest_.empty()) {
        break;  // a clean end of stream, accepted by the decoder
      }
    }
    piece = decode_buffered();
  }
  if (piece.empty() && failed_) {
    co_return fail(*failed_);
  }
  ahead_ = decode_buffered();
  co_return piece;
}

/// The next payload out of what has been read; "" when there is none in it, or an error.
std::string_view ResponseBody::decode_buffered() {
  while (!rest_.empty() && !decoder_.done() && !failed_) {
    std::size_t consumed = 0;
    const auto piece = decoder_.decode(rest_, consumed);
    if (!piece) {
      failed_ = kube::Status::bad_gateway("the API server's answer is framed wrongly");
      break;
    }
    rest_.remove_prefix(consumed);
    if (!piece->empty()) {
      return *piece;
    }
  }
  return {};
}

Task<Result<void>> ResponseBody::fill() {
  Stream& stream = lease_.stream();
  for (;;) {
    if (!buffer_) {
      buffer_ = worker_.buffers().take();
    }
    const auto outcome = stream.try_read(buffer_->span());
    switch (outcome.status) {
      case Stream::ReadStatus::kData:
        rest_ = std::string_view(buffer_->span().data(), outcome.size);
        co_return Result<void>();
      case Stream::ReadStatus::kEnd:
        if (!decoder_.finish()) {
          co_return fail(broke_off());
        }
        co_return Result<void>();
      case Stream::ReadStatus::kError:
        co_return fail(broke_off());
      case Stream::ReadStatus::kWouldBlock:
        break;
    }
    buffer_.reset();
    if (stall_time_) {
      stall_.expires_after(*stall_time_);
    }
    const error_code error = co_await stream.wait_readable();
    const bool stalled = stall_.expired();
    stall_.disarm();
    if (error) {
      co_return fail(stalled ? kube::Status::gateway_timeout("the API server's answer stalled")
                             : broke_off());
    }
  }
}

}  // namespace postern::proxy
