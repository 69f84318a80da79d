#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

#include <exception>

namespace postern::proxy {

/// What sessions tell the log and the metrics; the one place that decides how loud each thing is,
/// and whose fault.

/// A finished request: counted, and logged at debug level.
void count_request(WorkerState& state, const ProxiedRequest& request);
void log_request(WorkerState& state, const ClientConnection& client, const ProxiedRequest& request);
/// Whose fault an error is: sets `request.outcome`.
void note_failure(ProxiedRequest& request, const kube::Status& status);
/// A request that is answered with an error: refusals at info, upstream trouble at warn. Limited by
/// the user, or while nobody is known by the peer's address.
void log_refusal(WorkerState& state, const ClientConnection& client, const ProxiedRequest& request,
                 const kube::Status& status);
/// An answer that broke off, with the code that the client had seen; counted, too. What is part of
/// life (a client that is gone, access that has ended) at info, the rest at warn.
void log_cut(WorkerState& state, const ClientConnection& client, const ProxiedRequest& request,
             const kube::Status& status);
/// Keeps it for the request's audit event, and a 403 with the session that it happened in, for the
/// client that has to know what to ask for.
void record_refusal(ProxiedRequest& request, const kube::Status& status);
/// A stream was ended by postern, by `request.cut`; for its audit event.
void note_end_of_stream(ProxiedRequest& request);
/// Counts the request among those that run as long as it lives, unless it is a long-running one.
void count_inflight(WorkerState& state, ProxiedRequest& request);
/// Counts what the client did wrong in the middle of a message, if anything.
void count_fault(WorkerState& state, const ClientConnection& client);
/// Bytes that are no request; limited by the peer's address.
void log_protocol_error(WorkerState& state, const ClientConnection& client,
                        const kube::Status& status);
/// An exception: a mistake of ours.
void log_bug(WorkerState& state, const std::exception& bug);

}  // namespace postern::proxy
