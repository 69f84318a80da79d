#pragma once

#include <openssl/types.h>
#include <string>
#include <string_view>

namespace postern::proxy {

/// By which a session that was made with a certificate remembers who vouched for it: the
/// authority's name and key, so that a certificate of its own may be renewed. `whose` tells bundles
/// apart: the cluster whose CA it is, "" for postern's.
std::string authority_basis(std::string_view whose, X509* authority);

/// What authority_basis() begins with, and no basis_digest() of a token.
inline constexpr std::string_view kAuthorityBasis = "ca:";

}  // namespace postern::proxy
