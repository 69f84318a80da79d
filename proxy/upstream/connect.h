#pragma once

#include "kube/result.h"
#include "proxy/net/stream.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "proxy/upstream/upstream.h"

#include <chrono>
#include <memory>

namespace postern::proxy {

/// A new TLS connection to the endpoint, verified, within `limit` altogether: every address of the
/// host is tried in turn, each with its share of the time that is left. A failed verification ends
/// it: no other address, and never without verification.
///
/// 502, 504; why exactly is logged and counted through `hooks`, and not told to clients. The
/// references must outlive the call.
Task<Result<std::unique_ptr<Stream>>> open_connection(
    Worker& worker, const ClusterEndpoint& endpoint,
    std::shared_ptr<const ClusterEndpoint::Access> access, std::chrono::milliseconds limit,
    const UpstreamHooks& hooks);

}  // namespace postern::proxy
