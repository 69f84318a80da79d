#pragma once

#include "proxy/access/state/objects.h"
#include "proxy/access/state/session_table.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"

#include <string>

namespace postern::proxy {

/// Who asks, as the access API wants to know it.
inline access::Caller caller_of(const ClientConnection& client, const ProxiedRequest& request) {
  return {request.user, request.session ? request.session->id : std::string(), request.audit_id,
          client.peer_address()};
}

}  // namespace postern::proxy
