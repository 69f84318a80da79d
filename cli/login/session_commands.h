#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <string>

namespace postern::cli {

/// `postern logout`: ends the session and forgets its token; with `all`, at every proxy. What is
/// known of the proxy itself stays, so that the next login needs no pin.
Outcome<void> run_logout(bool all, const Context& context);

/// `postern status`: who, where, until when, with which requests. A failure when nobody is logged
/// in. `output`: "", json or yaml.
Outcome<void> run_status(const std::string& output, const Context& context);

}  // namespace postern::cli
