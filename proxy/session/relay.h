#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/forward.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// Forwards the request and brings the answer back: as it came, filtered, or reduced to a Status,
/// as the decision says. Before the first byte of the answer errors are Statuses; after it the
/// session aborts the connection.
Task<Result<void>> relay_request(WorkerState& state, ClientConnection& client,
                                 ProxiedRequest& request);

/// Relays an answer that is not filtered: any status, any content type.
Task<Result<void>> relay_plain(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request, UpstreamAnswer& answer);

}  // namespace postern::proxy
