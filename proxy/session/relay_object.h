#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// Forwards a read of a single object that is visible or not by what it says (an event, by what it
/// is about): the whole object, or the decision's 403, which hidden and absent objects have in
/// common.
Task<Result<void>> relay_object(WorkerState& state, ClientConnection& client,
                                ProxiedRequest& request);

}  // namespace postern::proxy
