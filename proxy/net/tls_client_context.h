#pragma once

#include "proxy/net/openssl.h"
#include "proxy/net/pem.h"

#include <memory>
#include <mutex>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace postern::proxy {
/// Whom to believe, and with what certificate to come.
struct TlsClientOptions {
  Pem ca;           ///< empty text: the system's CAs
  Pem certificate;  ///< empty text: none; else `key` too
  Pem key;
  /// The name or address that the server's certificate must be for; a name is also sent (SNI).
  std::string server_name;
  /// The server is not verified at all: anybody may answer in its name. Only where an operator's
  /// kubeconfig says `insecure-skip-tls-verify`.
  bool skip_verification = false;
};

/// What the handshakes with one endpoint are made with: TLS 1.2 and newer, the server's certificate
/// and name verified, ALPN `http/1.1`. Keeps the endpoint's last sessions, so that the next
/// connection need not do it all again.
///
/// Shared by all workers; everything is safe from any thread.
class TlsClientContext {
 public:
  /// The error is a sentence with the origin of what does not fit.
  static tl::expected<std::shared_ptr<const TlsClientContext>, std::string> make(
      const TlsClientOptions& options);

  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  /// A session for one connection, ready to resume an earlier one; nullptr when memory is out.
  SslPtr new_session() const;
  const std::string& server_name() const { return server_name_; }
  /// Sessions that the next connections may resume.
  std::size_t resumable() const;

 private:
  static constexpr std::size_t kMaxSessions = 16;

  TlsClientContext() = default;
  static int on_new_session(SSL* ssl, SSL_SESSION* session);
  SslSessionPtr take_session() const;

  SslCtxPtr context_;
  std::string server_name_;
  bool is_address_ = false;
  mutable std::mutex mutex_;
  /// Latest last. Those of TLS 1.3 are used once (RFC 8446 §C.4).
  mutable std::vector<SslSessionPtr> sessions_;
};

}  // namespace postern::proxy
