#pragma once

#include "proxy/access/state/objects.h"

#include <functional>
#include <string_view>

namespace postern::proxy::access {

/// A change that has been kept, or a login that was tried: what the audit log is told. Views live
/// as long as the call.
struct AuditRecord {
  std::string_view event;  ///< "accessrequest.approve": KIND.WHAT, for annotations
  // The same in Kubernetes' words.
  std::string_view verb;
  std::string_view resource;
  std::string_view subresource;
  std::string_view name;

  /// Who did it. Without a name postern itself did, because time passed or a file changed.
  Caller caller;
  std::string_view detail_key;  ///< one thing more, "reason"; "" for none
  std::string_view detail;
  TimePoint time;
};

/// Called on the access thread, after the change is kept. Must not wait.
using AuditHook = std::function<void(const AuditRecord&)>;

}  // namespace postern::proxy::access
