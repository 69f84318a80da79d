#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// Between the decision about a request and what it leads to there may be a wait: for a body, for
/// the API server. What was taken back meanwhile counts, as it does for streams that are open.

/// What is in force at this moment.
InForce in_force(WorkerState& state);

/// Whether the request's credentials still prove the same identity; else 401. For what decides anew
/// by itself. Never waits.
Result<void> still_authenticated(WorkerState& state, ClientConnection& client,
                                 const ProxiedRequest& request);

/// Whether the credentials and the policy of this moment still give what the request was decided to
/// get, in the same name and the same view: 401 and 403 where they do not; 503 where they give
/// something else, so that it is worth sending again, or where it cannot be told. Principals have
/// to be chosen, where it goes to a cluster.
Result<void> still_allowed(WorkerState& state, ClientConnection& client,
                           const ProxiedRequest& request);

/// The same after a wait: costs next to nothing while nothing has changed.
Result<void> still_allowed_now(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request);

}  // namespace postern::proxy
