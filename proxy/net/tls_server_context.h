#pragma once

#include "proxy/net/openssl.h"
#include "proxy/net/pem.h"
#include "proxy/net/snapshot.h"
#include "proxy/net/ticket_keys.h"

#include <chrono>
#include <memory>
#include <string>
#include <tl/expected.hpp>

namespace postern::proxy {
/// What a server shows, and what it asks for.
struct TlsServerOptions {
  Pem certificate_chain;  ///< the server's certificate first, then its intermediates
  Pem key;
  /// Ask clients for a certificate. It is not verified by the handshake, only that the client has
  /// its key: see TlsServerContext.
  bool request_client_certificate = true;
  /// Shared by the contexts that follow one another, so that a reload ends no session.
  std::shared_ptr<TicketKeys> ticket_keys;
};

/// What a server's handshakes are made with: TLS 1.2 and newer, ALPN `http/1.1` and nothing else
/// (a client that offers only others fails), no renegotiation.
///
/// A client's certificate is taken as it is. Whether a CA of ours signed it is for the
/// authenticator to say, at each request: so CA files can change while connections live, and a bad
/// certificate gets a 401 Status as from kube-apiserver, not a broken handshake.
///
/// Immutable, and shared by all workers. On reload a new one is published in a Snapshot; each
/// accept takes the current one, and connections keep theirs.
class TlsServerContext {
 public:
  /// The error is a sentence with the origin of what does not fit.
  static tl::expected<std::shared_ptr<const TlsServerContext>, std::string> make(
      const TlsServerOptions& options);

  /// A session for one connection; nullptr when memory is out.
  SslPtr new_session() const;
  /// When the server's certificate ends, for metrics and warnings.
  std::chrono::system_clock::time_point not_after() const { return not_after_; }

 private:
  TlsServerContext() = default;

  SslCtxPtr context_;
  std::shared_ptr<TicketKeys> ticket_keys_;
  std::chrono::system_clock::time_point not_after_;
};

using TlsServerSnapshot = Snapshot<TlsServerContext>;

}  // namespace postern::proxy
