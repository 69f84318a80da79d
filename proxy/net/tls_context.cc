#include "proxy/net/tls_context.h"

namespace postern::proxy {

namespace {

/// Forward secrecy and AEAD only; what TLS 1.3 has is all of that kind.
constexpr char kCiphers12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

}  // namespace

SslCtxPtr make_tls_context(const SSL_METHOD* method) {
  SslCtxPtr context(SSL_CTX_new(method));
  if (!context) return nullptr;
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // A certificate goes out with the intermediates of its file; OpenSSL would add the CA as well.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_default_read_buffer_len(raw, kTlsReadBuffer);
  if (SSL_CTX_set_cipher_list(raw, kCiphers12) != 1) return nullptr;
  return context;
}

bool use_certificate(SSL_CTX* context, const std::vector<X509Ptr>& chain, EVP_PKEY* key) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) return false;
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) return false;
  }
  return SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
}

}  // namespace postern::proxy
