#include "proxy/session/response_sink.h"

#include <utility>

namespace postern::proxy {
namespace {

// A chunk's size is not known before its payload is: a field of fixed width is left for it.
constexpr std::string_view kSizeField = "00000000\r\n";
constexpr std::size_t kSizeDigits = 8;
constexpr std::string_view kChunkEnd = "\r\n";
constexpr std::size_t kTlsRecord = 16 * 1024;  ///< RFC 8446 §5.1: the most that one holds
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
  buffer_.append(kChunkEnd);
}

void ResponseSink::cut_to_records() {
  const std::size_t total = buffer_.size() + (mode_ == Mode::kChunked ? kChunkEnd.size() : 0);
  const std::size_t over = total % kTlsRecord;
  if (total < kTlsRecord || over >= payload_size()) {
    return;
  }
  later_.assign(buffer_, buffer_.size() - over);
  buffer_.resize(buffer_.size() - over);
}

bool ResponseSink::send_now() {
  started_ = started_ || !buffer_.empty();
  written_ = client_.try_write(buffer_);
  if (written_ < buffer_.size()) {
    return false;
  }
  begin_next();
  return true;
}

Task<error_code> ResponseSink::send_rest() {
  const error_code error = co_await client_.write(std::string_view(buffer_).substr(written_));
  begin_next();
  co_return error;
}

void ResponseSink::begin_next() {
  // A watch that begins may be silent for long: the head's memory goes with the head.
  const bool was_head = std::exchange(head_pending_, false);
  const bool is_bulk = std::exchange(in_bulk_, false);
  if (was_head || (!is_bulk && buffer_.capacity() > kKeepCapacity)) {
    std::string().swap(buffer_);
  } else {
    buffer_.clear();
  }
  open_chunk();
  buffer_.append(later_);
  later_.clear();
}

bool ResponseSink::flush_records_now() {
  in_bulk_ = true;  // more comes at once: the memory stays
  cut_to_records();
  return flush_now();
}

bool ResponseSink::flush_now() {
  if (payload_size() == 0 && !head_pending_) {
    return true;
  }
  sent_ += payload_size();
  close_chunk();
  return send_now();
}

bool ResponseSink::finish_now() {
  sent_ += payload_size();
  close_chunk();
  if (mode_ == Mode::kChunked) {
    buffer_.append(http::kLastChunk);
  }
  return send_now();
}

Task<error_code> ResponseSink::flush() {
  if (flush_now()) {
    co_return error_code();
  }
  co_return co_await send_rest();
}

Task<error_code> ResponseSink::finish() {
  if (finish_now()) {
    co_return error_code();
  }
  co_return co_await send_rest();
}

}  // namespace postern::proxy
