#include "proxy/access/kubernetes/seal.h"

#include "proxy/crypto/base64url.h"

#include <array>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>

// Tested by tests/proxy/access/kubernetes/seal_test.cc
namespace postern::proxy::access {
namespace {

/// Each field behind its length, so that no two states give the same bytes.
void add(std::string& bytes, std::string_view field) {
  const std::uint64_t size = field.size();
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes += static_cast<char>((size >> static_cast<unsigned>(shift)) & 0xFFU);
  }
  bytes += field;
}

std::string bytes_of(const SealedState& state) {
  std::string bytes;
  bytes.reserve(state.data.size() + state.name.size() + 256);
  add(bytes, "postern-store-1");
  add(bytes, state.kind);
  add(bytes, state.name);
  add(bytes, state.uid);
  add(bytes, std::to_string(state.generation));
  add(bytes, state.removed ? "removed" : "present");
  add(bytes, state.nonce);
  add(bytes, state.data);
  return bytes;
}

}  // namespace

std::string Sealer::seal(const SealedState& state) const {
  const std::string bytes = bytes_of(state);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const auto* const done = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                                reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                                digest.data(), &size);
  if (done == nullptr) throw std::runtime_error("OpenSSL failed: HMAC");
  return base64url_encode({reinterpret_cast<const char*>(digest.data()), size});
}

bool Sealer::fits(const SealedState& state, std::string_view seal_text) const {
  const std::string right = seal(state);
  return right.size() == seal_text.size() &&
         CRYPTO_memcmp(right.data(), seal_text.data(), right.size()) == 0;
}

}  // namespace postern::proxy::access
