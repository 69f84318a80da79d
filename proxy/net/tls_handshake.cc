#include "proxy/net/deadline_wheel.h"
#include "proxy/net/tls_client_context.h"
#include "proxy/net/tls_server_context.h"
#include "proxy/net/tls_stream.h"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

namespace postern::proxy {

namespace {

TlsFailure describe(TlsStream& stream, const error_code& error) {
  TlsFailure failure{error, error.message(), false};
  failure.is_plain_http =
      error.category() == asio::error::get_ssl_category() &&
      ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
  const long verified = SSL_get_verify_result(stream.tls());
  if (verified != X509_V_OK && !SSL_is_server(stream.tls()))
    failure.detail =
        std::string("certificate verify failed: ") + X509_verify_cert_error_string(verified);
  return failure;
}

Task<TlsResult> handshake_over(TcpSocket socket, SslPtr ssl, std::shared_ptr<const void> context,
                               DeadlineWheel& wheel, std::chrono::milliseconds timeout) {
  if (!ssl) co_return tl::unexpected(TlsFailure{asio::error::no_memory, "out of memory", false});
  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(ssl), std::move(context));
  auto done = co_await complete_handshake(*stream, wheel, timeout);
  if (!done) co_return tl::unexpected(std::move(done.error()));
  co_return stream;
}

}  // namespace

Task<tl::expected<void, TlsFailure>> complete_handshake(TlsStream& stream, DeadlineWheel& wheel,
                                                        std::chrono::milliseconds timeout) {
  Deadline deadline(wheel, [&stream] { stream.close(); });
  deadline.expires_after(timeout);
  const error_code error = co_await stream.handshake();
  if (deadline.expired())
    co_return tl::unexpected(
        TlsFailure{asio::error::timed_out, "the TLS handshake took too long", false});
  if (error) co_return tl::unexpected(describe(stream, error));
  co_return tl::expected<void, TlsFailure>();
}

Task<TlsResult> accept_tls(TcpSocket socket, std::shared_ptr<const TlsServerContext> context,
                           DeadlineWheel& wheel, std::chrono::milliseconds timeout) {
  SslPtr ssl = context->new_session();
  return handshake_over(std::move(socket), std::move(ssl), std::move(context), wheel, timeout);
}

Task<TlsResult> connect_tls(TcpSocket socket, std::shared_ptr<const TlsClientContext> context,
                            DeadlineWheel& wheel, std::chrono::milliseconds timeout) {
  SslPtr ssl = context->new_session();
  return handshake_over(std::move(socket), std::move(ssl), std::move(context), wheel, timeout);
}

}  // namespace postern::proxy
