#pragma once

#include "proxy/config.h"

#include <string>
#include <vector>

namespace postern::proxy {

/// What a start would not be able to write to or listen on: dataDir, the database and the keys in
/// it, the audit log, addresses that this machine does not have, and ports that this user may not
/// have. Makes nothing, also no folder. That a port is taken is no error, because it may be by the
/// postern that is to be restarted.
///
/// Errors name the configuration's file and key.
ConfigErrors check_places(const ProxyConfiguration& configuration);

/// Ports that are taken at the moment, as sentences that begin with the key.
std::vector<std::string> taken_ports(const ProxyConfiguration& configuration);

}  // namespace postern::proxy
