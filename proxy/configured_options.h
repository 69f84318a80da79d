#pragma once

#include "proxy/config.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/token_reviewer.h"
#include "proxy/upstream/upstream.h"

#include <optional>

namespace postern::proxy {

/// What the configuration says, in the words of the parts that it is for. Pure; the values have
/// been checked with the configuration.

/// Of `limits`, for the sessions of clients.
ClientLimits client_limits(const LimitsConfiguration& limits);

/// Of `upstream`, for every call to an API server.
UpstreamTimeouts upstream_timeouts(const UpstreamConfiguration& upstream);

/// Of `authentication.tokenReview`; nullopt: no cluster is asked for whose a token is.
std::optional<TokenReviewer::Options> token_review_options(
    const AuthenticationConfiguration& authentication);

}  // namespace postern::proxy
