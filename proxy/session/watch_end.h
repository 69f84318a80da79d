#pragma once

#include "proxy/session/live_streams.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/response_sink.h"

namespace postern::proxy {

/// How streams end that postern ends.

/// Whether a watch in this answer's encoding can be ended with an event of ours (JSON).
bool may_end_politely(const http::ResponseHead& head);

/// For a stream that postern ends: its client, which may have been promised another request, keeps
/// the connection when what it gets is a whole answer nevertheless (chunks and the last one).
void keep_if_whole(ProxiedRequest& request, const ResponseSink& sink);

/// Ends a watch that postern interrupted so that the client goes on well: at a drain with a clean
/// end, after which it watches again; when its view changed or ended with an ERROR event (410
/// Expired), after which it lists again. Any other `outcome` stays as it is.
Task<Result<void>> end_watch(ResponseSink& sink, StreamEnd end, Result<void> outcome);

}  // namespace postern::proxy
