#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// Forwards a watch, and lets through those of its events whose objects the predicate allows, as
/// they come, until either side ends or the request is no longer allowed.
Task<Result<void>> relay_watch(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request);

}  // namespace postern::proxy
