#include "proxy/authn/token_hash.h"

#include <cstring>
#include <openssl/sha.h>

namespace postern::proxy {

TokenHash hash_token(std::string_view token) {
  TokenHash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  return hash;
}

std::size_t TokenHashHash::operator()(const TokenHash& hash) const noexcept {
  std::size_t first = 0;
  std::memcpy(&first, hash.data(), sizeof(first));
  return first;
}

}  // namespace postern::proxy
