#pragma once

#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// The whole body of a request whose user is known, after `100 Continue` where the client waits for
/// it. It counts as that user's until the request's end (SharedState::body_memory): 429 when there
/// is too much of it, 413 above limits.body_bytes, 400 when it ends early.
Task<Result<std::string>> read_whole_body(WorkerState& state, ClientConnection& client,
                                          ProxiedRequest& request);

}  // namespace postern::proxy
