#pragma once

#include <string>
#include <string_view>

namespace postern::proxy::access {

/// 160 random bits as 32 lower-case letters and digits (base32, RFC 4648 §6 in lower case), from
/// the operating system's generator. Throws std::runtime_error when that fails.
std::string random_secret();

/// Whether a text has the form of random_secret().
bool is_secret(std::string_view text);

/// SHA-256 of a token as 64 lower-case hexadecimal digits: what is kept in its place. A plain
/// digest is enough, since nobody can try 2^160 secrets. Throws std::runtime_error when the library
/// fails.
std::string token_digest(std::string_view token);

/// Whether two digests are the same, in a time that does not tell where they differ.
bool same_digest(std::string_view a, std::string_view b);

}  // namespace postern::proxy::access
