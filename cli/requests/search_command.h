#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <string>
#include <vector>

namespace postern::cli {

/// `postern request search`.
struct SearchArguments {
  std::string kind;
  std::string cluster;
  std::string namespace_;
  bool all_namespaces = false;
  std::vector<std::string> words;
  std::vector<std::string> labels;  ///< KEY=VALUE
  std::size_t limit = 1000;         ///< 0: everything
  bool no_headers = false;
  std::string output = "table";
};

/// Lists what may be asked for, with resource IDs and the command that asks for all of it.
Outcome<void> run_search(const SearchArguments& arguments, const Context& context);

/// `postern request create --resource … --reason …`, quoted for a shell.
std::string create_command(const std::vector<std::string>& ids);

}  // namespace postern::cli
