#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

/// A whole answer of postern's own.
struct OwnAnswer {
  unsigned code = 200;
  std::string_view content_type = "application/json";
  std::string_view body;
  std::vector<std::string> warnings;  ///< each becomes a `Warning: 299` field
  std::string etag;                   ///< with its quotes; "": none
};

/// Sends it.
Task<Result<void>> send_own(ClientConnection& client, ProxiedRequest& request,
                            const OwnAnswer& answer);

/// Sends a document that clients keep, with a strong ETag over its bytes: 304 without it to a
/// client that has it already (If-None-Match).
Task<Result<void>> send_cacheable(ClientConnection& client, ProxiedRequest& request,
                                  std::string_view content_type, std::string_view body);

}  // namespace postern::proxy
