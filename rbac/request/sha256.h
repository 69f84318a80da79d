#pragma once

#include <string>
#include <string_view>

namespace postern::rbac::request {

/// SHA-256 (FIPS 180-4) of the bytes, as 64 lower-case hexadecimal digits. rbac/ links no OpenSSL,
/// and what reviewers approve has to be named by something that nobody can collide.
std::string sha256_hex(std::string_view bytes);

}  // namespace postern::rbac::request
