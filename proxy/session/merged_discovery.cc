#include "proxy/session/merged_discovery.h"

#include "proxy/access/api/discovery_merge.h"
#include "proxy/session/access_answer.h"
#include "proxy/session/answer.h"
#include "proxy/session/forward.h"
#include "proxy/session/relay.h"
#include "proxy/session/route.h"

#include <utility>

namespace postern::proxy {
namespace {

namespace api = access::api;

constexpr std::size_t kMaxDocumentBytes = 16 * 1024 * 1024;

std::string_view client_accept(const ProxiedRequest& request) {
  return request.head.fields.get("accept").value_or("application/json");
}

Task<Result<void>> send_document(ClientConnection& client, ProxiedRequest& request,
                                 std::string document) {
  const std::string content_type = api::merged_content_type(document);
  co_return co_await send_cacheable(client, request, content_type, document);
}

}  // namespace

bool is_merged(const WorkerState& state, const ProxiedRequest& request) {
  return state.shared().access_api != nullptr && request.info.verb == "get" &&
         !request.info.is_resource_request && api::merged_document(request.info.path);
}

Task<Result<void>> relay_merged(WorkerState& state, ClientConnection& client,
                                ProxiedRequest& request) {
  auto accept = api::merged_accept(client_accept(request));
  if (!accept) co_return fail(std::move(accept.error()));
  request.accept.upstream_accept = std::move(*accept);
  request.merges_answer = true;
  auto answer = co_await forward(state, client, request);
  if (!answer) co_return fail(std::move(answer.error()));
  if (answer->head.status != 200) {
    co_return co_await relay_plain(state, client, request, *answer);
  }
  const auto body = co_await read_whole(state, *answer, kMaxDocumentBytes);
  if (!body) co_return fail(body.error());
  auto merged = api::merge_document(*api::merged_document(request.info.path), *body);
  if (!merged) co_return fail(std::move(merged.error()));
  co_return co_await send_document(client, request, std::move(*merged));
}

bool is_served_without_cluster(const WorkerState& state, const ProxiedRequest& request,
                               const kube::Status& error) {
  return error.code == 404 && is_merged(state, request) && !route_of(request.head.target, "").named;
}

Task<Result<void>> answer_merged_alone(ClientConnection& client, ProxiedRequest& request) {
  auto document =
      api::document_alone(*api::merged_document(request.info.path), client_accept(request));
  if (!document) co_return fail(std::move(document.error()));
  co_return co_await send_document(client, request, std::move(*document));
}

}  // namespace postern::proxy
