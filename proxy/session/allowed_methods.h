#pragma once

#include "proxy/session/proxied_request.h"

#include <string>

namespace postern::proxy {

/// What `Allow` says beside a 405 (RFC 9110 §15.5.6): the methods with which the target would not
/// be refused like this, "GET, DELETE"; "" for a target that takes none. A cluster's kinds are told
/// of only when the request got as far as them: to others the grammar of paths is all that there
/// is. Asks nobody.
std::string allowed_methods(const ProxiedRequest& request);

}  // namespace postern::proxy
