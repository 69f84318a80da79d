#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

class RequestEvent;

/// The audit log's part in the life of a request, in this order.

/// Before anything of the request goes to a cluster, or to the access thread: 500 when the audit
/// log cannot take it and `audit.onFailure` is `refuse`; else its RequestReceived event is on its
/// way, with `audit.delivery: written` in the file. Where the policy wants the request's object, a
/// small body is read here, into `request.body`.
Task<Result<void>> audit_received(WorkerState& state, ClientConnection& client,
                                  ProxiedRequest& request);
/// The same where there is neither a body to read nor an event to write yet.
Settled audit_received_now(WorkerState& state, ProxiedRequest& request);

/// What a refusal becomes that cannot be audited: 500 while the audit log can take nothing new.
kube::Status auditable_refusal(WorkerState& state, ProxiedRequest& request, kube::Status status);

/// A long-running answer begins.
void audit_started(WorkerState& state, const ClientConnection& client, ProxiedRequest& request);
/// The request is over, however it ended.
void audit_complete(WorkerState& state, const ClientConnection& client, ProxiedRequest& request);
/// It ended by a mistake of ours.
void audit_panic(WorkerState& state, const ClientConnection& client, ProxiedRequest& request);

/// A call that postern made as a part of the request, complete in itself.
void audit_part(WorkerState& state, const ProxiedRequest& request, RequestEvent& event);

}  // namespace postern::proxy
