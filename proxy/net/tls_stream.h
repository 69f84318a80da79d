#pragma once

#include "proxy/net/openssl.h"
#include "proxy/net/socket_stream.h"

#include <chrono>
#include <memory>
#include <string>
#include <tl/expected.hpp>

namespace postern::proxy {

class DeadlineWheel;
class TlsClientContext;
class TlsServerContext;

/// A TLS stream: OpenSSL on the non-blocking socket itself, which is tried first and waited for
/// only when it has to be. Between records it holds no buffers (SSL_MODE_RELEASE_BUFFERS).
///
/// A clean end in either direction is close_notify: shutdown_send() sends it, close() does not, so
/// that whatever ends without being finished is seen by the peer as truncated.
///
/// Messages of TLS itself behind the handshake (key updates, refused renegotiations) are worked off
/// inside of one read, as many as come. A peer who sends more than kMaxMessages in kMessageTime,
/// which nobody does who means to talk, is an error (as Go's crypto/tls has it): it would keep the
/// worker.
class TlsStream final : public SocketStream {
 public:
  /// `ssl` is configured for its role and does not have its socket yet. `context` is what must
  /// live as long as the session does.
  TlsStream(TcpSocket socket, SslPtr ssl, std::shared_ptr<const void> context);
  ~TlsStream() override;
  static constexpr unsigned kMaxMessages = 64;
  static constexpr std::chrono::seconds kMessageTime{10};

  /// Before anything else. Ends with an error after close(), as everything does.
  Task<error_code> handshake();

  Task<error_code> wait_readable() override;
  ReadOutcome try_read(std::span<char> into) override;
  /// After it took less than all of `data`, the next write must begin with the rest (at the same or
  /// another address): a part of it may be encrypted already.
  std::size_t try_write(std::string_view data) override;
  Task<error_code> write(std::string_view data) override;
  /// Sends close_notify only; reading goes on. Waits for a full socket 2 s at most.
  Task<void> shutdown_send() override;
  SSL* tls() override { return ssl_.get(); }

 private:
  enum class Want { kNothing, kRead, kWrite };

  /// What the last OpenSSL call that returned `result` wants, else its error.
  Want classify(int result, error_code& error);
  void note_failure(const error_code& error, error_code& of_direction);
  static void on_message(const SSL* ssl, int where, int value);
  void count_message();
  Task<error_code> wait_for(Want want);
  Task<error_code> wait_writable_briefly();

  SslPtr ssl_;
  std::shared_ptr<const void> context_;
  Want read_wants_ = Want::kNothing;  ///< why the last try_read() got nothing
  Want write_wants_ = Want::kNothing;
  bool ended_ = false;   ///< close_notify came
  bool broken_ = false;  ///< TLS itself failed: nothing more may be asked of OpenSSL
  bool established_ = false;
  bool flooded_ = false;   ///< more than kMaxMessages came
  unsigned messages_ = 0;  ///< since messages_since_
  Clock::time_point messages_since_;
  error_code read_error_;
  error_code write_error_;
};

/// Why a handshake failed, for logs: `detail` is "certificate verify failed: self-signed
/// certificate", say.
struct TlsFailure {
  error_code error;
  std::string detail;
  bool is_plain_http = false;  ///< what came in was an HTTP request, not TLS
};
using TlsResult = tl::expected<std::unique_ptr<TlsStream>, TlsFailure>;

/// The server's side of a handshake on a connected socket, within `timeout`
/// (asio::error::timed_out).
Task<TlsResult> accept_tls(TcpSocket socket, std::shared_ptr<const TlsServerContext> context,
                           DeadlineWheel& wheel, std::chrono::milliseconds timeout);

/// The client's side: sends the server's name, verifies its certificate and name, resumes a session
/// of this context when there is one.
Task<TlsResult> connect_tls(TcpSocket socket, std::shared_ptr<const TlsClientContext> context,
                            DeadlineWheel& wheel, std::chrono::milliseconds timeout);

/// Runs the handshake of a stream within `timeout`. What accept_tls() and connect_tls() do after
/// making it; for callers that need the stream while its handshake is going on.
Task<tl::expected<void, TlsFailure>> complete_handshake(TlsStream& stream, DeadlineWheel& wheel,
                                                        std::chrono::milliseconds timeout);

}  // namespace postern::proxy
