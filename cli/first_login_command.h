#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <string>

namespace postern::cli {

/// `postern auth first-login`.
struct FirstLoginArguments {
  std::string config_file;
  std::string server;  ///< HOST:PORT as clients reach it; "": what the proxy wrote
  // Of the command that is printed; "": left out.
  std::string ca_file;
  std::string tls_server_name;
};

/// Prints the command of `dataDir/first-login`, which a start of the proxy writes while nobody can
/// administer it. For where there is no shell to read that file with.
Outcome<int> run_first_login(const FirstLoginArguments& arguments, const Context& context);

}  // namespace postern::cli
