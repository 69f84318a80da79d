#include "cli/command_line.h"
#include "proxy/server.h"

#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <iostream>
#include <string_view>
#include <unistd.h>

namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Who closed standard input or output (`2>&-`) would have the next file that is opened take its
/// number, the database perhaps, and messages would be written into that.
void open_missing_descriptors() {
  int descriptor = -1;
  do {
    descriptor = ::open("/dev/null", O_RDWR);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor > STDERR_FILENO) ::close(descriptor);
}

/// The last part of argv[0].
std::string called_as(const char* path) {
  const std::string_view text = path == nullptr ? "" : path;
  return std::string(text.substr(text.rfind('/') + 1));
}

/// A standard stream that is closed would be the next file or connection that is opened, and what
/// is printed would go there.
void fill_standard_streams() {
  int opened = ::open("/dev/null", O_RDWR);
  while (opened >= STDIN_FILENO && opened <= STDERR_FILENO) opened = ::open("/dev/null", O_RDWR);
  if (opened >= 0) ::close(opened);
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_descriptors();
  using postern::cli::kFailed;
  fill_standard_streams();
  try {
    const postern::cli::Surroundings surroundings{
        std::cout,
        std::cerr,
        environment("HOME"),
        environment("KUBECONFIG"),
        [](const postern::proxy::ProxyConfiguration& configuration) {
          return postern::proxy::run_proxy(configuration);
        },
        &std::cin,
        {isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1},
        environment,
        called_as(argc > 0 ? argv[0] : nullptr)};
    std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    // kubectl looks for a program of this name to complete `kubectl postern …`.
    if (surroundings.called_as == "kubectl_complete-postern") {
      arguments.insert(arguments.begin(), "__complete");
    }
    const int code = postern::cli::run(arguments, surroundings);
    std::cout.flush();
    return std::cout.good() || code != 0 ? code : kFailed;
  } catch (const std::exception& bug) {
    std::cerr << "error: " << bug.what() << "\n";
    return kFailed;
  }
}
