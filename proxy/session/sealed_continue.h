#pragma once

#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

#include <string>
#include <string_view>

namespace postern::proxy {

/// The API server's continue tokens tell what a client may not see (the last key of a page), so
/// clients get them sealed, good for the same user's same question alone.

/// The sealed form of the API server's token.
std::string sealed_continue(const WorkerState& state, const ProxiedRequest& request,
                            std::string_view token);

/// The API server's token of the request's own `continue`; "" when it has none. 400 for one that
/// was not made for this request.
Result<std::string> opened_continue(const WorkerState& state, const ProxiedRequest& request);

}  // namespace postern::proxy
