#pragma once

#include "proxy/net/openssl.h"

#include <chrono>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// Certificates made on the spot.
namespace postern::proxy::testing {

struct CertificateSpec {
  /// (short name, value), e.g. {"CN", "alice"}; in this order.
  std::vector<std::pair<std::string, std::string>> subject;
  bool ca = false;
  std::string extended_key_usage = "clientAuth";  ///< "": none
  std::chrono::seconds begins{-3600};             ///< from now
  std::chrono::seconds ends{3600};
};

struct MadeCertificate {
  X509Ptr certificate;
  EvpPkeyPtr key;
};

inline void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) throw std::runtime_error("bad extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// A certificate signed by `issuer`, or by itself. Keys are P-256.
inline MadeCertificate make_certificate(const CertificateSpec& spec,
                                        const MadeCertificate* issuer = nullptr) {
  static long serial = 0;
  MadeCertificate made{X509Ptr(X509_new()), EvpPkeyPtr(EVP_EC_gen("P-256"))};
  X509* const certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), spec.begins.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate), spec.ends.count());
  X509_set_pubkey(certificate, made.key.get());
  for (const auto& [name, value] : spec.subject) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), name.c_str(), MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.data()),
                               static_cast<int>(value.size()), -1, 0);
  }
  X509* const signer = issuer != nullptr ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  add_extension(certificate, signer, NID_basic_constraints,
                spec.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (spec.ca) add_extension(certificate, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate, signer, NID_subject_key_identifier, "hash");
  if (!spec.ca && !spec.extended_key_usage.empty()) {
    add_extension(certificate, signer, NID_ext_key_usage, spec.extended_key_usage);
  }
  EVP_PKEY* const key = issuer != nullptr ? issuer->key.get() : made.key.get();
  if (X509_sign(certificate, key, EVP_sha256()) == 0) throw std::runtime_error("cannot sign");
  return made;
}

inline std::string to_pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

inline std::string to_pem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

}  // namespace postern::proxy::testing
