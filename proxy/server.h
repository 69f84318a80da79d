#pragma once

#include "proxy/config.h"

namespace postern::proxy {

/// Runs the proxy until SIGTERM or SIGINT and the drain after it; the composition root of
/// everything in proxy/.
///
/// Nothing is served before everything was read and fits: otherwise all errors go to the standard
/// error, and the result is 2; 0 after a drain. A second signal cuts the drain short. SIGHUP reads
/// every watched file again.
int run_proxy(const ProxyConfiguration& configuration);

}  // namespace postern::proxy
