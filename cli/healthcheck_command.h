#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <string>

namespace postern::cli {

/// `postern healthcheck`.
struct HealthcheckArguments {
  std::string url = "http://127.0.0.1:8081/readyz";  ///< without a path: `/readyz`
  std::string timeout = "5s";
  std::string ca_file;  ///< for https:// only, as are ca_pin and tls_server_name
  std::string ca_pin;   ///< "sha256:…" of a certificate that the server shows, or of its key
  std::string tls_server_name;
  /// Any answer below 500 will do; without ca_file and ca_pin from whoever gives it.
  bool reachable = false;
  bool verbose = false;
};

/// Asks once. Prints what a healthy server answers; everything else is a kFailed with the status
/// and the checks that the server tells.
Outcome<void> run_healthcheck(const HealthcheckArguments& arguments, const Context& context);

}  // namespace postern::cli
