#include "proxy/authn/client_ca.h"

#include "kube/text.h"
#include "proxy/authn/authority_basis.h"
#include "proxy/authn/certificate_names.h"
#include "proxy/net/pem.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <utility>

namespace postern::proxy {
namespace {

using SystemTime = std::chrono::system_clock::time_point;

constexpr std::chrono::seconds kRefusalMemory{10};
/// Bits of security of keys and signatures, as OpenSSL's security level 2.
constexpr int kAuthLevel = 2;

/// What was found out about a connection's certificate, kept with its SSL.
struct KeptOutcome {
  std::uint64_t authenticator;
  SystemTime valid_until;
  Identity identity;
  std::string basis;  ///< authority_basis() of who vouches
};

void free_outcome(void*, void* outcome, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<KeptOutcome*>(outcome);
}

/// The slots of SSL's own extra data in which outcomes are kept: one for postern's CA and one for a
/// cluster's, which may both be asked about a connection.
int outcome_slot(AuthenticatorKind kind) {
  static const int own = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_outcome);
  static const int of_cluster = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_outcome);
  return kind == AuthenticatorKind::kClusterX509 ? of_cluster : own;
}

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

struct StoreContextFree {
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
};
using StoreContext = std::unique_ptr<X509_STORE_CTX, StoreContextFree>;

/// pem.h's sentence begins with the file's name, ConfigError says it by itself.
ConfigErrors pem_errors(const std::string& file, std::string sentence) {
  if (sentence.starts_with(file + ": ")) sentence.erase(0, file.size() + 2);
  return {{file, 0, 0, "", std::move(sentence)}};
}

SystemTime earliest_end_of(STACK_OF(X509) * chain) {
  SystemTime earliest = SystemTime::max();
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    earliest = std::min(earliest, certificate_end(sk_X509_value(chain, i)));
  }
  return earliest;
}

}  // namespace

ClientCA::ClientCA(const NamePrefix& prefix, std::string kube_cluster)
    : prefix_(prefix),
      kube_cluster_(std::move(kube_cluster)),
      id_(next_id()),
      store_(X509_STORE_new()),
      earliest_end_(SystemTime::max()) {
  if (store_ == nullptr) throw std::bad_alloc();
  X509_VERIFY_PARAM* const parameters = X509_STORE_get0_param(store_);
  // Every certificate of the bundle is trusted, intermediates too, as in Go's verification.
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM_set_auth_level(parameters, kAuthLevel);
}

ClientCA::~ClientCA() {
  X509_STORE_free(store_);
}

void ClientCA::add(X509* certificate) {
  if (X509_STORE_add_cert(store_, certificate) != 1) throw std::bad_alloc();
  ++size_;
  bases_.push_back(basis_of(certificate));
  earliest_end_ = std::min(earliest_end_, certificate_end(certificate));
}

Loaded<std::shared_ptr<const ClientCA>> ClientCA::parse(const std::string& file,
                                                        std::string_view pem,
                                                        const NamePrefix& prefix,
                                                        const std::string& kube_cluster) {
  const std::shared_ptr<ClientCA> made(new ClientCA(prefix, kube_cluster));
  auto certificates = parse_certificates(Pem{std::string(pem), file});
  if (!certificates) return tl::unexpected(pem_errors(file, std::move(certificates.error())));
  ConfigErrors errors;
  std::size_t number = 0;
  for (const X509Ptr& certificate : *certificates) {
    ++number;
    if (X509_check_ca(certificate.get()) == 0) {
      errors.push_back({file, 0, 0, "",
                        "certificate " + std::to_string(number) + " (" +
                            subject_text(certificate.get()) + ") is not a CA's"});
    } else {
      made->add(certificate.get());
    }
  }
  ERR_clear_error();
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return std::shared_ptr<const ClientCA>(made);
}

Loaded<std::shared_ptr<const ClientCA>> ClientCA::load(const std::string& file,
                                                       const NamePrefix& prefix) {
  auto pem = read_pem_file(file);
  if (!pem) return tl::unexpected(pem_errors(file, std::move(pem.error())));
  return parse(file, pem->text, prefix);
}

Identity ClientCA::verify(X509* leaf, STACK_OF(X509) * chain, SystemTime now,
                          Verified* verified) const {
  if (verified != nullptr) *verified = {now + kRefusalMemory, ""};
  const StoreContext context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), store_, leaf, chain) != 1) {
    ERR_clear_error();
    return Refusal("the client certificate could not be verified");
  }
  X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(now));
  const bool valid = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (!valid || error != X509_V_OK) {
    return Refusal(std::string("the client certificate is refused: ") +
                   X509_verify_cert_error_string(error));
  }
  STACK_OF(X509)* const whole = X509_STORE_CTX_get0_chain(context.get());
  if (verified != nullptr) verified->valid_until = earliest_end_of(whole);
  auto proved = certificate_identity(leaf);
  if (!proved) return Refusal(std::move(proved.error()));
  auto user = finish_identity(std::move(*proved), prefix_);
  if (!user) return Refusal("the client certificate is refused: " + user.error());
  user->kube_cluster = kube_cluster_;
  if (verified != nullptr) verified->basis = basis_of(sk_X509_value(whole, sk_X509_num(whole) - 1));
  return std::move(*user);
}

Identity ClientCA::authenticate_connection(SSL* tls, SystemTime now) const {
  if (tls == nullptr) return std::nullopt;
  auto* const kept = static_cast<KeptOutcome*>(SSL_get_ex_data(tls, outcome_slot(kind())));
  if (kept != nullptr && kept->authenticator == id_ && now < kept->valid_until) {
    return kept->identity;
  }
  X509* const leaf = SSL_get0_peer_certificate(tls);
  if (leaf == nullptr) return std::nullopt;
  Verified verified;
  Identity identity = verify(leaf, SSL_get_peer_cert_chain(tls), now, &verified);
  auto outcome = std::make_unique<KeptOutcome>(
      KeptOutcome{id_, verified.valid_until, identity, std::move(verified.basis)});
  if (SSL_set_ex_data(tls, outcome_slot(kind()), outcome.get()) == 1) {
    outcome.release();
    delete kept;
  }
  return identity;
}

std::string ClientCA::basis_of(X509* authority) const {
  return authority_basis(kube_cluster_, authority);
}

std::string ClientCA::basis_of_connection(SSL* tls, SystemTime now) const {
  const Identity proved = authenticate_connection(tls, now);
  if (!proved || !*proved) return "";
  const auto* const kept =
      static_cast<const KeptOutcome*>(SSL_get_ex_data(tls, outcome_slot(kind())));
  return kept == nullptr ? std::string() : kept->basis;
}

bool ClientCA::still_vouches(std::string_view basis) const {
  return std::find(bases_.begin(), bases_.end(), basis) != bases_.end();
}

}  // namespace postern::proxy
