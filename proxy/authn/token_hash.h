#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::proxy {

/// The SHA-256 of a token: what tokens are kept and looked up by, so that the time of a lookup
/// tells nothing about them and a memory dump does not hold them.
using TokenHash = std::array<std::uint8_t, 32>;

TokenHash hash_token(std::string_view token);

/// For unordered containers: a digest's first bytes are as good a hash as any.
struct TokenHashHash {
  std::size_t operator()(const TokenHash& hash) const noexcept;
};

}  // namespace postern::proxy
