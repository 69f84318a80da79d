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
      keep_alive_(head.keep_alive),
      stall_time_(stall_time),
      stall_(worker.deadlines(), [this] { lease_.stream().close(); }),
      decoder_(head.framing, head.content_length),
      head_rest_(std::exchange(lease.pending(), std::string())) {
  rest_ = head_rest_;
}

std::optional<Result<std::string_view>> ResponseBody::next_now() {
  std::string_view piece = std::exchange(ahead_, std::string_view());
  while (piece.empty() && !decoder_.done() && !failed_) {
    if (rest_.empty()) {
      auto filled = fill_now();
      if (!filled) {
        return std::nullopt;
      }
      if (!*filled) {
        return fail(std::move(filled->error()));
      }
      if (rest_.empty()) {
        break;  // a clean end of stream, accepted by the decoder
      }
    }
    piece = decode_buffered();
  }
  if (piece.empty() && failed_) {
    return fail(*failed_);
  }
  ahead_ = decode_buffered();
  return piece;
}

Task<Result<std::string_view>> ResponseBody::next() {
  for (;;) {
    if (auto piece = next_now()) {
      co_return std::move(*piece);
    }
    auto waited = co_await wait();
    if (!waited) {
      co_return fail(std::move(waited.error()));
    }
  }
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

/// Reads what is there; nullopt for nothing, and then holds no buffer.
std::optional<Result<void>> ResponseBody::fill_now() {
  if (!buffer_) {
    buffer_ = worker_.buffers().take();
  }
  const auto outcome = lease_.stream().try_read(buffer_->span());
  switch (outcome.status) {
    case Stream::ReadStatus::kData:
      rest_ = std::string_view(buffer_->span().data(), outcome.size);
      return Result<void>();
    case Stream::ReadStatus::kEnd:
      if (!decoder_.finish()) {
        return fail(broke_off());
      }
      return Result<void>();
    case Stream::ReadStatus::kError:
      return fail(broke_off());
    case Stream::ReadStatus::kWouldBlock:
      break;
  }
  buffer_.reset();
  return std::nullopt;
}

Task<Result<void>> ResponseBody::wait() {
  if (stall_time_) {
    stall_.expires_after(*stall_time_);
  }
  const error_code error = co_await lease_.stream().wait_readable();
  const bool stalled = stall_.expired();
  stall_.disarm();
  if (error) {
    co_return fail(stalled ? kube::Status::gateway_timeout("the API server's answer stalled")
                           : broke_off());
  }
  co_return Result<void>();
}

}  // namespace postern::proxy
