#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// Answers a SelfSubjectRulesReview (self_review.h): what postern's roles and the cluster's own
/// rules have in common, and the user's rules in postern's own group.
Task<Result<void>> answer_rules_review(WorkerState& state, ClientConnection& client,
                                       ProxiedRequest& request);

/// The same with the rules of postern's own group alone.
Task<Result<void>> answer_own_rules_review(WorkerState& state, ClientConnection& client,
                                           ProxiedRequest& request);

}  // namespace postern::proxy
