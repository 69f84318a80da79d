#pragma once

#include "proxy/access/api/plan.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

#include <memory>

namespace postern::proxy {

/// Carries out what a request to the access API has been planned as, and answers. The plan lies
/// outside of the frames that wait for its end.
Task<Result<void>> carry_out_plan(WorkerState& state, ClientConnection& client,
                                  ProxiedRequest& request, std::unique_ptr<access::api::Plan> plan);

}  // namespace postern::proxy
