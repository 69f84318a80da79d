#include "proxy/authn/client_ca.h"

#include "proxy/authn/authority_basis.h"
#include "tests/proxy/authn/certificates.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <string>
#include <vector>

namespace postern::proxy {
namespace {

using testing::CertificateSpec;
using testing::MadeCertificate;
using testing::make_certificate;
using testing::to_pem;
using Groups = std::vector<std::string>;
using std::chrono::system_clock;

CertificateSpec ca_spec(const std::string& name) {
  CertificateSpec spec;
  spec.subject = {{"CN", name}};
  spec.ca = true;
  return spec;
}

struct Authority {
  MadeCertificate root = make_certificate(ca_spec("root"));
  std::shared_ptr<const ClientCA> ca = load({});

  std::shared_ptr<const ClientCA> load(NamePrefix prefix) const {
    auto loaded = ClientCA::parse("ca.crt", to_pem(root.certificate.get()), prefix);
    REQUIRE(loaded);
    return *loaded;
  }
  MadeCertificate issue(const CertificateSpec& spec) const { return make_certificate(spec, &root); }
  Identity verify(const CertificateSpec& spec) const {
    return ca->verify(issue(spec).certificate.get(), nullptr, system_clock::now());
  }
};

CertificateSpec client(std::vector<std::pair<std::string, std::string>> subject) {
  CertificateSpec spec;
  spec.subject = std::move(subject);
  return spec;
}

TEST_CASE("common name and organizations are user and groups") {
  const Authority authority;
  const Identity identity =
      authority.verify(client({{"O", "ops"}, {"OU", "ignored"}, {"CN", "alice"}, {"O", "dev"}}));
  REQUIRE(identity);
  REQUIRE(*identity);
  CHECK((*identity)->name == "alice");
  CHECK((*identity)->groups == Groups{"ops", "dev", "system:authenticated"});
}

TEST_CASE("a cluster's own CA proves names that count at that cluster") {
  const Authority authority;
  auto loaded =
      ClientCA::parse("client-ca-file", to_pem(authority.root.certificate.get()), {}, "staging");
  REQUIRE(loaded);
  CHECK((*loaded)->kind() == AuthenticatorKind::kClusterX509);
  const Identity identity = (*loaded)->verify(
      authority.issue(client({{"CN", "alice"}})).certificate.get(), nullptr, system_clock::now());
  REQUIRE(identity);
  CHECK((*identity)->kube_cluster == "staging");
  CHECK((*authority.verify(client({{"CN", "alice"}})))->kube_cluster.empty());
}

TEST_CASE("system: names count as in kube-apiserver, unless there is a prefix") {
  const Authority authority;
  const CertificateSpec spec = client({{"O", "system:masters"}, {"CN", "system:admin"}});
  const Identity plain = authority.verify(spec);
  REQUIRE(plain);
  CHECK((*plain)->name == "system:admin");
  CHECK((*plain)->groups == Groups{"system:masters", "system:authenticated"});

  const auto prefixed = authority.load({"cert:", "cert:"});
  const Identity identity =
      prefixed->verify(authority.issue(spec).certificate.get(), nullptr, system_clock::now());
  REQUIRE(identity);
  CHECK((*identity)->name == "cert:system:admin");
  CHECK((*identity)->groups == Groups{"cert:system:masters", "system:authenticated"});
}

TEST_CASE("certificates that prove nobody") {
  const Authority authority;
  const auto refused = [&](const CertificateSpec& spec, const std::string& why) {
    CAPTURE(why);
    const Identity identity = authority.verify(spec);
    REQUIRE_FALSE(identity);
    CHECK(identity.error().find(why) != std::string::npos);
  };
  refused(client({{"O", "ops"}}), "no common name");
  refused(client({{"CN", "alice"}, {"CN", "root"}}), "several common names");
  refused(client({{"CN", std::string("alice\0root", 10)}}), "cannot be printed");
  refused(client({{"CN", "ali\nce"}}), "cannot be printed");
  refused(client({{"CN", " alice"}}), "spaces at its edges");
  refused(client({{"CN", "system:anonymous"}}), "system:anonymous");
  refused(client({{"CN", "alice"}, {"O", "op\x1b[0m"}}), "cannot be printed");

  CertificateSpec spec = client({{"CN", "alice"}});
  spec.begins = std::chrono::seconds(-7200);
  spec.ends = std::chrono::seconds(-3600);
  refused(spec, "expired");
  spec.begins = std::chrono::seconds(3600);
  spec.ends = std::chrono::seconds(7200);
  refused(spec, "not yet valid");
  spec = client({{"CN", "alice"}});
  spec.extended_key_usage = "serverAuth";
  refused(spec, "purpose");
}

TEST_CASE("without extended key usage, or with any: accepted as by Go") {
  const Authority authority;
  for (const char* usage : {"", "clientAuth,serverAuth"}) {
    CAPTURE(std::string(usage));
    CertificateSpec spec = client({{"CN", "alice"}});
    spec.extended_key_usage = usage;
    CHECK(authority.verify(spec));
  }
}

TEST_CASE("chains: other CAs, self-signed ones, intermediates") {
  const Authority authority;
  const Authority other;
  CHECK_FALSE(authority.ca->verify(other.issue(client({{"CN", "alice"}})).certificate.get(),
                                   nullptr, system_clock::now()));
  CHECK_FALSE(authority.ca->verify(make_certificate(client({{"CN", "alice"}})).certificate.get(),
                                   nullptr, system_clock::now()));

  const MadeCertificate middle = make_certificate(ca_spec("middle"), &authority.root);
  const MadeCertificate leaf = make_certificate(client({{"CN", "alice"}}), &middle);
  CHECK_FALSE(authority.ca->verify(leaf.certificate.get(), nullptr, system_clock::now()));
  STACK_OF(X509)* const chain = sk_X509_new_null();
  sk_X509_push(chain, middle.certificate.get());
  CHECK(authority.ca->verify(leaf.certificate.get(), chain, system_clock::now()));
  sk_X509_free(chain);

  // A certificate that is no CA's cannot sign another.
  const MadeCertificate alice = authority.issue(client({{"CN", "alice"}}));
  const MadeCertificate forged = make_certificate(client({{"CN", "root"}}), &alice);
  STACK_OF(X509)* const forged_chain = sk_X509_new_null();
  sk_X509_push(forged_chain, alice.certificate.get());
  CHECK_FALSE(authority.ca->verify(forged.certificate.get(), forged_chain, system_clock::now()));
  sk_X509_free(forged_chain);

  // An intermediate in the bundle is an anchor by itself.
  const auto anchored = ClientCA::parse("ca.crt", to_pem(middle.certificate.get()), {});
  REQUIRE(anchored);
  CHECK((*anchored)->verify(leaf.certificate.get(), nullptr, system_clock::now()));
}

TEST_CASE("weak keys are refused") {
  Authority authority;
  MadeCertificate weak = authority.issue(client({{"CN", "alice"}}));
  weak.key.reset(EVP_RSA_gen(1024));
  X509_set_pubkey(weak.certificate.get(), weak.key.get());
  X509_sign(weak.certificate.get(), authority.root.key.get(), EVP_sha256());
  const Identity identity =
      authority.ca->verify(weak.certificate.get(), nullptr, system_clock::now());
  REQUIRE_FALSE(identity);
  CHECK(identity.error().find("key too weak") != std::string::npos);
}

TEST_CASE("bad bundles") {
  const auto errors = [](const std::string& pem) {
    auto loaded = ClientCA::parse("ca.crt", pem, {});
    REQUIRE_FALSE(loaded);
    std::string text;
    for (const ConfigError& error : loaded.error()) text += error.to_string() + "\n";
    return text;
  };
  const MadeCertificate root = make_certificate(ca_spec("root"));
  const MadeCertificate leaf = make_certificate(client({{"CN", "alice"}, {"O", "ops"}}));
  CHECK(errors("") == "ca.crt: holds no PEM certificate\n");
  CHECK(errors(to_pem(root.certificate.get()) + to_pem(leaf.certificate.get())) ==
        "ca.crt: certificate 2 (O=ops,CN=alice) is not a CA's\n");
  std::string broken = to_pem(root.certificate.get());
  broken.replace(100, 8, "!!!!!!!!");
  CHECK(errors(broken).starts_with("ca.crt: "));
  CHECK_FALSE(ClientCA::load("/nonexistent/ca.crt", {}));

  const auto two = ClientCA::parse(
      "ca.crt", "# ours\n" + to_pem(root.certificate.get()) + to_pem(root.certificate.get()), {});
  REQUIRE(two);
  CHECK((*two)->size() == 2);
  CHECK((*two)->earliest_end() > system_clock::now() + std::chrono::minutes(59));
  CHECK((*two)->earliest_end() < system_clock::now() + std::chrono::minutes(61));
}

/// Two ends of a TLS connection in memory, after the handshake.
struct Handshake {
  SslCtxPtr client_context{SSL_CTX_new(TLS_client_method())};
  SslCtxPtr server_context{SSL_CTX_new(TLS_server_method())};
  SslPtr client;
  SslPtr server;

