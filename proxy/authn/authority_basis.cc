#include "proxy/authn/authority_basis.h"

#include "proxy/authn/token_hash.h"
#include "proxy/crypto/base64url.h"

#include <openssl/crypto.h>
#include <openssl/x509.h>

// Tested by tests/proxy/authn/client_ca_test.cc
namespace postern::proxy {
namespace {

/// An OpenSSL structure in DER; "" for what has none.
template <typename Structure>
std::string der_of(int (*encode)(const Structure*, unsigned char**), const Structure* structure) {
  unsigned char* bytes = nullptr;
  const int length = encode(structure, &bytes);
  std::string der(reinterpret_cast<const char*>(bytes), length > 0 ? std::size_t(length) : 0);
  OPENSSL_free(bytes);
  return der;
}

}  // namespace

std::string authority_basis(std::string_view whose, X509* authority) {
  const std::string name = der_of<X509_NAME>(&i2d_X509_NAME, X509_get_subject_name(authority));
  const std::string key = der_of<X509_PUBKEY>(&i2d_X509_PUBKEY, X509_get_X509_PUBKEY(authority));
  std::string digest;
  for (const std::uint8_t byte : hash_token(name + key)) digest += static_cast<char>(byte);
  std::string text(kAuthorityBasis);
  return text.append(whose).append(":").append(base64url_encode(digest));
}

}  // namespace postern::proxy
