#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// Whether this is a SelfSubjectAccessReview or SelfSubjectRulesReview, which would be wrong if the
/// cluster alone answered: it knows nothing of postern's roles.
bool is_self_review(const ProxiedRequest& request);

/// Answers it for postern and the cluster together: allowed is what both allow.
Task<Result<void>> answer_self_review(WorkerState& state, ClientConnection& client,
                                      ProxiedRequest& request);

}  // namespace postern::proxy
