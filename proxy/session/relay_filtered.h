#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// Forwards a request whose decision is kAllowFiltered, and lets through what its predicate allows:
/// of a list, page by page; of a watch, event by event; of a single object, all or a 403.
Task<Result<void>> relay_filtered(WorkerState& state, ClientConnection& client,
                                  ProxiedRequest& request);

}  // namespace postern::proxy
