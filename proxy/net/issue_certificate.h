#pragma once

#include "proxy/net/openssl.h"

#include <chrono>
#include <string>
#include <tl/expected.hpp>
#include <vector>

/// Making keys and certificates (X.509 v3, ECDSA P-256). No files, no clock.
namespace postern::proxy {
/// A certificate with its private key.
struct KeyedCertificate {
  X509Ptr certificate;
  EvpPkeyPtr key;
};
/// What is to be in a certificate.
struct CertificateSpec {
  enum class Use { kAuthority, kServer, kClient };
  Use use = Use::kServer;
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> names;  ///< DNS names and IP addresses: the subject alternative names
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;
};

/// Makes a key and a certificate for it, signed by `issuer` or, where that is nullptr, by itself.
/// The error is a sentence; a name that is neither a DNS name nor an address is one.
tl::expected<KeyedCertificate, std::string> issue_certificate(const CertificateSpec& spec,
                                                              const KeyedCertificate* issuer);

std::string to_pem(X509* certificate);
std::string to_pem(EVP_PKEY* key);

/// `sha256:` and the SHA-256 of the certificate's public key info in hex: what clients pin.
std::string public_key_pin(X509* certificate);

std::chrono::system_clock::time_point not_before_of(const X509* certificate);
std::chrono::system_clock::time_point not_after_of(const X509* certificate);
/// Whether the certificate is for this DNS name or IP address.
bool is_certificate_for(X509* certificate, const std::string& name);

}  // namespace postern::proxy
