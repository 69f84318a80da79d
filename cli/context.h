#pragma once

#include "cli/failure.h"
#include "cli/output/terminal.h"
#include "cli/surroundings.h"

#include <string>

namespace postern::cli {

/// Options that every command takes.
struct GlobalOptions {
  std::string proxy;       ///< HOST:PORT; "": the current one
  std::string kubeconfig;  ///< reach the access API with this kubeconfig instead of a profile
  std::string context;     ///< the kubeconfig's context
  std::string color = "auto";
  std::string timeout = "30s";  ///< of each call
};

/// What a command works with.
struct Context {
  const Surroundings& surroundings;
  const GlobalOptions& options;

  std::ostream& out() const { return surroundings.out; }
  std::ostream& err() const { return surroundings.err; }
  bool colors() const {
    const ColorMode mode = options.color == "always"  ? ColorMode::kAlways
                           : options.color == "never" ? ColorMode::kNever
                                                      : ColorMode::kAuto;
    return wants_colors(mode, surroundings);
  }
};

}  // namespace postern::cli
