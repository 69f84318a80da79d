#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace postern::proxy {
struct ProxyConfiguration;
}

namespace postern::cli {

/// What a command may touch of the world around it; tests give their own.
struct Surroundings {
  std::ostream& out;       ///< what was asked for
  std::ostream& err;       ///< everything else
  std::string home;        ///< $HOME
  std::string kubeconfig;  ///< $KUBECONFIG
  /// Runs the proxy until it is told to stop; its result is the exit code.
  std::function<int(const proxy::ProxyConfiguration&)> run_proxy;
};

/// Exit codes of every command (README "Exit codes").
enum ExitCode : int { kDone = 0, kFailed = 1, kUsage = 2 };

/// `postern ARGUMENTS…`, without the program's name. Gives the exit code; never throws for what
/// people type.
int run(const std::vector<std::string>& arguments, const Surroundings& surroundings);

}  // namespace postern::cli
