#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// Whether the answer to this request (find_cluster() has read it) is the cluster's together with
/// postern's: the list of groups, and OpenAPI's index.
bool is_merged(const WorkerState& state, const ProxiedRequest& request);

/// Asks the cluster and answers with both. What is no success is relayed as it is.
Task<Result<void>> relay_merged(WorkerState& state, ClientConnection& client,
                                ProxiedRequest& request);

/// The answer where the path names no cluster and the default one is none of the user's: what
/// postern itself serves, so that people without any cluster can file and review requests.
Task<Result<void>> answer_merged_alone(ClientConnection& client, ProxiedRequest& request);

/// Whether that is the answer to a request for which find_cluster() gave this error.
bool is_served_without_cluster(const WorkerState& state, const ProxiedRequest& request,
                               const kube::Status& error);

}  // namespace postern::proxy
