#pragma once

#include <cstdint>
#include <string>

namespace postern::proxy::access {

/// Ten lower-case letters and digits, the first one a letter: 2 × 10^15 of them. From the
/// operating system's generator; throws std::runtime_error when that fails.
std::string random_name();
/// A random UUID (RFC 9562, version 4).
std::string random_uid();
std::uint64_t random_number();

}  // namespace postern::proxy::access
