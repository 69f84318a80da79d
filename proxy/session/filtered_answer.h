#pragma once

#include "kube/filter/filter.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/forward.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

#include <memory>

namespace postern::proxy {

/// What the relays of lists, watches and single objects share: what they filter by, which answers a
/// filter can read, and what becomes of the others.

/// Refers to the request.
std::unique_ptr<kube::filter::Predicate> predicate_of(const ProxiedRequest& request);

/// With the limits of the configuration, and `continue` sealed. Refers to both parameters.
kube::filter::FilterOptions filter_options(const WorkerState& state, const ProxiedRequest& request);

/// Whether the filter reads this answer: 200, JSON, no content encoding. What came back counts, not
/// what was asked for.
bool can_be_filtered(const http::ResponseHead& head);

/// Answers with one that cannot be filtered: of a failure's body only a Status passes whose words
/// are about the call, its continue token sealed; else failure_by_code(). 502 for what is no
/// failure.
Task<Result<void>> relay_unfilterable(WorkerState& state, ClientConnection& client,
                                      ProxiedRequest& request, UpstreamAnswer& answer);

/// Counts and logs that a filter gave up; the error to end with.
kube::Status filter_failure(WorkerState& state, ProxiedRequest& request,
                            const kube::filter::FilterError& error);

/// For the metrics and the audit event.
void note_filtered(WorkerState& state, ProxiedRequest& request,
                   const kube::filter::ListSummary& summary);

}  // namespace postern::proxy
