#pragma once

#include "cli/failure.h"

#include <string>
#include <utility>
#include <vector>

namespace postern::cli {

/// Runs a program (found by PATH) with our standard streams and these variables besides the
/// environment's, and waits for it: its exit code, or 128 + the signal that ended it. SIGINT and
/// SIGQUIT, which a terminal sends to both, are the program's business alone; SIGTERM and SIGHUP
/// are passed on to it. 127 as in shells: a failure that names the program.
Outcome<int> run_program(const std::vector<std::string>& arguments,
                         const std::vector<std::pair<std::string, std::string>>& variables);

}  // namespace postern::cli
