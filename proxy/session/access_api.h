#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

#include <optional>

namespace postern::proxy {

/// Whether a request is to postern's own API: `/apis/access.postern.dev…` and its OpenAPI, in any
/// version and case, at the root or below /clusters/NAME/. Such a request is answered here and goes
/// to no cluster, whatever clusters there are.
bool is_access_request(const ProxiedRequest& request);

/// Whether a request can be a login, by its head: then answer_login() is asked.
bool may_be_login(const WorkerState& state, const ProxiedRequest& request);

/// The answer to a login, which is the one request that needs no credential: a POST of a Session
/// whose spec has `login`, without an Authorization field. A client certificate counts for nothing
/// then. nullopt: it is none, and what was read of its body is in `request.body`.
Task<std::optional<Result<void>>> answer_login(WorkerState& state, ClientConnection& client,
                                               ProxiedRequest& request);

/// The answer to any other request of the access API, by somebody who is known.
Task<Result<void>> answer_access_request(WorkerState& state, ClientConnection& client,
                                         ProxiedRequest& request);

}  // namespace postern::proxy
