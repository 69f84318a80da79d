#include "proxy/session/sealed_continue.h"

#include <utility>

namespace postern::proxy {
namespace {

/// What a sealed continue token is good for: the same user's same question. Each part is written
/// with its length in front, so that no two calls share a binding.
std::string continue_binding(const ProxiedRequest& request) {
  std::string binding;
  for (const std::string_view part :
       {std::string_view(request.user.name), std::string_view(request.cluster->identity.name),
        std::string_view(request.info.api_group), std::string_view(request.info.resource),
        std::string_view(request.info.namespace_), request.info.query.get("labelSelector"),
        request.info.query.get("fieldSelector")}) {
    binding += std::to_string(part.size()) + ':';
    binding += part;
  }
  return binding;
}

}  // namespace

std::string sealed_continue(const WorkerState& state, const ProxiedRequest& request,
                            std::string_view token) {
  return state.shared().sealer.seal(token, continue_binding(request));
}

Result<std::string> opened_continue(const WorkerState& state, const ProxiedRequest& request) {
  const std::string_view sealed = request.info.query.get("continue");
  if (sealed.empty()) {
    return std::string();
  }
  auto token = state.shared().sealer.open(sealed, continue_binding(request));
  if (!token) {
    return fail(
        kube::Status::bad_request("continue key is not valid: it was not made for this request"));
  }
  return std::move(*token);
}

}  // namespace postern::proxy
