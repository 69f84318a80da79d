#pragma once

#include "proxy/config.h"

#include <chrono>
#include <string>
#include <vector>

namespace postern::proxy {

/// What is to be said of the certificates and secrets that a configuration names, or has in
/// dataDir, though a start takes them: certificates that have ended or have not begun, and secrets
/// that everybody on this machine can read. Sentences that begin with the key. What cannot be read
/// is left out: check_files() tells of it.
std::vector<std::string> credential_warnings(const ProxyConfiguration& configuration,
                                             std::chrono::system_clock::time_point now);

}  // namespace postern::proxy
