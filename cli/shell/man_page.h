#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace postern::cli {

/// The manual page postern(1) in roff, from what the commands say of themselves.
std::string man_page(const CLI::App& program);

}  // namespace postern::cli
