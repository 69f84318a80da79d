#pragma once

#include "kube/result.h"
#include "proxy/http/codec.h"
#include "proxy/net/stream.h"
#include "proxy/net/worker.h"
#include "proxy/session/body_memory.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy {

/// What a client may take of time and space; `limits:` of the configuration.
struct ClientLimits {
  http::HeadLimits head;
  std::chrono::milliseconds head_time{10'000};   ///< from the first byte of a head to its last
  std::chrono::milliseconds idle_time{120'000};  ///< between requests of a kept-alive connection
  std::chrono::milliseconds stall_time{60'000};  ///< a body or an answer without any progress
  std::uint64_t body_bytes = 3 * 1024 * 1024;  ///< of a body that has to be read before a decision
  std::uint64_t drain_bytes =
      256 * 1024;  ///< of a refused body that is read to keep the connection
};

/// The client's side of one connection: heads and bodies in, answers out, every wait under a
/// deadline.
///
/// One coroutine at a time uses it, on its worker. When a deadline runs out the stream is closed,
/// and the pending operation ends with an error.
class ClientConnection {
 public:
  ClientConnection(Worker& worker, Stream& stream, const ClientLimits& limits);

  /// The next request's head. nullopt when the client ended between requests, or its first byte did
  /// not come within `idle_time` (limits.idle_time) or before stop_waiting(): then the stream is
  /// still open, for a polite end. 400 and 431 as parse_request_head(); 408 is not sent: a client
  /// that trickles is cut.
  Task<Result<std::optional<http::RequestHead>>> read_head(
      std::optional<std::chrono::milliseconds> idle_time = std::nullopt);
  /// Ends the wait of read_head() for a request's first byte. A request that has begun to come is
  /// read nevertheless: its client does not know that it comes too late.
  void stop_waiting();
  /// Since when read_head() waits for a request's first byte, or last did.
  Clock::time_point waiting_since() const { return waiting_since_; }
  /// The last read_head() gave nullopt because the wait was given up: nobody was told yet.
  bool gave_up_waiting() const { return gave_up_waiting_; }

  /// The next piece of the current request's body, appended to `into`; false at its end.
  Task<Result<bool>> read_body_piece(std::string& into);
  /// The whole body; 413 above limits.body_bytes, 429 when the hold cannot grow to its size.
  Task<Result<std::string>> read_body(BodyHold& hold);
  bool body_done() const { return body_.done(); }
  /// Sends `100 Continue` if the client waits for it. Call it before the first read of a body.
  Task<void> admit_body();
  /// Reads and drops the rest of the body, within limits; false when the connection cannot be kept.
  Task<bool> discard_body();

  /// Reads what the client sends behind the current message, for ClientWatcher; kWouldBlock when
  /// that is more than is kept.
  Task<Stream::ReadOutcome> read_ahead();

  /// Writes as much as goes without waiting, see Stream::try_write().
  std::size_t try_write(std::string_view data) { return stream_.try_write(data); }
  /// Writes everything, under the stall limit.
  Task<error_code> write(std::string_view data);
  /// Writes a whole Status answer, as status_response() makes it; to a HEAD without its body.
  /// `keep_alive` is what the head will say.
  Task<error_code> write_status(const kube::Status& status, std::string_view audit_id,
                                bool keep_alive, std::string_view allow = {});
  /// Says goodbye so that an answer that was just written is not lost to a reset: ends our side and
  /// reads what the client still sends, briefly.
  Task<void> linger();

  /// Bytes behind the current message: the next request, or the first bytes of a tunnel.
  std::string take_pending() { return std::move(pending_); }
  /// How the current message broke off or what was wrong with its framing; told only in metrics.
  enum class Fault {
    kNone,
    kHeadTimeout,
    kHeadTruncated,
    kBodyFraming,
    kBodyTimeout,
    kBodyTruncated,
  };
  Fault fault() const { return fault_; }
  /// "203.0.113.7", for logs and X-Forwarded-For.
  const std::string& peer_address() const { return peer_address_; }
  Stream& stream() { return stream_; }
  Deadline& deadline() { return deadline_; }

 private:
  Task<Stream::ReadOutcome> read_more();
  Stream::ReadOutcome read_now();
  Task<bool> await_request(std::chrono::milliseconds idle_time);
  void expire();
  Result<void> decode_body(std::string& into);

  Worker& worker_;
  Stream& stream_;
  const ClientLimits& limits_;
  const std::string peer_address_;
  Deadline deadline_;
  std::string pending_;
  http::BodyDecoder body_;
  bool awaits_continue_ = false;
  bool is_head_ = false;            ///< the current request's method is HEAD
  bool waits_for_request_ = false;  ///< read_head() waits, and no byte has come
  bool gave_up_waiting_ = false;
  Clock::time_point waiting_since_;
  Fault fault_ = Fault::kNone;
};

/// A complete HTTP/1.1 response that carries a Status. `allow`: the methods that the target takes,
/// for a 405.
std::string status_response(const kube::Status& status, std::string_view audit_id, bool keep_alive,
                            std::string_view allow = {});

}  // namespace postern::proxy
