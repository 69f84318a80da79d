#include "net_fixture.h"
#include "proxy/net/issue_certificate.h"

#include <boost/asio/error.hpp>
#include <doctest/doctest.h>

/// Handshakes: what is verified, negotiated, resumed and refused.

using namespace postern::proxy;
using namespace postern::proxy::test;
using namespace std::chrono_literals;

namespace {

struct Outcome {
  std::unique_ptr<TlsStream> client, server;
  TlsFailure client_failure, server_failure;
};

Task<void> do_accept(Worker& worker, TcpSocket socket,
                     std::shared_ptr<const TlsServerContext> context, Outcome& outcome) {
  auto made = co_await accept_tls(std::move(socket), std::move(context), worker.deadlines(), 10s);
  if (made) {
    outcome.server = std::move(*made);
  } else {
    outcome.server_failure = made.error();
  }
}

Task<void> do_connect(Worker& worker, TcpSocket socket,
                      std::shared_ptr<const TlsClientContext> context, Outcome& outcome) {
  auto made = co_await connect_tls(std::move(socket), std::move(context), worker.deadlines(), 10s);
  if (made) {
    outcome.client = std::move(*made);
  } else {
    outcome.client_failure = made.error();
  }
}

Outcome shake_hands(Worker& worker, std::shared_ptr<const TlsClientContext> client,
                    std::shared_ptr<const TlsServerContext> server) {
  auto sockets = connected_sockets(worker);
  Outcome outcome;
  Run run(worker);
  run.add(do_connect(worker, std::move(sockets.first), std::move(client), outcome));
  run.add(do_accept(worker, std::move(sockets.second), std::move(server), outcome));
  REQUIRE(run());
  return outcome;
}

/// A client made by hand, to offer what ours never would.
struct RawClient {
  explicit RawClient(const std::function<void(SSL_CTX*)>& configure)
      : context(SSL_CTX_new(TLS_client_method())) {
    configure(context.get());
  }
  std::unique_ptr<TlsStream> stream(TcpSocket socket) {
    SslPtr ssl(SSL_new(context.get()));
    SSL_set_connect_state(ssl.get());
    return std::make_unique<TlsStream>(std::move(socket), std::move(ssl), nullptr);
  }
  SslCtxPtr context;
};

Task<void> do_handshake(TlsStream& stream, error_code& error) {
  error = co_await stream.handshake();
}

struct RawOutcome {
  std::unique_ptr<TlsStream> client;
  error_code client_error;
  Outcome accepted;
};

RawOutcome shake_hands_raw(const std::function<void(SSL_CTX*)>& configure) {
  static Worker worker(0);
  RawClient raw(configure);
  auto sockets = connected_sockets(worker);
  RawOutcome outcome;
  outcome.client = raw.stream(std::move(sockets.first));
  Run run(worker);
  run.add(do_handshake(*outcome.client, outcome.client_error));
  run.add(do_accept(worker, std::move(sockets.second), server_context(), outcome.accepted));
  REQUIRE(run());
  return outcome;
}

std::string alpn_of(SSL* ssl) {
  const unsigned char* data = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &data, &size);
  return {reinterpret_cast<const char*>(data), size};
}

std::string read_four(Worker& worker, Stream& stream, Stream::ReadOutcome& end) {
  std::string got;
  Run run(worker);
  run.add([](Worker& on, Stream& from, Stream::ReadOutcome& how, std::string& into) -> Task<void> {
    into = co_await read_all(on, from, how, 4);
  }(worker, stream, end, got));
  REQUIRE(run());
  return got;
}

void offer_alpn(SSL_CTX* context, std::string_view protocols) {
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
}

}  // namespace

TEST_CASE("the server's name is verified: DNS names and addresses") {
  Worker worker(0);
  for (const char* name : {"localhost", "127.0.0.1"}) {
    CAPTURE(name);
    const auto outcome = shake_hands(worker, client_context(name), server_context());
    REQUIRE(outcome.client);
    CHECK(alpn_of(outcome.client->tls()) == "http/1.1");
    CHECK(SSL_version(outcome.client->tls()) == TLS1_3_VERSION);
  }
  for (const char* name : {"example.com", "127.0.0.2", "::1"}) {
    CAPTURE(name);
    const auto outcome = shake_hands(worker, client_context(name), server_context());
    CHECK_FALSE(outcome.client);
    CHECK_FALSE(outcome.server);
    CHECK(outcome.client_failure.error);
    const bool says_mismatch = outcome.client_failure.detail.find("mismatch") != std::string::npos;
    CHECK_MESSAGE(says_mismatch, outcome.client_failure.detail);
  }
}

