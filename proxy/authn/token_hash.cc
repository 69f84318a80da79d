#include "proxy/authn/token_hash.h"

#include <cstring>
#include <new>
#include <openssl/evp.h>
#include <stdexcept>

namespace postern::proxy {
namespace {

/// SHA-256 that is looked up once a thread. OpenSSL's one-shot functions look it up each time,
/// which takes far longer than hashing a token.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr) throw std::bad_alloc();
    check(EVP_DigestInit_ex(context_, EVP_sha256(), nullptr));
  }
  ~Sha256() { EVP_MD_CTX_free(context_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  TokenHash of(std::string_view text) {
    TokenHash hash{};
    check(EVP_DigestInit_ex(context_, nullptr, nullptr));
    check(EVP_DigestUpdate(context_, text.data(), text.size()));
    check(EVP_DigestFinal_ex(context_, hash.data(), nullptr));
    return hash;
  }

 private:
  static void check(int done) {
    if (done != 1) throw std::runtime_error("SHA-256 does not work");
  }
  EVP_MD_CTX* context_;
};

}  // namespace

TokenHash hash_token(std::string_view token) {
  thread_local Sha256 sha256;
  return sha256.of(token);
}

std::size_t TokenHashHash::operator()(const TokenHash& hash) const noexcept {
  std::size_t first = 0;
  std::memcpy(&first, hash.data(), sizeof(first));
  return first;
}

}  // namespace postern::proxy
