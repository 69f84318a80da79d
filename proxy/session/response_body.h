#pragma once

#include "kube/result.h"
#include "proxy/http/codec.h"
#include "proxy/net/worker.h"
#include "proxy/upstream/upstream.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy {

/// The payload of an upstream response, piece by piece, with its framing taken off.
///
/// No buffer is held while nothing comes: an idle watch costs its sockets only.
class ResponseBody {
 public:
  /// `stall_time`: how long the peer may send nothing before the body counts as broken off; nullopt
  /// for watches and followed logs, which may be silent for hours.
  ResponseBody(Worker& worker, Lease& lease, const http::ResponseHead& head,
               std::optional<std::chrono::milliseconds> stall_time);

  /// The next piece; empty only when done(). Valid until the next call. 502 when the body breaks
  /// off.
  Task<Result<std::string_view>> next();
  /// The same where there is one without a wait; nullopt: next() has to wait.
  std::optional<Result<std::string_view>> next_now();
  /// More payload is here already: a writer may gather before it flushes. Framing alone does not
  /// count, or the last event of a watch would wait for the next one.
  bool has_more_buffered() const { return !ahead_.empty() || failed_.has_value(); }
  bool done() const { return decoder_.done() && !has_more_buffered(); }
  /// The body ended by itself, and no byte came behind it: the connection can be used again.
  bool clean() const { return done() && rest_.empty() && lease_.pending().empty(); }
  /// Gives the connection back to its pool when the body is clean and the API server keeps it open.
  void give_back_if_clean() {
    if (keep_alive_ && clean()) lease_.give_back();
  }

 private:
  std::optional<Result<void>> fill_now();
  Task<Result<void>> wait();
  std::string_view decode_buffered();

  Worker& worker_;
  Lease& lease_;
  const bool keep_alive_;  ///< of the head
  std::optional<std::chrono::milliseconds> stall_time_;
  Deadline stall_;
  http::BodyDecoder decoder_;
  std::optional<BufferPool::Buffer> buffer_;
  std::string_view
      rest_;  ///< raw bytes not decoded yet, in buffer_ or in the lease's pending bytes
  std::string_view ahead_;              ///< payload for the next call
  std::optional<kube::Status> failed_;  ///< the next call's error
  std::string head_rest_;               ///< what came together with the head
};

}  // namespace postern::proxy
