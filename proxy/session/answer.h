#pragma once

#include "proxy/session/forward.h"
#include "proxy/session/response_sink.h"
#include "proxy/upstream/response_builder.h"

#include <string>
#include <string_view>

namespace postern::proxy {

/// Small pieces that every relay builds answers from.

/// Says in an answer's head whether the connection ends behind it, and settles that: a drain may
/// have begun since the request came.
void settle_connection(http::HeadWriter& writer, ProxiedRequest& request);

/// A sink for an answer whose head is made from upstream's; bodies that pass unchanged keep a known
/// length.
ResponseSink begin_answer(ClientConnection& client, ProxiedRequest& request,
                          const http::ResponseHead& head, ResponseUse use);

/// The whole body of a small answer; 502 above `max_bytes`. Gives the connection back.
Task<Result<std::string>> read_whole(WorkerState& state, UpstreamAnswer& answer,
                                     std::size_t max_bytes);

/// Sends a body that is held whole, under a head made from upstream's.
Task<Result<void>> send_whole(ClientConnection& client, ProxiedRequest& request,
                              const http::ResponseHead& head, ResponseUse use,
                              std::string_view body);

/// Sends a JSON document of postern's own.
Task<Result<void>> send_json(ClientConnection& client, ProxiedRequest& request, unsigned code,
                             std::string_view json);

/// `{"kind":"Status",…,"status":"Success","details":{…}}` for a write whose object may not be
/// shown.
std::string success_status(const ProxiedRequest& request);

/// The error with which a relay ends when nobody is left to answer.
kube::Status client_is_gone();

}  // namespace postern::proxy
