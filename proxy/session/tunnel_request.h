#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// exec, attach, port-forward: asks upstream for the switch of protocols on a fresh connection, and
/// after a verified 101 moves bytes both ways until either side ends. Any other answer is relayed
/// as an ordinary one; the connection ends after it either way (CVE-2018-1002105: nothing is
/// spliced without a 101).
Task<Result<void>> tunnel_request(WorkerState& state, ClientConnection& client,
                                  ProxiedRequest& request);

}  // namespace postern::proxy
