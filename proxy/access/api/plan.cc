#include "proxy/access/api/plan.h"

#include "kube/forbidden.h"
#include "proxy/access/api/api_errors.h"
#include "proxy/access/api/plan_parts.h"
#include "proxy/access/api/reading.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern::proxy::access::api {
namespace {

/// Whether the kind, or the subresource that is named, has this verb: 404 and 405.
Result<void> check_served(const kube::RequestInfo& info, const KindInfo* kind) {
  const bool ours = kind != nullptr && info.api_prefix == "apis" && info.api_group == kGroup &&
                    info.api_version == kVersion && info.namespace_.empty();
  if (!ours) return fail(kube::resource_not_found());
  if (info.subresource.empty()) {
    return kind->has_verb(info.verb) ? Result<void>() : fail(method_not_allowed());
  }
  const SubresourceInfo* subresource = kind->subresource(info.subresource);
  if (subresource == nullptr) return fail(kube::resource_not_found());
  const auto& verbs = subresource->verbs;
  const bool has = std::find(verbs.begin(), verbs.end(), info.verb) != verbs.end();
  return has ? Result<void>() : fail(method_not_allowed());
}

/// `sessions` is the one kind with a name that stands for another.
bool is_plain_read(const kube::RequestInfo& info, const KindInfo& kind) {
  const bool self = kind.resource == "sessions" && info.name == "self";
  return info.subresource.empty() && !self && (info.verb == "get" || info.verb == "list");
}

Result<Call> plan_read(const ApiRequest& request, const KindInfo& kind) {
  if (request.info.verb == "get") {
    return StateCall{[caller = request.caller, &kind,
                      name = request.info.name](AccessState& state) -> Result<Outcome> {
      auto object = get_object(state, Viewer(state, caller), kind, name);
      if (!object) return fail(std::move(object.error()));
      return Outcome{200, std::move(*object), {}};
    }};
  }
  auto options = read_list_options(request.info.query, kind);
  if (!options) return fail(std::move(options.error()));
  return StateCall{[caller = request.caller, &kind,
                    options = std::move(*options)](AccessState& state) -> Result<Outcome> {
    auto list = list_objects(state, Viewer(state, caller), kind, options);
    if (!list) return fail(std::move(list.error()));
    return Outcome{200, std::move(*list), {}};
  }};
}

Result<Call> plan_watch(const ApiRequest& request, const KindInfo& kind) {
  auto options = read_watch_options(request.info.query, kind);
  if (!options) return fail(std::move(options.error()));
  return WatchCall{&kind, std::move(*options)};
}

Result<Call> plan_of_kind(Planning& planning) {
  const std::string& resource = planning.kind.resource;
  if (resource == "accessrequests") return plan_access_requests(planning);
  if (resource == "accessroles") return plan_access_roles(planning);
  if (resource == "accessusers") return plan_access_users(planning);
  if (resource == "sessions") return plan_sessions(planning);
  return plan_resource_searches(planning);
}

bool may_be_login(const kube::RequestInfo& info) {
  return info.resource == "sessions" && info.verb == "create" && info.subresource.empty();
}

}  // namespace

Result<Plan> plan_request(const ApiRequest& request) {
  const kube::RequestInfo& info = request.info;
  if (request.anonymous && !may_be_login(info)) return fail(kube::Status::unauthorized());
  const KindInfo* kind = find_kind(info.resource);
  if (auto served = check_served(info, kind); !served) return fail(std::move(served.error()));
  const bool watch = info.verb == "watch";
  auto media = negotiate(request.accept, info.query, watch);
  if (!media) return fail(std::move(media.error()));
  Planning planning{request, *kind, {}, {}};
  auto call = [&]() -> Result<Call> {
    if (watch) return plan_watch(request, *kind);
    if (is_plain_read(info, *kind)) return plan_read(request, *kind);
    auto options = read_write_options(info.query);
    if (!options) return fail(std::move(options.error()));
    planning.options = *options;
    return plan_of_kind(planning);
  }();
  if (!call) return fail(std::move(call.error()));
  return Plan{std::move(*media), std::move(planning.warnings), std::move(*call)};
}

}  // namespace postern::proxy::access::api
