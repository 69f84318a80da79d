#pragma once

#include "kube/api_catalog.h"
#include "kube/object_meta.h"
#include "kube/request_info.h"

#include <string>

namespace postern::kube {

/// A request as an authorizer sees it: what is asked, of which kind, by which body. References live
/// as long as the call that takes them.
struct ResourceAttributes {
  std::string_view cluster;  ///< the kube cluster's name in the configuration
  const RequestInfo& info;
  /// The kind from discovery; nullptr for non-resource requests only.
  const ApiResource* resource = nullptr;
  /// What the body says; nullptr while it has not been read. A decision that depends on it then
  /// comes back as `needs_body`.
  const BodyFacts* body = nullptr;
  /// PATCH: the media type without parameters ("application/apply-patch+yaml", …); else "".
  std::string_view patch_type;
};

}  // namespace postern::kube