  Handshake(const MadeCertificate& server_side, const MadeCertificate* client_side) {
    SSL_CTX_use_certificate(server_context.get(), server_side.certificate.get());
    SSL_CTX_use_PrivateKey(server_context.get(), server_side.key.get());
    SSL_CTX_set_verify(server_context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(
        server_context.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
    if (client_side != nullptr) {
      SSL_CTX_use_certificate(client_context.get(), client_side->certificate.get());
      SSL_CTX_use_PrivateKey(client_context.get(), client_side->key.get());
    }
    client.reset(SSL_new(client_context.get()));
    server.reset(SSL_new(server_context.get()));
    BIO* client_end = nullptr;
    BIO* server_end = nullptr;
    BIO_new_bio_pair(&client_end, 0, &server_end, 0);
    SSL_set_bio(client.get(), client_end, client_end);
    SSL_set_bio(server.get(), server_end, server_end);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    for (int i = 0;
         i < 20 && !(SSL_is_init_finished(client.get()) && SSL_is_init_finished(server.get()));
         ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    REQUIRE(SSL_is_init_finished(server.get()));
  }
};

TEST_CASE("a connection's certificate is verified once, until something changes") {
  const Authority authority;
  const MadeCertificate server = make_certificate(client({{"CN", "server"}}));
  CertificateSpec spec = client({{"CN", "alice"}});
  spec.ends = std::chrono::seconds(600);
  const MadeCertificate alice = authority.issue(spec);
  const Handshake connection(server, &alice);
  const auto now = system_clock::now();

  const Identity first = authority.ca->authenticate_connection(connection.server.get(), now);
  REQUIRE(first);
  CHECK((*first)->name == "alice");
  CHECK(authority.ca->authenticate_connection(connection.server.get(), now));
  // The kept outcome ends with the certificate.
  CHECK_FALSE(authority.ca->authenticate_connection(connection.server.get(),
                                                    now + std::chrono::seconds(601)));
  // A refusal is looked at again; and a new bundle decides anew.
  CHECK(authority.ca->authenticate_connection(connection.server.get(),
                                              now + std::chrono::seconds(620)) ==
        tl::unexpected(std::string("the client certificate is refused: certificate has expired")));
  const Authority other;
  CHECK_FALSE(other.ca->authenticate_connection(connection.server.get(), now));
  const auto prefixed = authority.load({"x:", ""});
  CHECK((*prefixed->authenticate_connection(connection.server.get(), now))->name == "x:alice");
}

TEST_CASE("who vouched for a connection is remembered by name and key") {
  const Authority authority;
  const MadeCertificate server = make_certificate(client({{"CN", "server"}}));
  const MadeCertificate alice = authority.issue(client({{"CN", "alice"}}));
  const Handshake connection(server, &alice);
  SSL* const tls = connection.server.get();
  const std::string basis = authority.ca->basis_of_connection(tls, system_clock::now());
  CHECK(basis == authority_basis("", authority.root.certificate.get()));
  CHECK(authority.ca->still_vouches(basis));

  // A bundle of tomorrow: another prefix, another CA beside it, the same CA with a new certificate.
  CHECK(authority.load({"x:", ""})->still_vouches(basis));
  const Authority other;
  const std::string both =
      to_pem(other.root.certificate.get()) + to_pem(authority.root.certificate.get());
  CHECK((*ClientCA::parse("ca.pem", both, NamePrefix{}))->still_vouches(basis));
  X509Ptr renewed(X509_dup(authority.root.certificate.get()));
  X509_gmtime_adj(X509_getm_notAfter(renewed.get()), 86400);
  X509_sign(renewed.get(), authority.root.key.get(), EVP_sha256());
  CHECK((*ClientCA::parse("ca.pem", to_pem(renewed.get()), NamePrefix{}))->still_vouches(basis));

  // The same name with another key; another cluster's; nobody.
  CHECK_FALSE(other.ca->still_vouches(basis));
  CHECK(other.ca->basis_of_connection(tls, system_clock::now()).empty());
  const std::string pem = to_pem(authority.root.certificate.get());
  CHECK_FALSE((*ClientCA::parse("ca.pem", pem, NamePrefix{}, "staging"))->still_vouches(basis));
  CHECK_FALSE(authority.ca->still_vouches(""));
  CHECK_FALSE(authority.ca->still_vouches(kAuthorityBasis));
  const Handshake without(server, nullptr);
  CHECK(authority.ca->basis_of_connection(without.server.get(), system_clock::now()).empty());
}

TEST_CASE("no certificate, no TLS: no opinion") {
  const Authority authority;
  const MadeCertificate server = make_certificate(client({{"CN", "server"}}));
  const Handshake connection(server, nullptr);
  for (SSL* const tls : {connection.server.get(), static_cast<SSL*>(nullptr)}) {
    const Identity identity = authority.ca->authenticate_connection(tls, system_clock::now());
    REQUIRE(identity);
    CHECK_FALSE(*identity);
  }
}

}  // namespace
}  // namespace postern::proxy
