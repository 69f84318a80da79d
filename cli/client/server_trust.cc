#include "cli/client/server_trust.h"

#include "kube/text.h"
#include "proxy/net/issue_certificate.h"
#include "proxy/net/openssl.h"

#include <algorithm>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace postern::cli {
namespace {

constexpr std::string_view kPrefix = "sha256:";
constexpr std::size_t kDigits = 64;

std::string hexadecimal(const unsigned char* bytes, std::size_t count) {
  std::string text(kPrefix);
  for (std::size_t i = 0; i < count; ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

std::string certificate_pin(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  return hexadecimal(digest, size);
}

ShownCertificate describe(X509* certificate) {
  return {proxy::to_pem(certificate), proxy::public_key_pin(certificate),
          certificate_pin(certificate), X509_check_ca(certificate) != 0};
}

/// The certificates of a chain, the server's own first; borrowed.
std::vector<X509*> chain_of(X509_STORE_CTX* store) {
  std::vector<X509*> chain;
  X509* const own = X509_STORE_CTX_get0_cert(store);
  if (own != nullptr) chain.push_back(own);
  const STACK_OF(X509)* const others = X509_STORE_CTX_get0_untrusted(store);
  for (int i = 0; i < sk_X509_num(others); ++i) {
    X509* const other = sk_X509_value(others, i);
    if (own == nullptr || X509_cmp(other, own) != 0) chain.push_back(other);
  }
  return chain;
}

bool bears(const ShownCertificate& certificate, const std::string& pin) {
  return certificate.key_pin == pin || certificate.certificate_pin == pin;
}

}  // namespace

Outcome<std::string> parse_pin(std::string_view text) {
  std::string pin = kube::ascii_lower(text);
  const bool good = pin.starts_with(kPrefix) && pin.size() == kPrefix.size() + kDigits &&
                    pin.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string::npos;
  if (good) return pin;
  return wrong_usage("\"" + std::string(text) +
                     "\" is no pin: it is sha256: and 64 hexadecimal digits");
}

void TrustCheck::install(SSL_CTX* context) {
  SSL_CTX_set_cert_verify_callback(context, &TrustCheck::verify, this);
}

const ShownCertificate* TrustCheck::pinned() const {
  const auto found =
      std::find_if(shown_.begin(), shown_.end(),
                   [this](const ShownCertificate& shown) { return bears(shown, pin_); });
  return pin_.empty() || found == shown_.end() ? nullptr : &*found;
}

int TrustCheck::verify(X509_STORE_CTX* store, void* self) {
  return static_cast<TrustCheck*>(self)->check(store);
}

int TrustCheck::check(X509_STORE_CTX* store) {
  shown_.clear();
  problem_.clear();
  for (X509* const certificate : chain_of(store)) shown_.push_back(describe(certificate));
  const int good = pin_.empty() ? X509_verify_cert(store) : check_pin(store);
  if (good != 1 && problem_.empty()) {
    problem_ = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
  }
  return good == 1 ? 1 : 0;
}

int TrustCheck::check_pin(X509_STORE_CTX* store) {
  const auto chain = chain_of(store);
  const auto found = std::find_if(chain.begin(), chain.end(), [this](X509* certificate) {
    return bears(describe(certificate), pin_);
  });
  if (found == chain.end()) {
    problem_ = "no certificate that it shows has the pin " + pin_;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
  }
  STACK_OF(X509)* const trusted = sk_X509_new_null();
  sk_X509_push(trusted, *found);  // borrowed: the chain outlives the check
  X509_STORE_CTX_set0_trusted_stack(store, trusted);
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(store), X509_V_FLAG_PARTIAL_CHAIN);
  const int good = X509_verify_cert(store);
  X509_STORE_CTX_set0_trusted_stack(store, nullptr);
  sk_X509_free(trusted);
  return good;
}

std::string pin_to_hand_out(const std::vector<ShownCertificate>& shown) {
  const auto highest =
      std::find_if(shown.rbegin(), shown.rend(),
                   [](const ShownCertificate& certificate) { return certificate.is_authority; });
  if (highest != shown.rend()) return highest->key_pin;
  return shown.empty() ? "" : shown.front().key_pin;
}

}  // namespace postern::cli
