#pragma once

#include "kube/result.h"

#include <cstddef>
#include <string>
#include <string_view>

/// Passwords of local users, by scrypt (RFC 7914).
///
/// **Where to run.** hash_password() and check_password() take 50 to 100 ms of a core and 32 MiB
/// each, on purpose. They run neither on a serving worker nor on the access thread, but on a small
/// pool that the caller owns: one or two threads and a bounded queue, so that a flood of logins
/// costs neither memory nor other people's requests. Whoever does not fit gets 429. They keep no
/// state and are safe from any thread.
namespace postern::proxy::access {

inline constexpr std::size_t kMinPasswordCharacters = 8;
inline constexpr std::size_t kMaxPasswordBytes = 1024;

/// Why a text can be no new password of this user, a sentence without a full stop; "" when it can.
/// At least kMinPasswordCharacters code points, at most kMaxPasswordBytes, printable UTF-8, not one
/// character repeated, and not the user's name. Taken byte for byte: no normalization.
std::string password_fault(std::string_view password, std::string_view user);

/// `$scrypt$ln=15,r=8,p=1$SALT$HASH`, in the manner of the PHC string format: 16 bytes of salt and
/// 32 of hash, base64url without padding. 503 when there is no memory for it.
Result<std::string> hash_password(std::string_view password);

/// Whether the password is the one that was hashed. The comparison takes constant time. `stored`
/// "" is a user who is not there or has no password: false, after the same work. 500 for what
/// hash_password() did not write or costs more than this process is willing to spend, after the
/// same work; 503 as above.
Result<bool> check_password(std::string_view password, std::string_view stored);

/// Whether a hash was made with less than today's cost: worth another hash_password() when its
/// password was just proved.
bool is_outdated(std::string_view stored);

}  // namespace postern::proxy::access
