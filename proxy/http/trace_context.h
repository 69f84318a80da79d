#pragma once

#include "proxy/http/message.h"

#include <string_view>

namespace postern::proxy::http {

/// W3C Trace Context (https://www.w3.org/TR/trace-context/): what lets a client's trace go on at
/// the API server, and through it at admission webhooks.

/// Whether this is a `traceparent` as §3.2 has it: `00-TRACE_ID-PARENT_ID-FLAGS` in lower-case hex,
/// neither ID all zeros. Of versions to come the first four parts must be the same.
bool is_traceparent(std::string_view value);

/// Whether this is a `tracestate` as §3.3 has it: at most 32 `key=value` members, 512 bytes in all.
bool is_tracestate(std::string_view value);

/// The trace's ID by the request's `traceparent`; "" where there is no valid one.
std::string_view trace_id(const Fields& fields);

}  // namespace postern::proxy::http
