#pragma once

#include "proxy/authn/authenticator.h"
#include "proxy/authn/identity.h"
#include "proxy/config_error.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <openssl/x509.h>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

/// x509 client certificates: the common name is the user, the organizations are the groups, as in
/// kube-apiserver (pkg/authentication/request/x509).
///
/// The handshake takes any certificate whose key the client has (TlsServerContext); what it is
/// worth is decided here, for each request, against the bundle of today. Immutable; safe from any
/// thread, one connection at a time.
class ClientCA : public ConnectionAuthenticator {
 public:
  /// Reads a PEM bundle. Errors: no certificate, one that cannot be parsed, one that is no CA.
  /// `kube_cluster`: the cluster whose own CA it is, the only one where the names count; "": a CA
  /// of postern's.
  static Loaded<std::shared_ptr<const ClientCA>> parse(const std::string& file,
                                                       std::string_view pem,
                                                       const NamePrefix& prefix,
                                                       const std::string& kube_cluster = "");
  /// Reads the file, at most 1 MiB.
  static Loaded<std::shared_ptr<const ClientCA>> load(const std::string& file,
                                                      const NamePrefix& prefix);
  ~ClientCA() override;
  ClientCA(const ClientCA&) = delete;
  ClientCA& operator=(const ClientCA&) = delete;

  AuthenticatorKind kind() const override {
    return kube_cluster_.empty() ? AuthenticatorKind::kX509 : AuthenticatorKind::kClusterX509;
  }

  /// Verifies the peer's chain: up to a certificate of the bundle, the purpose TLS client, every
  /// certificate valid at `now`, keys and signatures of at least 112 bits. Refused too: no common
  /// name or several, names with NUL or other control characters. No opinion without a certificate.
  ///
  /// The outcome is kept with `tls` until the first certificate of the chain ends, or for ten
  /// seconds when it was refused.
  Identity authenticate_connection(SSL* tls,
                                   std::chrono::system_clock::time_point now) const override;

  /// The certificate of the bundle that the chain leads up to.
  std::string basis_of_connection(SSL* tls,
                                  std::chrono::system_clock::time_point now) const override;
  bool still_vouches(std::string_view basis) const override;

  /// What verify() tells beside the identity.
  struct Verified {
    std::chrono::system_clock::time_point valid_until;  ///< until then the outcome holds
    std::string basis;                                  ///< authority_basis(); "" when refused
  };
  /// As above without the memory: `chain` holds the intermediates, it may be nullptr.
  Identity verify(X509* leaf, STACK_OF(X509) * chain, std::chrono::system_clock::time_point now,
                  Verified* verified = nullptr) const;

  /// When the first certificate of the bundle ends.
  std::chrono::system_clock::time_point earliest_end() const { return earliest_end_; }
  /// How many certificates the bundle has.
  std::size_t size() const { return size_; }

 private:
  ClientCA(const NamePrefix& prefix, std::string kube_cluster);
  void add(X509* certificate);  ///< takes a reference
  std::string basis_of(X509* authority) const;

  NamePrefix prefix_;
  std::string kube_cluster_;
  std::uint64_t id_;  ///< never used again: tells which bundle a kept outcome came from
  X509_STORE* store_;
  std::size_t size_ = 0;
  std::vector<std::string> bases_;  ///< of the certificates of the bundle
  std::chrono::system_clock::time_point earliest_end_;
};

}  // namespace postern::proxy
