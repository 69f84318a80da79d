#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// Whether this is a deletecollection of which only a part may be deleted.
bool needs_expansion(const ProxiedRequest& request);

/// Such a deletecollection becomes: list, filter, and one delete for each visible object, a few at
/// a time, each bound to the uid that was listed. The first failure ends it and is the answer
/// (Kubernetes' own deletecollection is no transaction either); else the answer is the list of what
/// was deleted.
///
/// Before anything is deleted: 413 above 64 MiB of visible objects; 429 when the deletecollections
/// of all users together would hold more than SharedState::delete_memory.
Task<Result<void>> delete_collection(WorkerState& state, ClientConnection& client,
                                     ProxiedRequest& request);

}  // namespace postern::proxy