TEST_CASE("a name goes out as SNI, an address does not") {
  Worker worker(0);
  const auto named = shake_hands(worker, client_context("localhost"), server_context());
  REQUIRE(named.server);
  CHECK(std::string(SSL_get_servername(named.server->tls(), TLSEXT_NAMETYPE_host_name)) ==
        "localhost");
  const auto addressed = shake_hands(worker, client_context("127.0.0.1"), server_context());
  REQUIRE(addressed.server);
  CHECK(SSL_get_servername(addressed.server->tls(), TLSEXT_NAMETYPE_host_name) == nullptr);
}

TEST_CASE("a server of another authority is refused") {
  Worker worker(0);
  CertificateSpec spec;
  spec.common_name = "localhost";
  spec.names = {"localhost"};
  spec.not_before = std::chrono::system_clock::now() - 1h;
  spec.not_after = spec.not_before + 24h;
  const auto stranger = issue_certificate(spec, nullptr);
  REQUIRE(stranger);
  auto server = TlsServerContext::make({{to_pem(stranger->certificate.get()), "s"},
                                        {to_pem(stranger->key.get()), "k"},
                                        true,
                                        nullptr});
  REQUIRE(server);
  const auto outcome = shake_hands(worker, client_context(), *server);
  CHECK_FALSE(outcome.client);
  CHECK(outcome.client_failure.detail.find("certificate verify failed") == 0);
  CHECK_FALSE(outcome.server);
}

TEST_CASE("a client's certificate is taken as it is, and its absence, too") {
  Worker worker(0);
  const TestPki& pki = test_pki();
  auto with = TlsClientContext::make({pki.ca, pki.client, pki.client_key, "localhost"});
  REQUIRE(with);
  auto outcome = shake_hands(worker, *with, server_context());
  REQUIRE(outcome.server);
  const X509* certificate = SSL_get0_peer_certificate(outcome.server->tls());
  REQUIRE(certificate != nullptr);
  char name[32];
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  CHECK(std::string(name) == "alice");

  CertificateSpec spec;  // signed by nobody that anybody knows, and over since yesterday
  spec.use = CertificateSpec::Use::kClient;
  spec.common_name = "mallory";
  spec.not_before = std::chrono::system_clock::now() - 72h;
  spec.not_after = spec.not_before + 24h;
  const auto stranger = issue_certificate(spec, nullptr);
  REQUIRE(stranger);
  auto bad = TlsClientContext::make({pki.ca,
                                     {to_pem(stranger->certificate.get()), "c"},
                                     {to_pem(stranger->key.get()), "k"},
                                     "localhost"});
  REQUIRE(bad);
  outcome = shake_hands(worker, *bad, server_context());
  REQUIRE(outcome.server);
  CHECK(SSL_get0_peer_certificate(outcome.server->tls()) != nullptr);

  outcome = shake_hands(worker, client_context(), server_context());
  REQUIRE(outcome.server);
  CHECK(SSL_get0_peer_certificate(outcome.server->tls()) == nullptr);
}

TEST_CASE("D84: ALPN is http/1.1 or fails; none is fine") {
  auto both = shake_hands_raw([](SSL_CTX* c) { offer_alpn(c, "\x02h2\x08http/1.1"); });
  CHECK_FALSE(both.client_error);
  CHECK(alpn_of(both.client->tls()) == "http/1.1");
  auto h2 = shake_hands_raw([](SSL_CTX* c) { offer_alpn(c, "\x02h2"); });
  CHECK(h2.client_error);
  CHECK_FALSE(h2.accepted.server);
  auto none = shake_hands_raw([](SSL_CTX*) {});
  CHECK_FALSE(none.client_error);
  CHECK(alpn_of(none.client->tls()).empty());
}

