#pragma once

#include "proxy/config.h"

namespace postern::proxy {

/// Reads everything that a start would read (roles, users, tokens, CAs, certificates, kubeconfigs
/// and what they name), keeps and makes nothing, and connects to nobody. All errors at once, in the
/// order of the configuration's keys.
ConfigErrors check_files(const ProxyConfiguration& configuration);

/// What is allowed but hardly meant: e.g. no authenticator at all. Sentences.
std::vector<std::string> configuration_warnings(const ProxyConfiguration& configuration);

}  // namespace postern::proxy
