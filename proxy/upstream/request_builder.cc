#include "proxy/upstream/request_builder.h"

#include "proxy/http/codec.h"
#include "proxy/http/trace_context.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <openssl/rand.h>
#include <stdexcept>

// Tested by tests/proxy/upstream/request_builder_test.cc
namespace postern::proxy {
namespace {

/// The client's fields that pass whatever the call is.
constexpr std::array<std::string_view, 3> kAlwaysFromClient{"User-Agent", "Kubectl-Command",
                                                            "Kubectl-Session"};
/// Those that pass where the answer's body does.
constexpr std::array<std::string_view, 3> kWithBodyUntouched{"Accept-Encoding", "If-None-Match",
                                                             "If-Modified-Since"};

/// Longer values than any client has are left out, so that what upstream has to read stays bounded.
constexpr std::size_t kMaxValue = 8 * 1024;

bool is_plain_text(std::string_view value) {
  return !value.empty() && value.size() <= kMaxValue &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

void copy_field(const http::Fields& from, std::string_view name, http::HeadWriter& out) {
  if (from.count(name) != 1) return;
  const auto value = from.get(name);
  if (value && is_plain_text(*value)) out.field(name, *value);
}

void write_negotiation(const RequestPlan& plan, http::HeadWriter& out) {
  if (plan.accept) {
    out.field("Accept", *plan.accept);
  } else if (plan.client != nullptr) {
    copy_field(*plan.client, "Accept", out);
  }
  if (plan.body_is_read || plan.client == nullptr) out.field("Accept-Encoding", "identity");
}

/// A broken trace context is left out whole, as W3C Trace Context wants it.
void write_trace_context(const http::Fields& client, http::HeadWriter& out) {
  if (http::trace_id(client).empty()) return;
  out.field("traceparent", *client.get("traceparent"));
  const auto state = client.get("tracestate");
  if (state && client.count("tracestate") == 1 && http::is_tracestate(*state)) {
    out.field("tracestate", *state);
  }
}

void write_client_fields(const RequestPlan& plan, http::HeadWriter& out) {
  if (plan.client == nullptr) return;
  for (const std::string_view name : kAlwaysFromClient) copy_field(*plan.client, name, out);
  write_trace_context(*plan.client, out);
  if (plan.body.kind != RequestBody::Kind::kNone) copy_field(*plan.client, "Content-Type", out);
  if (plan.body_is_read) return;
  for (const std::string_view name : kWithBodyUntouched) copy_field(*plan.client, name, out);
}

void write_framing(const RequestPlan& plan, http::HeadWriter& out) {
  const bool expects_body = plan.method == "POST" || plan.method == "PUT" || plan.method == "PATCH";
  switch (plan.body.kind) {
    case RequestBody::Kind::kLength:
      out.content_length(plan.body.length);
      return;
    case RequestBody::Kind::kChunked:
      out.chunked();
      return;
    case RequestBody::Kind::kNone:
      if (expects_body && plan.upgrade == nullptr) out.content_length(0);
      return;
  }
}

void write_fields(const HeaderFields& fields, http::HeadWriter& out) {
  for (const auto& [name, value] : fields) out.field(name, value);
}

bool has_identity(const HeaderFields* fields) {
  return fields != nullptr && !fields->empty() && fields->front().first == "Impersonate-User" &&
         !fields->front().second.empty();
}

/// Random bytes for many IDs at once: what OpenSSL does around a call takes longer than the bytes.
class RandomBytes {
 public:
  std::array<unsigned char, 16> take() {
    if (used_ == bytes_.size()) refill();
    std::array<unsigned char, 16> taken{};
    std::memcpy(taken.data(), bytes_.data() + used_, taken.size());
    used_ += taken.size();
    return taken;
  }

 private:
  void refill() {
    if (RAND_bytes(bytes_.data(), static_cast<int>(bytes_.size())) != 1) {
      throw std::runtime_error("no random numbers");
    }
    used_ = 0;
  }

  std::array<unsigned char, 1024> bytes_{};
  std::size_t used_ = bytes_.size();
};

}  // namespace

Result<std::string> build_request_head(const RequestPlan& plan) {
  if (!has_identity(plan.impersonation)) {
    return fail(kube::Status::internal("this call was not sent to the cluster: it has no user"));
  }
  if (plan.upgrade != nullptr && plan.body.kind != RequestBody::Kind::kNone) {
    throw std::logic_error("an upgrade has no body");
  }
  std::string target;
  target.reserve(plan.path.size() + 1 + plan.query.size());
  target.append(plan.path);
  if (!plan.query.empty()) target.append("?").append(plan.query);

  http::HeadWriter out = http::HeadWriter::request(plan.method, target);
  out.field("Host", plan.host);
  write_negotiation(plan, out);
  write_client_fields(plan, out);
  if (plan.upgrade != nullptr) write_fields(upgrade_fields(*plan.upgrade), out);
  write_framing(plan, out);
  if (!plan.client_address.empty()) out.field("X-Forwarded-For", plan.client_address);
  out.field("Audit-ID", plan.audit_id);
  if (plan.authorization) out.field("Authorization", *plan.authorization);
  write_fields(*plan.impersonation, out);
  return out.take();
}

std::string make_audit_id() {
  thread_local RandomBytes random;
  std::array<unsigned char, 16> bytes = random.take();
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U);  // version 4, RFC 9562 §5.4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[bytes[i] >> 4U];
    text += kHex[bytes[i] & 0xFU];
  }
  return text;
}

}  // namespace postern::proxy
