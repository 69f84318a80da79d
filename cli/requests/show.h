#pragma once

#include "cli/client/access_client.h"
#include "cli/context.h"

namespace postern::cli {

/// Everything that a reviewer ought to know of a request, on standard output: what it would give in
/// words and rules, what it matches now, who said what, and whether the reader may review it.
void show_request(AccessClient& api, const Json& request, const Context& context);

}  // namespace postern::cli
