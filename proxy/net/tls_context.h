#pragma once

#include "proxy/net/openssl.h"

#include <cstddef>
#include <string_view>
#include <vector>

/// What the TLS contexts of both roles share. Internal to proxy/net.
namespace postern::proxy {

/// The only protocol of ours, as ALPN writes it (RFC 7301 §3.1): Go's clients and servers would
/// choose HTTP/2 if they were left to.
inline constexpr std::string_view kAlpnHttp11{"\x08http/1.1", 9};

/// What is read ahead of TLS, in full records with their overhead. OpenSSL takes the buffer anew
/// for every read, and the C library does so quickly for small ones only: one record's worth, until
/// a stream turns out to bring much; then four, as much as a BufferPool buffer takes.
inline constexpr std::size_t kTlsRecord = 16 * 1024 + 256;
inline constexpr std::size_t kTlsReadBuffer = kTlsRecord;
inline constexpr std::size_t kTlsBulkReadBuffer = 4 * kTlsRecord;

/// A context for TLS 1.2 and newer, with the modes of TlsStream; nullptr when OpenSSL has none.
SslCtxPtr make_tls_context(const SSL_METHOD* method);

/// Puts a certificate, its intermediates and its key in; false, with OpenSSL's error queue, when
/// they do not fit together.
bool use_certificate(SSL_CTX* context, const std::vector<X509Ptr>& chain, EVP_PKEY* key);

}  // namespace postern::proxy
