#pragma once

#include "proxy/net/task.h"

#include <cstddef>
#include <memory>
#include <openssl/types.h>
#include <span>
#include <string>
#include <string_view>

namespace postern::proxy {

/// A byte stream to a peer, plain TCP or TLS, that lives and dies on one worker.
///
/// Reading is in two steps, so that an idle stream holds no buffer: wait until something can be
/// read, then take a buffer and read without waiting. At most one reader and one writer at a time.
/// Any operation ends with an error after close(), which may be called at any time from the same
/// thread (by a Deadline, say); the object must outlive its pending operations.
class Stream {
 public:
  enum class ReadStatus { kData, kWouldBlock, kEnd, kError };
  struct ReadOutcome {
    ReadStatus status = ReadStatus::kError;
    std::size_t size = 0;  ///< of kData
    error_code error;      ///< of kError
  };

  virtual ~Stream() = default;

  /// Completes when try_read() may have something to say: data, end or error. It may still be
  /// kWouldBlock (a part of a TLS record came); then wait again.
  virtual Task<error_code> wait_readable() = 0;
  /// Reads what is there, without waiting. kEnd is a clean end of the peer's sending side (TCP FIN,
  /// TLS close_notify); a TLS stream that ends without close_notify is kError
  /// (asio::ssl::error::stream_truncated), after all data that came before. kWouldBlock also after
  /// many reads in a row: wait_readable() then lets the worker's other coroutines run.
  virtual ReadOutcome try_read(std::span<char> into) = 0;
  /// Writes as much as goes without waiting; 0 when nothing does or on error (the next write()
  /// tells). When less than all went, the next write has to begin with the rest: TLS may hold a
  /// part of it encrypted already.
  virtual std::size_t try_write(std::string_view data) = 0;
  /// Writes everything. `data` must stay valid until completion.
  virtual Task<error_code> write(std::string_view data) = 0;
  /// Tells the peer that nothing more will be sent (close_notify over TLS, FIN over TCP). Reading
  /// goes on. Best effort: waits for a full socket 2 s at most.
  virtual Task<void> shutdown_send() = 0;
  /// Ends everything at once, pending operations included. Idempotent. Says no goodbye: over TLS a
  /// peer takes what it got for truncated unless shutdown_send() came before.
  virtual void close() = 0;
  /// Resets instead of a clean close (RST where possible), so that no peer takes a part for the
  /// whole.
  virtual void abort() = 0;
  virtual bool is_open() const = 0;

  /// "203.0.113.7" and port of the peer, for limits, X-Forwarded-For and logs.
  virtual const asio::ip::tcp::endpoint& peer() const = 0;
  /// The TLS session, for certificates and negotiated values; nullptr for plain TCP.
  virtual SSL* tls() = 0;
  virtual TcpSocket& socket() = 0;
};

}  // namespace postern::proxy
