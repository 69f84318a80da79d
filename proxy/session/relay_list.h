#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// Forwards a list, and lets through the items that the predicate allows. Pages of which nothing is
/// visible are skipped (list_pager.h).
Task<Result<void>> relay_list(WorkerState& state, ClientConnection& client,
                              ProxiedRequest& request);

}  // namespace postern::proxy
