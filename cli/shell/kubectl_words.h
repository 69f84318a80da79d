#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace postern::cli {

/// The arguments with a `--` in front of what is kubectl's own behind `postern kubectl`, so that
/// nothing of it is taken for an option of ours: everything from the first word on that is none of
/// the command's own options. Unchanged for other commands.
std::vector<std::string> with_kubectl_words_apart(const CLI::App& program,
                                                  const std::vector<std::string>& arguments);

/// The option of a command, or of one above it, that a word like `--name` or `-n` is; nullptr when
/// it is none.
const CLI::Option* find_option(const CLI::App& command, const std::string& word);

}  // namespace postern::cli
