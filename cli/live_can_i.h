#pragma once

#include "cli/can_i_command.h"
#include "cli/context.h"
#include "cli/failure.h"

namespace postern::cli {

/// `postern auth can-i` without `--as`: asks the proxy about one's own session, what it has assumed
/// included (a SelfSubjectAccessReview). kDone for yes, kDenied for no.
Outcome<int> run_live_can_i(const CanIArguments& arguments, const Context& context);

}  // namespace postern::cli
