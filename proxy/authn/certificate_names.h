#pragma once

#include "rbac/user_info.h"

#include <chrono>
#include <openssl/types.h>
#include <string>
#include <tl/expected.hpp>

/// Small readers of X.509 certificates.
namespace postern::proxy {

/// CN → name, each O → a group. An error for a subject with no common name or several, or with a
/// value that is not UTF-8 after conversion or has NUL in it.
tl::expected<rbac::UserInfo, std::string> certificate_identity(X509* certificate);

/// notAfter; the end of time for a date that the clock cannot hold.
std::chrono::system_clock::time_point certificate_end(const X509* certificate);

/// The subject for people, printable: `O=ops,CN=alice`.
std::string subject_text(const X509* certificate);

}  // namespace postern::proxy
