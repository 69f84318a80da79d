#include "proxy/session/access_answer.h"

#include "kube/text.h"
#include "proxy/session/answer.h"
#include "proxy/session/worker_state.h"
#include "rbac/request/sha256.h"

#include <algorithm>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kMaxWarning = 256;
constexpr std::size_t kMaxWarnings = 16;
constexpr std::size_t kMaxCounted = std::size_t{8} * 1024 * 1024;

/// RFC 9111 §5.5 as Kubernetes uses it: `299 - "text"`. In ASCII, because fields are.
std::string warning_field(std::string_view text) {
  std::string field = "299 - \"";
  const std::string shown = kube::printable(text.substr(0, kMaxWarning));
  for (const char c : shown) {
    if (c == '"' || c == '\\') field += '\\';
    field += c >= 0x20 && c < 0x7F ? c : '?';
  }
  return field + '"';
}

std::string etag_of(std::string_view body) {
  std::string etag = "\"";
  etag += rbac::request::sha256_hex(body);
  return etag + '"';
}

bool has_already(const ProxiedRequest& request, const std::string& etag) {
  const auto condition = request.head.fields.get("if-none-match");
  return condition && (*condition == "*" || condition->find(etag) != std::string_view::npos);
}

}  // namespace

Task<Result<void>> send_own(ClientConnection& client, ProxiedRequest& request,
                            const OwnAnswer& answer) {
  auto writer = http::HeadWriter::response(answer.code);
  if (answer.code != 304) writer.field("Content-Type", answer.content_type);
  writer.field("X-Content-Type-Options", "nosniff").field("Audit-Id", request.audit_id);
  writer.field("Cache-Control", "no-cache, private");
  if (!answer.etag.empty()) writer.field("ETag", answer.etag).field("Vary", "Accept");
  for (std::size_t i = 0; i < std::min(answer.warnings.size(), kMaxWarnings); ++i) {
    writer.field("Warning", warning_field(answer.warnings[i]));
  }
  settle_connection(writer, request);
  if (answer.code != 304) writer.content_length(answer.body.size());
  // While its client takes its time, a large answer counts as the user's; one is always let out.
  BodyHold hold(request.worker->shared().body_memory, request.user.name);
  if (!hold.grow_to(std::min(answer.body.size(), kMaxCounted))) {
    co_return fail(too_much_waits());
  }
  request.code = answer.code;
  request.answer_started = true;
  request.audit.note_response(answer.body);
  std::string response = writer.take();
  response.append(answer.body);
  if (const error_code error = co_await client.write(response)) {
    co_return fail(client_is_gone());
  }
  co_return Result<void>();
}

Task<Result<void>> send_cacheable(ClientConnection& client, ProxiedRequest& request,
                                  std::string_view content_type, std::string_view body) {
  OwnAnswer answer{200, content_type, body, {}, etag_of(body)};
  if (has_already(request, answer.etag)) {
    answer.code = 304;
    answer.body = {};
  }
  co_return co_await send_own(client, request, answer);
}

}  // namespace postern::proxy
