#pragma once

#include "cli/client/access_client.h"
#include "cli/context.h"
#include "cli/failure.h"

#include <string>
#include <vector>

namespace postern::cli {

/// `postern request create`. Durations and times as they were typed.
struct RequestArguments {
  std::vector<std::string> resources;
  std::vector<std::string> roles;
  std::vector<std::string> reviewers;
  std::vector<std::string> labels;  ///< KEY=VALUE, of the request itself
  std::string reason;
  std::string max_duration;
  std::string request_ttl;
  std::string session_ttl;
  std::string assume_start;
  std::string timeout;  ///< of the wait; "": none
  std::string output;
  bool dry_run = false;
  bool no_wait = false;
  bool assume = false;
};

/// Files a request, waits until it is decided, and says how to use it; with `assume`, uses it.
Outcome<void> run_request_create(const RequestArguments& arguments, const Context& context);

/// The AccessRequest that the arguments ask for; a usage failure for what is none.
Outcome<Json> request_object(const RequestArguments& arguments);

/// Files it, and returns it as the server made it. Where an Interrupt lives, a signal ends the
/// call, and the failure says that the request may be there.
Outcome<Json> file_request(AccessClient& api, const Json& request, const QueryList& query);

}  // namespace postern::cli
