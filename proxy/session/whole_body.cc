#include "proxy/session/whole_body.h"

#include <string>
#include <utility>

namespace postern::proxy {
namespace {

Task<Result<void>> read_into(WorkerState& state, ClientConnection& client,
                             ProxiedRequest& request) {
  request.waited = true;
  co_await client.admit_body();
  request.body_hold.emplace(state.shared().body_memory, request.user.name);
  auto body = co_await client.read_body(*request.body_hold);
  if (!body) {
    co_return fail(std::move(body.error()));
  }
  request.body = std::move(*body);
  co_return Result<void>();
}

}  // namespace

Task<Result<void>> take_body(WorkerState& state, ClientConnection& client, ProxiedRequest& request,
                             std::uint64_t max_bytes) {
  const kube::Status too_large = kube::Status::too_large("the request body may have at most " +
                                                         std::to_string(max_bytes) + " bytes");
  if (!request.body && request.head.framing != http::Framing::kNone) {
    if (request.head.fields.get("content-encoding")) {
      co_return fail(
          kube::Status::unsupported_media_type("compressed request bodies are not supported"));
    }
    if (request.head.content_length > max_bytes) {
      co_return fail(too_large);
    }
    auto read = co_await read_into(state, client, request);
    if (!read) {
      co_return read;
    }
  }
  if (!request.body) {
    request.body.emplace();
  }
  co_return request.body->size() > max_bytes ? Result<void>(fail(too_large)) : Result<void>();
}

Task<Result<kube::BodyEncoding>> take_object_body(WorkerState& state, ClientConnection& client,
                                                  ProxiedRequest& request,
                                                  std::uint64_t max_bytes) {
  auto encoding = kube::body_encoding(request.head.fields.get("content-type").value_or(""));
  if (!encoding) {
    co_return encoding;
  }
  auto taken = co_await take_body(state, client, request, max_bytes);
  if (!taken) {
    co_return fail(std::move(taken.error()));
  }
  co_return encoding;
}

}  // namespace postern::proxy
