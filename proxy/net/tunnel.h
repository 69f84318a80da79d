#pragma once

#include "proxy/net/event.h"
#include "proxy/net/stream.h"
#include "proxy/net/worker.h"

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace postern::proxy {
/// For how long a tunnel may be silent.
struct TunnelOptions {
  /// After one side has ended, for how long the other may be silent before both are closed. TLS
  /// peers often take a half-close for the end of everything, or never notice it.
  std::chrono::milliseconds half_closed_idle{30'000};
  /// For how long both sides may be silent; none by default, for terminals stay open over lunch.
  std::optional<std::chrono::milliseconds> idle;
};

/// Moves raw bytes both ways between two streams after a verified 101, whatever protocol they
/// switched to (SPDY/3.1, WebSocket), until both sides have ended.
///
/// The end of one side is passed on as the end of our sending to the other, whose bytes go on; an
/// error on either side resets both. Bytes are held back while the receiver does not read: one
/// pooled buffer a direction, none while nothing comes.
///
/// Both streams and the worker must outlive run(). One worker's thread only.
class Tunnel {
 public:
  enum class End {
    kClean,    ///< both sides ended
    kFailed,   ///< one side broke off; see Result::error
    kIdle,     ///< a limit of TunnelOptions
    kStopped,  ///< stop()
  };
  struct Result {
    End end = End::kClean;
    error_code error;  ///< of kFailed
  };

  Tunnel(Worker& worker, Stream& downstream, Stream& upstream, TunnelOptions options = {});

  /// Runs to the end; once. `from_downstream` and `from_upstream` are what was read from either
  /// side behind its head; they go first. The streams are left for the caller to close.
  Task<Result> run(std::string from_downstream, std::string from_upstream);
  /// Resets both sides at once: the grant is over. run() then returns. Closing the streams works,
  /// too, and counts as kFailed.
  void stop();

  /// Bytes that have been passed on so far.
  std::uint64_t bytes_to_upstream() const { return bytes_to_upstream_; }
  std::uint64_t bytes_to_downstream() const { return bytes_to_downstream_; }

 private:
  Task<void> pump(Stream& from, Stream& to, std::string first, std::uint64_t& bytes);
  Task<error_code> forward(Stream& to, std::string_view data, std::uint64_t& bytes);
  Task<void> pass_on_end(Stream& to);
  void end_with(End end, const error_code& error);
  void note_progress();

  Worker& worker_;
  Stream& downstream_;
  Stream& upstream_;
  TunnelOptions options_;
  Deadline silence_;
  Event other_direction_over_;
  std::exception_ptr other_direction_bug_;
  std::uint64_t bytes_to_upstream_ = 0;
  std::uint64_t bytes_to_downstream_ = 0;
  bool half_closed_ = false;
  std::optional<Result> result_;  ///< once something but clean ends has happened
};

}  // namespace postern::proxy
