#include "proxy/net/tls_client_context.h"

#include "proxy/net/tls_context.h"

#include <boost/asio/ip/address.hpp>
#include <openssl/x509v3.h>

namespace postern::proxy {

namespace {

using Outcome = tl::expected<void, std::string>;

Outcome use_authorities(SSL_CTX* context, const Pem& ca) {
  if (ca.text.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return tl::unexpected(std::string("the system's CA certificates cannot be read"));
  }
  const auto authorities = parse_certificates(ca);
  if (!authorities) return tl::unexpected(authorities.error());
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& authority : *authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1)
      return tl::unexpected(ca.origin + ": " + take_openssl_error());
  }
  return {};
}

Outcome use_own_certificate(SSL_CTX* context, const TlsClientOptions& options) {
  if (options.certificate.text.empty()) return {};
  const auto chain = parse_certificates(options.certificate);
  if (!chain) return tl::unexpected(chain.error());
  const auto key = parse_private_key(options.key);
  if (!key) return tl::unexpected(key.error());
  if (use_certificate(context, *chain, key->get())) return {};
  return tl::unexpected(options.key.origin + ": does not fit the certificate in " +
                        options.certificate.origin + ": " + take_openssl_error());
}

/// As Go takes certificates, by which API servers' are made: any in the CA file is a root; subject
/// alternative names only, `*` for one whole label.
bool expect_server(SSL_CTX* context, const std::string& name, bool is_address) {
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_hostflags(
      param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1
                    : X509_VERIFY_PARAM_set1_host(param, name.c_str(), name.size()) == 1;
}

bool parses_as_address(const std::string& name) {
  boost::system::error_code error;
  boost::asio::ip::make_address(name, error);
  return !error;
}

}  // namespace

tl::expected<std::shared_ptr<const TlsClientContext>, std::string> TlsClientContext::make(
    const TlsClientOptions& options) {
  const std::shared_ptr<TlsClientContext> client(new TlsClientContext);
  client->context_ = make_tls_context(TLS_client_method());
  if (!client->context_) return tl::unexpected("TLS: " + take_openssl_error());
  SSL_CTX* context = client->context_.get();
  if (auto done = use_authorities(context, options.ca); !done) return tl::unexpected(done.error());
  if (auto done = use_own_certificate(context, options); !done) return tl::unexpected(done.error());
  client->server_name_ = options.server_name;
  client->is_address_ = parses_as_address(options.server_name);
  if (options.server_name.empty() ||
      !expect_server(context, client->server_name_, client->is_address_))
    return tl::unexpected("\"" + options.server_name + "\" is not a server's name or address");
  SSL_CTX_set_verify(context, options.skip_verification ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                     nullptr);
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(kAlpnHttp11.data()),
                          static_cast<unsigned>(kAlpnHttp11.size()));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_app_data(context, client.get());
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  return client;
}

SslPtr TlsClientContext::new_session() const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) return ssl;
  SSL_set_connect_state(ssl.get());
  if (!is_address_) SSL_set_tlsext_host_name(ssl.get(), server_name_.c_str());
  if (const SslSessionPtr session = take_session()) SSL_set_session(ssl.get(), session.get());
  return ssl;
}

std::size_t TlsClientContext::resumable() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

SslSessionPtr TlsClientContext::take_session() const {
  const std::lock_guard lock(mutex_);
  if (sessions_.empty()) return nullptr;
  SSL_SESSION* last = sessions_.back().get();
  if (SSL_SESSION_get_protocol_version(last) != TLS1_3_VERSION) {
    SSL_SESSION_up_ref(last);
    return SslSessionPtr(last);
  }
  SslSessionPtr session = std::move(sessions_.back());
  sessions_.pop_back();
  return session;
}

int TlsClientContext::on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* client = static_cast<TlsClientContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const std::lock_guard lock(client->mutex_);
  if (client->sessions_.size() == kMaxSessions) client->sessions_.erase(client->sessions_.begin());
  client->sessions_.emplace_back(session);
  return 1;  // the reference is ours
}

}  // namespace postern::proxy
