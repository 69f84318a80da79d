#include "proxy/access/logins/token_digest.h"

#include <algorithm>
#include <array>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdexcept>

namespace postern::proxy::access {

namespace {

constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kSecretSize = 32;  // 5 bits each

}  // namespace

std::string random_secret() {
  std::array<unsigned char, kSecretSize> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("the system gives no random bytes");
  }
  std::string secret;
  for (const unsigned char byte : bytes) {
    secret += kBase32[byte % kBase32.size()];  // 32 divides 256: no letter is likelier
  }
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return secret;
}

bool is_secret(std::string_view text) {
  return text.size() == kSecretSize && text.find_first_not_of(kBase32) == std::string_view::npos;
}

std::string token_digest(std::string_view token) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  if (SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data()) ==
      nullptr) {
    throw std::runtime_error("SHA-256 failed");
  }
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 0xf];
  }
  return hex;
}

bool same_digest(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace postern::proxy::access
