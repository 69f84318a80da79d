#include "proxy/http/chars.h"
#include "proxy/http/codec.h"

#include <algorithm>

namespace postern::proxy::http {

namespace {

/// Chunk extensions and trailers of one body, together.
constexpr std::size_t kMaxOverhead = std::size_t{8} * 1024;
/// 2^48: far above what anybody sends, far below what overflows.
constexpr unsigned kMaxSizeDigits = 12;

tl::unexpected<kube::Status> broken(const char* text) {
  return fail(kube::Status::bad_request(std::string("malformed HTTP body: ") + text));
}

unsigned hex_value(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

}  // namespace

BodyDecoder::BodyDecoder(Framing framing, std::uint64_t content_length) : framing_(framing) {
  switch (framing) {
    case Framing::kNone:
      break;
    case Framing::kLength:
      remaining_ = content_length;
      state_ = content_length == 0 ? State::kDone : State::kData;
      break;
    case Framing::kChunked:
      state_ = State::kSize;
      break;
    case Framing::kUntilClose:
      state_ = State::kData;
      break;
  }
}

Result<std::string_view> BodyDecoder::decode(std::string_view in, std::size_t& consumed) {
  consumed = 0;
  if (state_ == State::kFailed) return broken("already failed");
  // Framing between two pieces of data goes byte by byte; data goes in one piece.
  while (consumed < in.size() && state_ != State::kDone) {
    if (state_ == State::kData) return take_data(in, consumed);
    if (const char* fault = step(in[consumed])) {
      state_ = State::kFailed;
      return broken(fault);
    }
    ++consumed;
  }
  return std::string_view{};
}

std::string_view BodyDecoder::take_data(std::string_view in, std::size_t& consumed) {
  std::string_view piece = in.substr(consumed);
  if (framing_ != Framing::kUntilClose) {
    piece = piece.substr(
        0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, piece.size())));
    remaining_ -= piece.size();
    if (remaining_ == 0) state_ = framing_ == Framing::kChunked ? State::kDataCr : State::kDone;
  }
  consumed += piece.size();
  return piece;
}

const char* BodyDecoder::step(char c) {
  switch (state_) {
    case State::kSize:
      return step_size(c);
    case State::kSizeExtension:
      return step_extension(c);
    case State::kSizeLf:
      if (c != '\n') return "chunk size without CRLF";
      state_ = remaining_ == 0 ? State::kTrailerStart : State::kData;
      size_digits_ = 0;
      return nullptr;
    case State::kDataCr:
      if (c != '\r') return "chunk without CRLF at its end";
      state_ = State::kDataLf;
      return nullptr;
    case State::kDataLf:
      if (c != '\n') return "chunk without CRLF at its end";
      state_ = State::kSize;
      return nullptr;
    default:
      return step_trailer(c);
  }
}

const char* BodyDecoder::step_size(char c) {
  if (is(chars::kHex, c)) {
    if (++size_digits_ > kMaxSizeDigits) return "chunk size";
    remaining_ = remaining_ * 16 + hex_value(c);
    return nullptr;
  }
  if (size_digits_ == 0) return "chunk size";
  if (c == '\r') {
    state_ = State::kSizeLf;
  } else if (c == ';') {
    state_ = State::kSizeExtension;
    return count_overhead();
  } else {
    return "chunk size";
  }
  return nullptr;
}

const char* BodyDecoder::step_extension(char c) {
  if (c == '\r') {
    state_ = State::kSizeLf;
    return nullptr;
  }
  if (!is(chars::kValue, c)) return "control character in a chunk extension";
  return count_overhead();
}

const char* BodyDecoder::step_trailer(char c) {
  switch (state_) {
    case State::kTrailerStart:
      if (c == '\r') {
        state_ = State::kEndLf;
        return nullptr;
      }
      if (!is(chars::kToken, c)) return "trailer name";
      state_ = State::kTrailerName;
      return count_overhead();
    case State::kTrailerName:
      if (c == ':') {
        state_ = State::kTrailerValue;
      } else if (!is(chars::kToken, c)) {
        return "trailer name";
      }
      return count_overhead();
    case State::kTrailerValue:
      if (c == '\r') {
        state_ = State::kTrailerLf;
      } else if (!is(chars::kValue, c)) {
        return "control character in a trailer";
      }
      return count_overhead();
    case State::kTrailerLf:
      if (c != '\n') return "trailer without CRLF";
      state_ = State::kTrailerStart;
      return count_overhead();
    default:  // kEndLf
      if (c != '\n') return "last chunk without CRLF";
      state_ = State::kDone;
      return nullptr;
  }
}

const char* BodyDecoder::count_overhead() {
  return ++overhead_ > kMaxOverhead ? "too many chunk extensions or trailers" : nullptr;
}

Result<void> BodyDecoder::finish() {
  if (state_ == State::kDone) return {};
  if (framing_ == Framing::kUntilClose && state_ == State::kData) {
    state_ = State::kDone;
    return {};
  }
  return broken("it ended early");
}

}  // namespace postern::proxy::http
