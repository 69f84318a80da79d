#pragma once

#include "kube/media_type.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

#include <cstdint>

namespace postern::proxy {

/// Reads the whole body of a request whose user is known into request.body, unless a step before
/// has it there already; "" for none. It counts as that user's until the request's end
/// (SharedState::body_memory), and the request as one that has waited.
///
/// 415 for a compressed body, which no step here could read; 429 when too much of bodies is held,
/// 413 above `max_bytes` or limits.body_bytes, 400 when it ends early.
Task<Result<void>> take_body(WorkerState& state, ClientConnection& client, ProxiedRequest& request,
                             std::uint64_t max_bytes = UINT64_MAX);

/// The same for a body that is an object: how it is encoded, by its media type. 415 for another
/// one.
Task<Result<kube::BodyEncoding>> take_object_body(WorkerState& state, ClientConnection& client,
                                                  ProxiedRequest& request,
                                                  std::uint64_t max_bytes = UINT64_MAX);

}  // namespace postern::proxy
