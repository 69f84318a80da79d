#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"
#include "proxy/upstream/upstream.h"

#include <string>

namespace postern::proxy {

/// An answer from upstream whose body has not been read yet.
struct UpstreamAnswer {
  Lease lease;
  http::ResponseHead head;
};

/// Sends the request to its cluster in the chosen principals' name, its body included, and waits
/// for the head of the answer. A stale pooled connection is retried on a fresh one where sending
/// twice does no harm (GET, and anything before its first byte was written).
///
/// Errors: 502, 503, 504 as Lease; an error while the client's body was read: its own status.
Task<Result<UpstreamAnswer>> forward(WorkerState& state, ClientConnection& client,
                                     ProxiedRequest& request);

}  // namespace postern::proxy
