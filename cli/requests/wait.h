#pragma once

#include "cli/client/access_client.h"
#include "cli/context.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postern::cli {

/// Waits until a request is decided, and tells every change of its state and every review on
/// standard error. The request as it is then. `timeout` 0: as long as it takes.
///
/// Failures: kDenied for DENIED, REVOKED and EXPIRED; kTimedOut; 130 for Ctrl-C, with a sentence
/// that the request stays. A broken connection is tried again.
Outcome<Json> wait_for_decision(AccessClient& api, const Json& request,
                                std::chrono::milliseconds timeout, const Context& context);

/// How long to wait, as an option says it: "" for as long as it takes (0); "0s" looks once.
Outcome<std::chrono::milliseconds> parse_patience(const std::string& text, std::string_view option);

/// The failure that an undesired end of a request is; nullopt while it is PENDING or APPROVED.
std::optional<Failure> failure_of_state(const Json& request);

}  // namespace postern::cli
