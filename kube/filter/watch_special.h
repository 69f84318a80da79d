#pragma once

#include "kube/filter/event_parts.h"
#include "kube/filter/list_metadata.h"

#include <string>
#include <string_view>

// The events of a watch that are not about an object of the client's: both are written anew from
// the few fields that are known to name nothing.
namespace postern::kube::filter {

/// Appends a BOOKMARK event with the object's kind, apiVersion, resourceVersion and the annotation
/// k8s.io/initial-events-end (KEP-3157), nothing else; for a Table, one with the same in its row.
/// Returns the reason when `object` cannot be read, as static text, or nullptr.
const char* append_bookmark(const EventParts& object, std::string& out);

/// Appends an ERROR event. `object` must be a Status. Its message and details pass where the reason
/// is one that concerns the watch as a whole (Expired, Timeout, …); else they may name a hidden
/// object (a value that cannot be decoded, say) and are left out. A continue token is sealed, or
/// left out without `seal`.
const char* append_error(const EventParts& object, const SealContinue& seal, std::string& out);

}  // namespace postern::kube::filter
