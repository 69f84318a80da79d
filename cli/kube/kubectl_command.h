#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <string>
#include <vector>

namespace postern::cli {

/// `postern kubectl`.
struct KubectlArguments {
  std::vector<std::string> words;  ///< kubectl's own
  std::string cluster;
  std::string reason;
  std::string max_duration;
  std::string timeout;
  bool no_request = false;
};

/// Runs kubectl in a session of its own. When it fails because the proxy refused something, which
/// the proxy's record of that session tells and nothing that was printed: asks for a reason, files
/// a request for exactly what was refused, waits, assumes it in that session, and runs kubectl
/// again. kubectl's exit code.
Outcome<int> run_kubectl(const KubectlArguments& arguments, const Context& context);

}  // namespace postern::cli
