#pragma once

#include "kube/result.h"
#include "proxy/http/message.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

/// The plain HTTP listener on loopback (`loopbackListen`), for what runs in the same pod or on the
/// same host. It gives nobody an identity: each request carries its user's bearer token.

/// Whether a Host field means this machine itself: `localhost` and names below it, a loopback
/// address, or one of `more`; with or without a port.
bool is_loopback_host(std::string_view host, const std::vector<std::string>& more);

/// 403 unless the request's Host is one of those. A page in a browser can be made to send requests
/// here under a name of its own that resolves to 127.0.0.1 (DNS rebinding); that name then stands
/// in Host.
Result<void> check_loopback_host(const http::Fields& fields, const std::vector<std::string>& more);

}  // namespace postern::proxy
