#pragma once

#include "proxy/config.h"

namespace postern::proxy {

/// What a start would not be able to write to or listen on: dataDir, the database and the keys in
/// it, the audit log, and addresses that this machine does not have. Makes nothing, also no folder;
/// whether a port is taken is not asked, because that may be by the postern that is to be
/// restarted.
///
/// Errors name the configuration's file and key.
ConfigErrors check_places(const ProxyConfiguration& configuration);

}  // namespace postern::proxy
