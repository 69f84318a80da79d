#pragma once

#include "cli/context.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace postern::cli {

/// Something that may be typed.
struct Candidate {
  std::string value;
  std::string description;
};

/// Values of an option: those that it is limited to, or names that the proxy or the profiles have.
std::vector<Candidate> option_candidates(const CLI::Option& option, const Context& context);
/// Whether the option's value is a file.
bool takes_file(const CLI::Option& option);

/// Words of a command ("request show") behind those that are there already.
std::vector<Candidate> word_candidates(const std::string& command,
                                       const std::vector<std::string>& words,
                                       const std::string& current, const Context& context);

}  // namespace postern::cli
