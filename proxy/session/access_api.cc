#include "proxy/session/access_api.h"

#include "kube/forbidden.h"
#include "kube/request_target.h"
#include "kube/text.h"
#include "proxy/access/api/access_api.h"
#include "proxy/access/api/discovery_merge.h"
#include "proxy/access/api/document.h"
#include "proxy/access/api/openapi.h"
#include "proxy/access/api/plan.h"
#include "proxy/access/state/session_table.h"
#include "proxy/session/access_answer.h"
#include "proxy/session/access_caller.h"
#include "proxy/session/audit_request.h"
#include "proxy/session/carry_out_plan.h"
#include "proxy/session/request_log.h"
#include "proxy/session/route.h"
#include "proxy/session/still_allowed.h"
#include "proxy/session/whole_body.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace postern::proxy {
namespace {

namespace api = access::api;

/// Of anything else: more than any role that a store takes.
constexpr std::size_t kMaxDocumentBytes = 1024 * 1024;
/// A login is small; nobody is known yet who sends more.
constexpr std::size_t kMaxLoginBytes = 16 * 1024;
constexpr std::string_view kSessionsPath = "/apis/access.postern.dev/v1alpha1/sessions";
constexpr std::string_view kGroupPath = "/apis/access.postern.dev";
constexpr std::string_view kVersionPath = "/apis/access.postern.dev/v1alpha1";
constexpr std::string_view kOpenApiPath = "/openapi/v3/apis/access.postern.dev/v1alpha1";

std::string_view own_target(const ProxiedRequest& request) {
  return route_of(request.head.target, "").target;
}

std::string_view without_query(std::string_view target) {
  return target.substr(0, target.find('?'));
}

bool has_credential(const http::Fields& fields) {
  return fields.get("authorization").has_value() ||
         fields.get("sec-websocket-protocol").has_value();
}

/// False where the group's name cannot be among the segments, however they are read. Nearly every
/// request is told apart here, without its target being taken apart.
bool may_name_group(std::string_view target) {
  const auto same = [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b | 0x20 : b); };
  return target.find('%') != std::string_view::npos ||
         std::search(target.begin(), target.end(), api::kGroup.begin(), api::kGroup.end(),
                     [&](char in_target, char in_group) { return same(in_group, in_target); }) !=
             target.end();
}

Task<Result<std::string>> read_login_body(ClientConnection& client, ProxiedRequest& request) {
  const kube::Status too_large = kube::Status::too_large("a login may have at most " +
                                                         std::to_string(kMaxLoginBytes) + " bytes");
  if (request.head.content_length > kMaxLoginBytes) co_return fail(too_large);
  co_await client.admit_body();
  std::string body;
  for (;;) {
    const auto more = co_await client.read_body_piece(body);
    if (!more) co_return fail(more.error());
    if (body.size() > kMaxLoginBytes) co_return fail(too_large);
    if (!*more) co_return body;
  }
}

/// Whether this is a login as far as can be told; whether a good one, plan_request() says.
bool asks_for_login(std::string_view content_type, std::string_view body) {
  const auto document = api::read_document(content_type, body);
  if (!document || !document->is_object()) return false;
  const auto spec = document->find("spec");
  return spec != document->end() && spec->is_object() && spec->contains("login");
}

/// The request's own part of a path, as RequestInfo.
Result<void> read_info(ProxiedRequest& request) {
  const Route route = route_of(request.head.target, "");
  if (!may_name_cluster(route.cluster)) {
    return fail(kube::Status::bad_request("the path does not name a cluster"));
  }
  auto info = kube::parse_request_info(request.head.method, route.target);
  if (!info) return fail(std::move(info.error()));
  request.info = std::move(*info);
  return {};
}

bool makes_session(const ProxiedRequest& request) {
  return request.info.resource == "sessions" && request.info.verb == "create" && !request.session;
}

api::ApiRequest api_request(const ClientConnection& client, const ProxiedRequest& request,
                            std::string body) {
  const auto field = [&request](const char* name) {
    return std::string(request.head.fields.get(name).value_or(""));
  };
  api::ApiRequest made;
  made.info = request.info;
  made.content_type = field("content-type");
  made.accept = field("accept");
  made.body = std::move(body);
  made.caller = caller_of(client, request);
  made.address = made.caller.address;
  return made;
}

/// The documents of discovery and OpenAPI; "" for any other path.
std::string own_document(std::string_view path) {
  if (path == kGroupPath) return api::api_group_document();
  if (path == kVersionPath) return api::api_resource_list();
  return path == kOpenApiPath ? api::openapi_document() : std::string();
}

