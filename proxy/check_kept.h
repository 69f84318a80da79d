#pragma once

#include "proxy/check_config.h"

namespace postern::proxy {

/// Looks at what earlier starts have left in dataDir: the database, the master key, the authority
/// of postern's own making. Errors are what a start would end with. That another process has the
/// database is a warning: one asks before a restart, when the proxy runs.
///
/// Reads only, also beside a running proxy; makes and changes nothing.
FileFindings check_kept(const ProxyConfiguration& configuration);

}  // namespace postern::proxy
