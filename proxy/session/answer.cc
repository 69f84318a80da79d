#include "proxy/session/answer.h"

#include "kube/text.h"
#include "proxy/session/response_body.h"

#include <utility>

namespace postern::proxy {
namespace {

ResponseSink::Mode sink_mode(const ProxiedRequest& request, const http::ResponseHead& head,
                             ResponseUse use) {
  const bool as_it_is = use == ResponseUse::kPassThrough && head.framing == http::Framing::kLength;
  if (as_it_is || head.framing == http::Framing::kNone) {
    return ResponseSink::Mode::kLength;
  }
  return request.head.minor_version == 0 ? ResponseSink::Mode::kUntilClose
                                         : ResponseSink::Mode::kChunked;
}

}  // namespace

void settle_connection(http::HeadWriter& writer, ProxiedRequest& request) {
  if (request.worker != nullptr && request.worker->draining()) {
    request.head.keep_alive = false;
  }
  if (!request.head.keep_alive) {
    writer.field("Connection", "close");
  }
}

ResponseSink begin_answer(ClientConnection& client, ProxiedRequest& request,
                          const http::ResponseHead& head, ResponseUse use) {
  const ResponseSink::Mode mode = sink_mode(request, head, use);
  if (mode == ResponseSink::Mode::kUntilClose) {
    request.head.keep_alive = false;
  }
  request.code = head.status;
  auto writer = http::HeadWriter::response(head.status);
  relay_fields(head, use, writer);
  writer.field("Audit-Id", request.audit_id);
  settle_connection(writer, request);
  if (mode == ResponseSink::Mode::kChunked) {
    writer.chunked();
  } else if (head.framing == http::Framing::kLength) {
    writer.content_length(head.content_length);
  }
  return ResponseSink(client, writer.take(), mode);
}

Task<Result<std::string>> read_whole(WorkerState& state, UpstreamAnswer& answer,
                                     std::size_t max_bytes) {
  ResponseBody body(state.worker(), answer.lease, answer.head, state.shared().limits.stall_time);
  std::string whole;
  while (!body.done()) {
    const auto piece = co_await body.next();
    if (!piece) {
      co_return fail(piece.error());
    }
    whole.append(*piece);
    if (whole.size() > max_bytes) {
      co_return fail(kube::Status::bad_gateway("the API server's answer is too large"));
    }
  }
  body.give_back_if_clean();
  co_return whole;
}

Task<Result<void>> send_whole(ClientConnection& client, ProxiedRequest& request,
                              const http::ResponseHead& head, ResponseUse use,
                              std::string_view body) {
  auto writer = http::HeadWriter::response(head.status);
  relay_fields(head, use, writer);
  writer.field("Audit-Id", request.audit_id);
  settle_connection(writer, request);
  writer.content_length(body.size());
  request.code = head.status;
  request.answer_started = true;
  request.audit.note_response(body);
  std::string response = writer.take();
  response.append(body);
  if (const error_code error = co_await client.write(response)) {
    co_return fail(client_is_gone());
  }
  co_return Result<void>();
}

Task<Result<void>> send_json(ClientConnection& client, ProxiedRequest& request, unsigned code,
                             std::string_view json) {
  auto writer = http::HeadWriter::response(code);
  writer.field("Content-Type", "application/json").field("X-Content-Type-Options", "nosniff");
  writer.field("Cache-Control", "no-cache, private").field("Audit-Id", request.audit_id);
  settle_connection(writer, request);
  writer.content_length(json.size());
  request.code = code;
  request.answer_started = true;
  request.audit.note_response(json);
  std::string response = writer.take();
  response.append(json);
  if (const error_code error = co_await client.write(response)) {
    co_return fail(client_is_gone());
  }
  co_return Result<void>();
}

std::string success_status(const ProxiedRequest& request) {
  const std::string& name =
      request.facts && !request.facts->name.empty() ? request.facts->name : request.info.name;
  std::string json =
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{)";
  if (!name.empty()) {
    json += "\"name\":";
    kube::append_json_string(json, name);
    json += ',';
  }
  if (!request.info.api_group.empty()) {
    json += "\"group\":";
    kube::append_json_string(json, request.info.api_group);
    json += ',';
  }
  json += "\"kind\":";
  kube::append_json_string(json, request.info.resource);
  json += "}}\n";
  return json;
}

kube::Status client_is_gone() {
  return kube::Status::bad_request("the client is gone");
}

}  // namespace postern::proxy
