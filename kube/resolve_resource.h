#pragma once

#include "kube/api_catalog.h"
#include "kube/request_info.h"

namespace postern::kube {

/// What a catalogue knows of the kind that a request names.
enum class Resolution {
  kKnown,
  kUnknown,     ///< no such kind under this group and version: worth one targeted refresh, then 404
  kStale,       ///< its group version could not be discovered: 503
  kWrongScope,  ///< cluster-scoped below a namespace, or namespaced without one: 404
  kMethodNotAllowed,  ///< the kind does not serve this verb: 405
};
/// What a catalogue says of a request's kind.
struct ResolvedResource {
  Resolution resolution = Resolution::kUnknown;
  const ApiResource* resource = nullptr;  ///< of kKnown; lives as long as the catalogue
};

/// The kind that a resource request is about, with its scope checked against the path, since the
/// API server itself once served cluster-scoped objects below a namespace (CVE-2019-11247).
ResolvedResource resolve_resource(const ApiCatalog& catalog, const RequestInfo& info);

/// The answer for a resolution that is not kKnown.
Status resolution_status(Resolution resolution, const RequestInfo& info);

}  // namespace postern::kube
