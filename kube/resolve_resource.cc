#include "kube/resolve_resource.h"

namespace postern::kube {
namespace {

bool scope_fits(const ApiResource& resource, const RequestInfo& info) {
  if (resource.group.empty() && resource.resource == "namespaces") {
    return true;  // RequestInfo fills a namespace's own name into both places
  }
  if (!resource.namespaced) {
    return info.namespace_.empty();
  }
  // Only lists and watches go across namespaces.
  return !info.namespace_.empty() || info.verb == "list" || info.verb == "watch";
}

}  // namespace

ResolvedResource resolve_resource(const ApiCatalog& catalog, const RequestInfo& info) {
  const ApiResource* resource = catalog.find(info.api_group, info.api_version, info.resource);
  if (resource == nullptr) {
    const bool stale = catalog.is_stale(info.api_group, info.api_version);
    return {stale ? Resolution::kStale : Resolution::kUnknown, nullptr};
  }
  if (!scope_fits(*resource, info)) {
    return {Resolution::kWrongScope, nullptr};
  }
  if (info.subresource.empty() && !resource->verbs.contains(info.verb)) {
    return {Resolution::kMethodNotAllowed, nullptr};
  }
  return {Resolution::kKnown, resource};
}

Status resolution_status(Resolution resolution, const RequestInfo& info) {
  if (resolution == Resolution::kStale) {
    return Status::unavailable("the kinds of " + info.api_group + "/" + info.api_version +
                               " could not be discovered; the API that serves them may be down");
  }
  if (resolution == Resolution::kMethodNotAllowed) {
    return Status::method_not_allowed(
        "the server does not allow this method on the requested resource");
  }
  return Status::not_found("the server could not find the requested resource");
}

}  // namespace postern::kube
