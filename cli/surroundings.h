#pragma once

#include <functional>
#include <iosfwd>
#include <string>

namespace postern::proxy {
struct ProxyConfiguration;
}

namespace postern::cli {

/// Which of the standard streams are terminals.
struct Terminals {
  bool in = false;
  bool out = false;
  bool err = false;
};

/// What a command may touch of the world around it; tests give their own.
struct Surroundings {
  std::ostream& out;       ///< what was asked for
  std::ostream& err;       ///< everything else
  std::string home;        ///< $HOME
  std::string kubeconfig;  ///< $KUBECONFIG
  /// Runs the proxy until it is told to stop; its result is the exit code.
  std::function<int(const proxy::ProxyConfiguration&)> run_proxy;
  std::istream* in = nullptr;  ///< nullptr: empty
  Terminals terminals = {};
  /// The value of an environment variable, "" when it is not set; nullptr: none is set.
  std::function<std::string(const char*)> environment = nullptr;
  /// How the program was called: `postern`, or `kubectl-postern` as a plugin of kubectl.
  std::string called_as = "postern";

  std::string variable(const char* name) const { return environment ? environment(name) : ""; }
  /// Whether somebody sits there who can be asked.
  bool interactive() const { return terminals.in && terminals.err; }
};

}  // namespace postern::cli
