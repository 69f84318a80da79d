#include "proxy/session/audit_request.h"

#include "proxy/net/event.h"
#include "proxy/session/audit_event.h"
#include "proxy/session/route.h"
#include "proxy/session/whole_body.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace postern::proxy {
namespace {

using audit::AuditLog;
using audit::Stage;

/// How long a request waits for a disk.
constexpr std::chrono::seconds kWriteTime{5};

kube::Status cannot_audit() {
  return kube::Status::internal(
      "the audit log cannot be written at present, and what cannot be audited is refused");
}

/// Requests that were refused before anybody looked at what they ask for.
void complete_info(ProxiedRequest& request) {
  if (!request.info.method.empty()) return;
  auto info =
      kube::parse_request_info(request.head.method, route_of(request.head.target, "").target);
  if (info) request.info = std::move(*info);
}

const audit::RequestConfig& config_of(WorkerState& state, ProxiedRequest& request) {
  if (!request.audit.config) {
    complete_info(request);
    const audit::Attributes attributes = audit_attributes(request);
    audit::RequestConfig config = state.audit_policy().evaluate(attributes);
    if (!audit::may_show_objects(attributes.api_group, attributes.resource,
                                 attributes.subresource)) {
      config.level = std::min(config.level, audit::Level::kMetadata);
    }
    request.audit.config = config;
  }
  return *request.audit.config;
}

audit::Sink::Ticket push(WorkerState& state, const ClientConnection& client,
                         ProxiedRequest& request, Stage stage) {
  RequestEvent event(client, request, stage);
  return state.shared().audit->sink.push(event.line(), event.event().level);
}

/// Waits until the event is written; false when it cannot be, or not in time.
Task<bool> wait_until_written(Worker& worker, audit::Sink& sink, audit::Sink::Ticket ticket) {
  struct Wait {
    Event* event;  // touched on the worker's thread only; nullptr when nobody waits any more
    bool written = false;
  };
  struct Guard {
    std::shared_ptr<Wait> wait;
    ~Guard() { wait->event = nullptr; }
  };
  Event done(worker.executor());
  const Guard guard{std::make_shared<Wait>(Wait{&done})};
  sink.when_written(ticket, [&worker, wait = guard.wait](bool written) {
    worker.post([wait, written] {
      wait->written = written;
      if (wait->event != nullptr) wait->event->set();
    });
  });
  Deadline limit(worker.deadlines(), [&done] { done.set(); });
  limit.expires_after(kWriteTime);
  co_await done.wait();
  co_return guard.wait->written;
}

bool has_small_body(const ProxiedRequest& request) {
  return !request.body && !request.upgrade && request.head.framing == http::Framing::kLength &&
         request.head.content_length > 0 && request.head.content_length <= audit::kMaxObjectBytes &&
         !request.head.fields.get("content-encoding");
}

/// Why a body that the policy wants is in no event; "": there is none. Named in docs/audit.md.
std::string_view omission(const ProxiedRequest& request) {
  if (request.upgrade || request.head.framing == http::Framing::kNone) return "";
  if (request.body) {
    if (request.body->empty()) return "";
    return request.body->size() > audit::kMaxObjectBytes ? "too large" : "not a JSON object";
  }
  if (request.head.framing != http::Framing::kLength) return "of unknown length";
  if (request.head.content_length == 0) return "";
  return request.head.content_length > audit::kMaxObjectBytes ? "too large" : "compressed";
}

/// The request's object, where the policy wants it and the body can be had.
Task<Result<void>> take_object(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request) {
  if (has_small_body(request)) {
    auto taken = co_await take_body(state, client, request);
    if (!taken) co_return taken;
  }
  if (request.body) {
    auto object = audit::object_text(*request.body, request.audit.config->omit_managed_fields);
    if (object) request.audit.request_object = std::move(*object);
  }
  if (request.audit.request_object.empty()) request.audit.object_omitted = omission(request);
  co_return Result<void>();
}

}  // namespace

Settled audit_received_now(WorkerState& state, ProxiedRequest& request) {
  const AuditLog* log = state.shared().audit;
  if (log == nullptr) return Result<void>();
  const audit::RequestConfig& config = config_of(state, request);
  if (config.level == audit::Level::kNone) return Result<void>();
  if (!log->lets_begin()) return fail(cannot_audit());
  request.audit.wants_response = config.level == audit::Level::kRequestResponse;
  const bool is_more = config.level >= audit::Level::kRequest;
  if (is_more || config.wants(Stage::kRequestReceived)) return std::nullopt;
  return Result<void>();
}

Task<Result<void>> audit_received(WorkerState& state, ClientConnection& client,
                                  ProxiedRequest& request) {
  if (auto settled = audit_received_now(state, request)) co_return std::move(*settled);
  const AuditLog* log = state.shared().audit;
  const audit::RequestConfig& config = config_of(state, request);
  if (config.level >= audit::Level::kRequest) {
    if (auto taken = co_await take_object(state, client, request); !taken) {
      co_return fail(std::move(taken.error()));
    }
  }
  if (!config.wants(Stage::kRequestReceived)) co_return Result<void>();
  const auto ticket = push(state, client, request, Stage::kRequestReceived);
  if (!log->refuses) co_return Result<void>();
  if (ticket == 0) co_return fail(cannot_audit());
  if (!log->waits) co_return Result<void>();
  request.waited = true;
  const bool written = co_await wait_until_written(state.worker(), log->sink, ticket);
  co_return written ? Result<void>() : Result<void>(fail(cannot_audit()));
}

kube::Status auditable_refusal(WorkerState& state, ProxiedRequest& request, kube::Status status) {
  const AuditLog* log = state.shared().audit;
  if (log != nullptr && !log->lets_begin() &&
      config_of(state, request).level != audit::Level::kNone) {
    return cannot_audit();
  }
  return status;
}

void audit_started(WorkerState& state, const ClientConnection& client, ProxiedRequest& request) {
  if (state.shared().audit != nullptr && config_of(state, request).wants(Stage::kResponseStarted)) {
    push(state, client, request, Stage::kResponseStarted);
  }
}

void audit_complete(WorkerState& state, const ClientConnection& client, ProxiedRequest& request) {
  if (state.shared().audit == nullptr ||
      !config_of(state, request).wants(Stage::kResponseComplete)) {
    return;
  }
  if (!request.audit.response.empty()) {
    request.audit.response =
        audit::object_text(request.audit.response, request.audit.config->omit_managed_fields)
            .value_or("");
  }
  push(state, client, request, Stage::kResponseComplete);
}

void audit_panic(WorkerState& state, const ClientConnection& client, ProxiedRequest& request) {
  if (state.shared().audit == nullptr || !config_of(state, request).wants(Stage::kPanic)) return;
  if (request.code == 0) request.code = 500;
  request.audit.response.clear();
  push(state, client, request, Stage::kPanic);
}

void audit_part(WorkerState& state, const ProxiedRequest& request, RequestEvent& event) {
  const bool wanted = request.audit.config && request.audit.config->wants(Stage::kResponseComplete);
  if (state.shared().audit != nullptr && wanted) {
    state.shared().audit->sink.push(event.line(), event.event().level);
  }
}

}  // namespace postern::proxy
