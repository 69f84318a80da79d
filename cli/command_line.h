#pragma once

#include "cli/failure.h"
#include "cli/surroundings.h"

#include <string>
#include <vector>

namespace postern::cli {

/// `postern ARGUMENTS…`, without the program's name. Gives the exit code; never throws for what
/// people type.
int run(const std::vector<std::string>& arguments, const Surroundings& surroundings);

}  // namespace postern::cli
