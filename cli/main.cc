#include "cli/command_line.h"
#include "proxy/server.h"

#include <cstdlib>
#include <exception>
#include <iostream>

namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const postern::cli::Surroundings surroundings{
        std::cout, std::cerr, environment("HOME"), environment("KUBECONFIG"),
        [](const postern::proxy::ProxyConfiguration& configuration) {
          return postern::proxy::run_proxy(configuration);
        }};
    return postern::cli::run({argv + 1, argv + argc}, surroundings);
  } catch (const std::exception& bug) {
    std::cerr << "error: " << bug.what() << "\n";
    return postern::cli::kFailed;
  }
}