TEST_CASE("TLS 1.2 works, older versions and weak ciphers do not") {
  auto v12 = shake_hands_raw([](SSL_CTX* c) { SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION); });
  CHECK_FALSE(v12.client_error);
  auto v11 = shake_hands_raw([](SSL_CTX* c) {
    SSL_CTX_set_security_level(c, 0);
    SSL_CTX_set_min_proto_version(c, TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(c, TLS1_1_VERSION);
  });
  CHECK(v11.client_error);
  auto cbc = shake_hands_raw([](SSL_CTX* c) {
    SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(c, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA");
  });
  CHECK(cbc.client_error);
}

TEST_CASE("renegotiation is refused") {
  auto pair = shake_hands_raw([](SSL_CTX* c) { SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION); });
  REQUIRE(pair.accepted.server);
  SSL* client = pair.client->tls();
  REQUIRE(SSL_renegotiate(client) == 1);
  SSL_do_handshake(client);
  char byte = 0;
  pair.accepted.server->try_read({&byte, 1});
  CHECK(SSL_do_handshake(client) != 1);
  CHECK(SSL_total_renegotiations(pair.accepted.server->tls()) == 0);
}

TEST_CASE("key updates are taken, but not as many as somebody likes to send") {
  Worker worker(0);
  const auto send_updates = [](TlsStream& client, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      REQUIRE(SSL_key_update(client.tls(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
      REQUIRE(SSL_do_handshake(client.tls()) == 1);
    }
    REQUIRE(client.try_write("data") == 4);
  };
  Stream::ReadOutcome end;
  auto usual = shake_hands(worker, client_context(), server_context());
  REQUIRE(usual.server);
  send_updates(*usual.client, 10);
  CHECK(read_four(worker, *usual.server, end) == "data");

  auto flood = shake_hands(worker, client_context(), server_context());
  REQUIRE(flood.server);
  send_updates(*flood.client, 2 * TlsStream::kMaxMessages);
  CHECK(read_four(worker, *flood.server, end).empty());
  CHECK(end.status == Stream::ReadStatus::kError);
  CHECK(flood.server->try_write("answer") == 0);
}

TEST_CASE("sessions are resumed, also after the certificate was changed") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    Worker worker(0);
    const auto keys = std::make_shared<TicketKeys>();
    const auto client = client_context();
    const auto once = [&](const std::shared_ptr<const TlsServerContext>& server) {
      auto sockets = connected_sockets(worker);
      Outcome outcome;
      SslPtr ssl = client->new_session();
      SSL_set_max_proto_version(ssl.get(), version);
      outcome.client =
          std::make_unique<TlsStream>(std::move(sockets.first), std::move(ssl), client);
      error_code error;
      Run run(worker);
      run.add(do_handshake(*outcome.client, error));
      run.add(do_accept(worker, std::move(sockets.second), server, outcome));
      REQUIRE(run());
      REQUIRE_FALSE(error);
      char byte = 0;
      outcome.client->try_read({&byte, 1});  // TLS 1.3 sends the ticket after the handshake
      return SSL_session_reused(outcome.client->tls()) == 1;
    };
    CHECK(client->resumable() == 0);
    CHECK_FALSE(once(server_context(keys)));
    CHECK(client->resumable() == 1);
    CHECK(once(server_context(keys)));

    auto [certificate, key] = another_server();
    auto reloaded = TlsServerContext::make({certificate, key, true, keys});
    REQUIRE(reloaded);
    CHECK(once(*reloaded));
    CHECK_FALSE(once(server_context()));  // other keys: a full handshake, not an error
  }
}

TEST_CASE("a resumed session still shows the client's certificate; with intermediates none is") {
  Worker worker(0);
  const TestPki& pki = test_pki();
  const auto server = server_context();
  for (const bool intermediates : {false, true}) {
    CAPTURE(intermediates);
    Pem chain = pki.client;
    if (intermediates) chain.text += pki.ca.text;
    auto client = TlsClientContext::make({pki.ca, chain, pki.client_key, "localhost"});
    REQUIRE(client);
    for (const bool second : {false, true}) {
      auto outcome = shake_hands(worker, *client, server);
      REQUIRE(outcome.server);
      char byte = 0;
      outcome.client->try_read({&byte, 1});
      CHECK((SSL_session_reused(outcome.server->tls()) == 1) == (second && !intermediates));
      CHECK(SSL_get0_peer_certificate(outcome.server->tls()) != nullptr);
    }
  }
}

