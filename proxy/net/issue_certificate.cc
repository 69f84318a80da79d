#include "proxy/net/issue_certificate.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <ctime>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

namespace postern::proxy {

namespace {

using BignumPtr = std::unique_ptr<BIGNUM, OpenSslFree<BN_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpenSslFree<X509_EXTENSION_free>>;

bool is_address(const std::string& name) {
  boost::system::error_code error;
  boost::asio::ip::make_address(name, error);
  return !error;
}

bool is_dns_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '*';
  });
}

bool set_random_serial(X509* certificate) {
  const BignumPtr serial(BN_new());
  return serial && BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_times(X509* certificate, const CertificateSpec& spec) {
  using Clock = std::chrono::system_clock;
  return ASN1_TIME_set(X509_getm_notBefore(certificate), Clock::to_time_t(spec.not_before)) &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), Clock::to_time_t(spec.not_after));
}

bool add_name_entry(X509_NAME* subject, const char* key, const std::string& value) {
  return X509_NAME_add_entry_by_txt(subject, key, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool set_subject(X509* certificate, const CertificateSpec& spec) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (const std::string& organization : spec.organizations) {
    if (!add_name_entry(subject, "O", organization)) return false;
  }
  return add_name_entry(subject, "CN", spec.common_name);
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ',';
    text += (is_address(name) ? "IP:" : "DNS:") + name;
  }
  return text;
}

bool add_extensions(X509* certificate, X509* issuer, const CertificateSpec& spec) {
  const bool authority = spec.use == CertificateSpec::Use::kAuthority;
  const auto add = [&](int nid, const std::string& value) {
    return add_extension(certificate, issuer, nid, value);
  };
  if (!add(NID_basic_constraints, authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") ||
      !add(NID_key_usage,
           authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") ||
      !add(NID_subject_key_identifier, "hash"))
    return false;
  if (issuer != certificate && !add(NID_authority_key_identifier, "keyid")) return false;
  if (!authority && !add(NID_ext_key_usage,
                         spec.use == CertificateSpec::Use::kServer ? "serverAuth" : "clientAuth"))
    return false;
  return spec.names.empty() || add(NID_subject_alt_name, alternative_names(spec.names));
}

bool fill_and_sign(const KeyedCertificate& made, const CertificateSpec& spec,
                   const KeyedCertificate& issuer) {
  X509* certificate = made.certificate.get();
  return X509_set_version(certificate, X509_VERSION_3) == 1 && set_random_serial(certificate) &&
         set_times(certificate, spec) && set_subject(certificate, spec) &&
         X509_set_issuer_name(certificate, X509_get_subject_name(issuer.certificate.get())) == 1 &&
         X509_set_pubkey(certificate, made.key.get()) == 1 &&
         add_extensions(certificate, issuer.certificate.get(), spec) &&
         X509_sign(certificate, issuer.key.get(), EVP_sha256()) > 0;
}

std::string take_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::chrono::system_clock::time_point to_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

}  // namespace

tl::expected<KeyedCertificate, std::string> issue_certificate(const CertificateSpec& spec,
                                                              const KeyedCertificate* issuer) {
  for (const std::string& name : spec.names) {
    if (!is_address(name) && !is_dns_name(name))
      return tl::unexpected("\"" + name + "\" is neither a DNS name nor an IP address");
  }
  ERR_clear_error();
  KeyedCertificate made{X509Ptr(X509_new()), EvpPkeyPtr(EVP_EC_gen("P-256"))};
  if (!made.certificate || !made.key || !fill_and_sign(made, spec, issuer ? *issuer : made))
    return tl::unexpected("a certificate cannot be made: " + take_openssl_error());
  return made;
}

std::string to_pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return take_text(bio.get());
}

std::string to_pem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return take_text(bio.get());
}

std::string public_key_pin(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(der, static_cast<std::size_t>(size), digest.data());
  OPENSSL_free(der);
  std::string pin = "sha256:";
  for (const unsigned char byte : digest) {
    pin += "0123456789abcdef"[byte >> 4];
    pin += "0123456789abcdef"[byte & 15];
  }
  return pin;
}

std::chrono::system_clock::time_point not_before_of(const X509* certificate) {
  return to_time(X509_get0_notBefore(certificate));
}

std::chrono::system_clock::time_point not_after_of(const X509* certificate) {
  return to_time(X509_get0_notAfter(certificate));
}

bool is_certificate_for(X509* certificate, const std::string& name) {
  return is_address(name)
             ? X509_check_ip_asc(certificate, name.c_str(), 0) == 1
             : X509_check_host(certificate, name.c_str(), name.size(), 0, nullptr) == 1;
}

}  // namespace postern::proxy
