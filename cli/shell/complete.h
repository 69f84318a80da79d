#pragma once

#include "cli/context.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace postern::cli {

/// `postern __complete WORD… CURRENT`: what may stand in place of the last word, which may be
/// empty, in cobra's form (as kubectl wants it of `kubectl_complete-postern`): a candidate and,
/// behind a tab, its description in each line, and `:DIRECTIVE` at the end. Names of objects are
/// asked from the proxy, with little patience. Always kDone.
int complete(CLI::App& program, const std::vector<std::string>& words, const Context& context);

}  // namespace postern::cli
