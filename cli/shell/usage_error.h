#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace postern::cli {

/// What to tell about words that CLI11 could not parse, in lines: what is wrong, what was probably
/// meant, and where the help is.
///
///     there is no command "requst"; did you mean "request"?
///     see: postern help
///
/// "" where nothing is wrong but that a command is missing: its help says more then.
std::string usage_error(const CLI::App& program, const std::vector<std::string>& words,
                        const CLI::ParseError& error);

/// The help of the innermost command that was parsed, the program's if none was.
std::string help_of_innermost(const CLI::App& program);

/// The one of `known` that differs from `word` by a letter or two; "" where none does.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace postern::cli
