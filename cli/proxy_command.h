#pragma once

#include "cli/command_line.h"

#include <string>

namespace postern::cli {

/// `postern proxy`.
struct ProxyArguments {
  std::string config_file;
  bool check_only = false;
  std::string log_level;   ///< "": as configured
  std::string log_format;  ///< "": as configured
};

/// Loads the configuration and every file that it names, tells everything that is wrong at once
/// (exit code 2), and runs the proxy, or prints what is in force with `check_only`.
int run_proxy_command(const ProxyArguments& arguments, const Surroundings& surroundings);

}  // namespace postern::cli
