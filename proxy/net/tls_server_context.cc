#include "proxy/net/tls_server_context.h"

#include "proxy/net/issue_certificate.h"
#include "proxy/net/tls_context.h"

#include <openssl/x509_vfy.h>

namespace postern::proxy {

namespace {

/// Written into tickets of clients whose certificate came with intermediates: a ticket holds the
/// certificate alone, which could not be verified after resumption.
constexpr unsigned char kHasIntermediates = 1;

int accept_any_certificate(X509_STORE_CTX* store, void*) {
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

int select_http11(SSL*, const unsigned char** out, unsigned char* out_size,
                  const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* selected = nullptr;
  const int outcome = SSL_select_next_proto(
      &selected, out_size, reinterpret_cast<const unsigned char*>(kAlpnHttp11.data()),
      static_cast<unsigned>(kAlpnHttp11.size()), offered, offered_size);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

int on_ticket_made(SSL* ssl, void*) {
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  if (chain != nullptr && sk_X509_num(chain) > 0)
    SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), &kHasIntermediates, 1);
  return 1;
}

SSL_TICKET_RETURN on_ticket_opened(SSL* ssl, SSL_SESSION* session, const unsigned char*,
                                   std::size_t, SSL_TICKET_STATUS status, void*) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  void* data = nullptr;
  std::size_t size = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &data, &size) == 1 && size > 0)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  // In TLS 1.3 a client uses each ticket once, so it needs the next.
  const bool renew = status == SSL_TICKET_SUCCESS_RENEW || SSL_version(ssl) == TLS1_3_VERSION;
  return renew ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE;
}

void configure(SSL_CTX* context, const TlsServerOptions& options) {
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_alpn_select_cb(context, select_http11, nullptr);
  if (options.request_client_certificate) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, accept_any_certificate, nullptr);
  }
  // Without a name for its sessions OpenSSL refuses to resume those with client certificates.
  static constexpr unsigned char kSessionContext[] = "postern";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets only: nothing to keep
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_session_ticket_cb(context, on_ticket_made, on_ticket_opened, nullptr);
}

}  // namespace

tl::expected<std::shared_ptr<const TlsServerContext>, std::string> TlsServerContext::make(
    const TlsServerOptions& options) {
  auto chain = parse_certificates(options.certificate_chain);
  if (!chain) return tl::unexpected(chain.error());
  auto key = parse_private_key(options.key);
  if (!key) return tl::unexpected(key.error());
  const std::shared_ptr<TlsServerContext> server(new TlsServerContext);
  server->context_ = make_tls_context(TLS_server_method());
  if (!server->context_) return tl::unexpected("TLS: " + take_openssl_error());
  if (!use_certificate(server->context_.get(), *chain, key->get())) {
    return tl::unexpected(options.key.origin + ": does not fit the certificate in " +
                          options.certificate_chain.origin + ": " + take_openssl_error());
  }
  configure(server->context_.get(), options);
  server->ticket_keys_ = options.ticket_keys ? options.ticket_keys : std::make_shared<TicketKeys>();
  server->ticket_keys_->install(server->context_.get());
  server->not_after_ = not_after_of(chain->front().get());
  return server;
}

SslPtr TlsServerContext::new_session() const {
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl) SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace postern::proxy