Task<Result<void>> answer_document(ClientConnection& client, ProxiedRequest& request,
                                   std::string document) {
  if (request.info.verb != "get") {
    co_return fail(kube::Status::method_not_allowed(
        "the server does not allow this method on the requested resource"));
  }
  const auto accept =
      api::merged_accept(request.head.fields.get("accept").value_or("application/json"));
  if (!accept) co_return fail(accept.error());
  co_return co_await send_cacheable(client, request, "application/json", document);
}

/// What is refused whatever is asked for. Reads request.info.
Result<void> may_be_answered(WorkerState& state, ProxiedRequest& request) {
  if (auto read = read_info(request); !read) return fail(std::move(read.error()));
  if (state.shared().access_api == nullptr) return fail(kube::resource_not_found());
  if (request.head.upgrade) {
    return fail(kube::Status::forbidden("the access API does not switch protocols"));
  }
  if (request.choice.user || !request.choice.groups.empty()) {
    return fail(
        kube::Status::forbidden("the access API knows nobody but yourself: leave out "
                                "Impersonate-User and Impersonate-Group"));
  }
  return {};
}

/// Everything up to the call itself. The plan lies outside of the frames that wait for its end.
Task<Result<std::unique_ptr<api::Plan>>> make_plan(WorkerState& state, ClientConnection& client,
                                                   ProxiedRequest& request) {
  if (!request.info.is_resource_request) co_return fail(kube::resource_not_found());
  if (auto audited = co_await audit_received(state, client, request); !audited) {
    co_return fail(std::move(audited.error()));
  }
  count_inflight(state, request);
  auto taken = co_await take_body(state, client, request, kMaxDocumentBytes);
  if (!taken) co_return fail(std::move(taken.error()));
  if (auto still = still_authenticated(state, client, request); !still) {
    co_return fail(std::move(still.error()));
  }
  if (request.session) request.decision.expires_at = request.session->expires;
  api::ApiRequest asked = api_request(client, request, std::move(*request.body));
  if (makes_session(request)) {
    asked.caller.basis =
        state.authenticators()->basis_of(request.head.fields, client.stream().tls());
  }
  auto plan = api::plan_request(asked);
  if (!plan) co_return fail(std::move(plan.error()));
  co_return std::make_unique<api::Plan>(std::move(*plan));
}

}  // namespace

bool is_access_request(const ProxiedRequest& request) {
  if (!may_name_group(request.head.target)) return false;
  const auto target = kube::parse_request_target(own_target(request));
  if (!target) return false;  // refused by whoever reads it next
  const auto& segments = target->segments;
  const auto is_group = [](const std::string& word) {
    return kube::equals_ignore_case(word, api::kGroup);
  };
  if (segments.size() < 2) return false;
  const std::string first = kube::ascii_lower(segments[0]);
  if (first == "apis" || first == "api") return is_group(segments[1]);
  return first == "openapi" && std::any_of(segments.begin(), segments.end(), is_group);
}

bool may_be_login(const WorkerState& state, const ProxiedRequest& request) {
  return state.shared().access_api != nullptr && request.head.method == "POST" &&
         without_query(own_target(request)) == kSessionsPath &&
         !has_credential(request.head.fields);
}

Task<std::optional<Result<void>>> answer_login(WorkerState& state, ClientConnection& client,
                                               ProxiedRequest& request) {
  if (!may_be_login(state, request)) co_return std::nullopt;
  auto body = co_await read_login_body(client, request);
  if (!body) co_return fail(std::move(body.error()));
  request.body = std::move(*body);
  if (!asks_for_login(request.head.fields.get("content-type").value_or(""), *request.body)) {
    co_return std::nullopt;
  }
  if (auto read = read_info(request); !read) co_return fail(std::move(read.error()));
  api::ApiRequest login = api_request(client, request, std::move(*request.body));
  login.anonymous = true;
  auto plan = api::plan_request(login);
  if (!plan) co_return fail(std::move(plan.error()));
  if (auto audited = co_await audit_received(state, client, request); !audited) {
    co_return fail(std::move(audited.error()));
  }
  co_return co_await carry_out_plan(state, client, request,
                                    std::make_unique<api::Plan>(std::move(*plan)));
}

Task<Result<void>> answer_access_request(WorkerState& state, ClientConnection& client,
                                         ProxiedRequest& request) {
  if (auto read = may_be_answered(state, request); !read) co_return fail(std::move(read.error()));
  if (std::string document = own_document(request.info.path); !document.empty()) {
    co_return co_await answer_document(client, request, std::move(document));
  }
  auto plan = co_await make_plan(state, client, request);
  if (!plan) co_return fail(std::move(plan.error()));
  co_return co_await carry_out_plan(state, client, request, std::move(*plan));
}

}  // namespace postern::proxy