TEST_CASE("ticket keys rotate: the key before is still opened, older ones are not") {
  const auto start = TicketKeys::TimePoint() + 1000h;
  TicketKeys keys(start);
  const auto first = keys.current(start);
  REQUIRE(keys.find(first.name.data(), start + 11h));
  CHECK_FALSE(keys.find(first.name.data(), start + 11h)->renew);
  const auto old = keys.find(first.name.data(), start + 13h);
  REQUIRE(old);
  CHECK(old->renew);
  CHECK(old->key.aes == first.aes);
  const auto second = keys.current(start + 13h);
  CHECK(second.name != first.name);
  CHECK_FALSE(keys.find(first.name.data(), start + 26h));
  CHECK(keys.find(second.name.data(), start + 26h));
  CHECK_FALSE(keys.find(second.name.data(), start + 100h));  // nobody came for a day: both are old
}

TEST_CASE("a handshake that does not come ends at its deadline") {
  Worker worker(0);
  auto sockets = connected_sockets(worker);
  const auto accept_briefly = [](Worker& w, TcpSocket socket, TlsFailure& failure) -> Task<void> {
    auto made = co_await accept_tls(std::move(socket), server_context(), w.deadlines(), 50ms);
    CHECK_FALSE(made);
    if (!made) failure = made.error();
  };
  TlsFailure failure;
  Run run(worker);
  run.add(accept_briefly(worker, std::move(sockets.second), failure));
  REQUIRE(run());
  CHECK(failure.error == asio::error::timed_out);
}

TEST_CASE("garbage instead of a handshake is an error") {
  Worker worker(0);
  auto sockets = connected_sockets(worker);
  TcpStream garbage(std::move(sockets.first));
  REQUIRE(garbage.try_write("GET / HTTP/1.1\r\nHost: x\r\n\r\n") > 0);
  Outcome outcome;
  Run run(worker);
  run.add(do_accept(worker, std::move(sockets.second), server_context(), outcome));
  REQUIRE(run());
  CHECK_FALSE(outcome.server);
  CHECK(outcome.server_failure.error);
  CHECK_FALSE(outcome.server_failure.detail.empty());
}

TEST_CASE("what does not fit is an error with its origin") {
  const TestPki& pki = test_pki();
  const auto server_error = [](Pem certificate, Pem key) {
    auto made = TlsServerContext::make({std::move(certificate), std::move(key), true, nullptr});
    REQUIRE_FALSE(made);
    return made.error();
  };
  CHECK(server_error({"", "cert.pem"}, pki.server_key) == "cert.pem: holds no PEM certificate");
  CHECK(server_error(pki.server, {"nonsense", "key.pem"}) ==
        "key.pem: holds no usable PEM private key");
  CHECK(server_error(pki.server, pki.client_key).find("client.key: does not fit the certificate") ==
        0);
  const std::string broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  CHECK(server_error({broken, "cert.pem"}, pki.server_key).find("cert.pem: broken certificate") ==
        0);
  CHECK(server_error({pki.server.text + broken, "cert.pem"}, pki.server_key).find("cert.pem: ") ==
        0);
  const std::string locked =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHj\n-----END ENCRYPTED PRIVATE KEY-----\n";
  CHECK(
      server_error(pki.server, {locked, "key.pem"}).find("key.pem: the private key is encrypted") ==
      0);

  auto client = TlsClientContext::make({{"x", "ca.pem"}, {}, {}, "localhost"});
  REQUIRE_FALSE(client);
  CHECK(client.error() == "ca.pem: holds no PEM certificate");
  client = TlsClientContext::make({pki.ca, pki.client, pki.server_key, "localhost"});
  REQUIRE_FALSE(client);
  CHECK(client.error().find("server.key: does not fit") == 0);
  CHECK_FALSE(TlsClientContext::make({pki.ca, {}, {}, ""}));
  CHECK_FALSE(read_pem_file("/nonexistent/file"));
}
