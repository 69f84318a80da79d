#include "proxy/session/allowed_methods.h"

#include "kube/resolve_resource.h"
#include "proxy/access/api/kinds.h"
#include "proxy/session/access_api.h"
#include "proxy/session/route.h"

#include <algorithm>
#include <array>

// Tested by tests/e2e/test_attack_c_methods.py, tests/e2e/test_access_api.py
namespace postern::proxy {
namespace {

constexpr std::array<std::string_view, 5> kMethods = {"GET", "POST", "PUT", "PATCH", "DELETE"};

bool own_kind_serves(const kube::RequestInfo& info) {
  const access::api::KindInfo* kind = access::api::find_kind(info.resource);
  if (kind == nullptr) return false;
  if (info.subresource.empty()) return kind->has_verb(info.verb);
  const access::api::SubresourceInfo* part = kind->subresource(info.subresource);
  return part != nullptr &&
         std::find(part->verbs.begin(), part->verbs.end(), info.verb) != part->verbs.end();
}

bool serves(const ProxiedRequest& request, const kube::RequestInfo& info) {
  if (!info.is_resource_request) return info.verb == "get";
  if (is_access_request(request)) return own_kind_serves(info);
  return request.catalog == nullptr || kube::resolve_resource(*request.catalog, info).resolution !=
                                           kube::Resolution::kMethodNotAllowed;
}

}  // namespace

std::string allowed_methods(const ProxiedRequest& request) {
  const std::string_view target = route_of(request.head.target, "").target;
  std::string allowed;
  for (const std::string_view method : kMethods) {
    if (method == request.head.method) continue;
    const auto info = kube::parse_request_info(method, target);
    if (!info || !serves(request, *info)) continue;
    allowed.append(allowed.empty() ? "" : ", ").append(method);
  }
  return allowed;
}

}  // namespace postern::proxy
