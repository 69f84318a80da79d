#include "proxy/session/response_sink.h"

#include <utility>

namespace postern::proxy {
namespace {

// A chunk's size is not known before its payload is: a field of fixed width is left for it.
constexpr std::string_view kSizeField = "00000000\r\n";
constexpr std::size_t kSizeDigits = 8;
constexpr std::size_t kKeepCapacity = 16 * 1024;

}  // namespace

ResponseSink::ResponseSink(ClientConnection& client, std::string head, Mode mode)
    : client_(client), mode_(mode), buffer_(std::move(head)) {
  open_chunk();
}

void ResponseSink::open_chunk() {
  if (mode_ == Mode::kChunked) {
    buffer_.append(kSizeField);
  }
  payload_start_ = buffer_.size();
}

void ResponseSink::close_chunk() {
  if (mode_ != Mode::kChunked) {
    return;
  }
  std::size_t size = payload_size();
  if (size == 0) {
    buffer_.resize(payload_start_ - kSizeField.size());
    return;
  }
  std::size_t digit = payload_start_ - kSizeField.size() + kSizeDigits;
  for (std::size_t i = 0; i < kSizeDigits; ++i, size >>= 4) {
    buffer_[--digit] = "0123456789abcdef"[size & 0xf];
  }
  buffer_.append("\r\n");
}

Task<error_code> ResponseSink::send() {
  started_ = started_ || !buffer_.empty();
  const error_code error = co_await client_.write(buffer_);
  // A watch that begins may be silent for long: the head's memory goes with the head.
  const bool drop = std::exchange(head_pending_, false) || buffer_.capacity() > kKeepCapacity;
  if (drop) {
    std::string().swap(buffer_);
  } else {
    buffer_.clear();
  }
  open_chunk();
  co_return error;
}

Task<error_code> ResponseSink::flush() {
  if (payload_size() == 0 && !head_pending_) {
    co_return error_code();
  }
  sent_ += payload_size();
  close_chunk();
  co_return co_await send();
}

Task<error_code> ResponseSink::finish() {
  sent_ += payload_size();
  close_chunk();
  if (mode_ == Mode::kChunked) {
    buffer_.append(http::kLastChunk);
  }
  co_return co_await send();
}

}  // namespace postern::proxy
