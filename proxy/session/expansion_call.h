#pragma once

#include "proxy/session/proxied_request.h"
#include "proxy/upstream/impersonation.h"
#include "proxy/upstream/upstream.h"

#include <string>

namespace postern::proxy {

/// The calls that a deletecollection becomes (delete_collection.h).

/// The head's fields of one of them.
HeaderFields expansion_fields(const std::string& audit_id, const HeaderFields& impersonation);

/// What a call was about: others may be hidden, or the one object is visible.
enum class ExpansionCall { kCollection, kVisibleObject };

/// The API server's failure, as a Status that names nobody but what the client named.
kube::Status expansion_failure(const FetchedResponse& response, const ProxiedRequest& request,
                               ExpansionCall about);

}  // namespace postern::proxy
