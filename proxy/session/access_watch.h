#pragma once

#include "proxy/access/api/plan.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// Opens a watch of the access API. `request.rest` serves it then, until the client goes, its time
/// is over, its credential or view ends, or postern drains.
Task<Result<void>> begin_access_watch(WorkerState& state, ClientConnection& client,
                                      ProxiedRequest& request, access::Caller caller,
                                      access::api::Media media, access::api::WatchCall call);

}  // namespace postern::proxy
