#include "proxy/session/audit_event.h"

#include "kube/text.h"
#include "proxy/access/state/session_table.h"
#include "proxy/audit/redact_uri.h"
#include "proxy/http/trace_context.h"
#include "proxy/observe/log.h"
#include "proxy/session/worker_state.h"
#include "rbac/explain.h"

#include <algorithm>
#include <utility>

// Tested by tests/e2e/test_audit.py
namespace postern::proxy {
namespace {

constexpr std::size_t kUsualAnnotations = 12;
constexpr std::size_t kUsualLine = 2048;

/// Whom the request is made as at the API server; nullptr: not decided, or nothing goes there.
const rbac::Principals* principals_of(const ProxiedRequest& request) {
  if (request.decision.verdict == rbac::Verdict::kDeny) return nullptr;
  if (!request.shares.empty()) return &request.principals();
  const auto& shares = request.decision.shares;
  return shares.size() == 1 ? &shares.front().principals : nullptr;
}

/// Calls `visit` with the shares of the decision whose rules count.
template <typename Visit>
void for_each_counted_share(const ProxiedRequest& request, const Visit& visit) {
  const std::vector<rbac::Share>& shares = request.decision.shares;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const bool counts =
        request.shares.empty() ||
        std::find(request.shares.begin(), request.shares.end(), i) != request.shares.end();
    if (counts) visit(shares[i]);
  }
}

/// Adds a name to the list, each once. There are few.
void add_name(std::vector<std::string_view>& names, std::string_view name) {
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
  names.push_back(name);
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ",").append(name);
  return text;
}

/// Names of the roles whose rules count.
std::string roles_of(const ProxiedRequest& request) {
  std::vector<std::string_view> names;
  for_each_counted_share(request, [&names](const rbac::Share& share) {
    for (const std::string& role : share.roles) add_name(names, role);
  });
  return joined(names);
}

/// Names of the access requests that it rests on: that of the principals first.
std::string grants_of(const ProxiedRequest& request) {
  std::vector<std::string_view> names;
  for_each_counted_share(request,
                         [&names](const rbac::Share& share) { add_name(names, share.grant); });
  add_name(names, request.decision.shares.empty() ? request.decision.grant : std::string_view());
  return joined(names);
}

std::string_view requested_resource(const kube::Status& status) {
  for (const kube::StatusCause& cause : status.causes) {
    if (cause.type == "ResourceID") return cause.message;
  }
  return {};
}

std::string count_text(bool there, std::uint64_t count) {
  return there ? std::to_string(count) : std::string();
}

/// In kube-apiserver's words; "" where nothing was decided.
std::string_view decision_word(const ProxiedRequest& request) {
  if (request.decision.verdict != rbac::Verdict::kDeny) return "allow";
  if (request.code == 403) return "forbid";
  const bool own_api = request.cluster == nullptr && !request.user.name.empty();
  return own_api && request.code >= 200 && request.code < 300 ? "allow" : "";
}

}  // namespace

audit::Attributes audit_attributes(const ProxiedRequest& request) {
  const kube::RequestInfo& info = request.info;
  return {.user = request.user.name.empty() ? nullptr : &request.user,
          .verb = info.verb,
          .is_resource_request = info.is_resource_request,
          .api_group = info.api_group,
          .resource = info.resource,
          .subresource = info.subresource,
          .namespace_ = info.namespace_,
          .name = info.name,
          .path = info.path};
}

RequestEvent::RequestEvent(const ClientConnection& client, const ProxiedRequest& request,
                           audit::Stage stage)
    : client_(client),
      request_(request),
      uri_(audit::redact_uri(request.head.target)),
      user_agent_(redact(request.head.fields.get("user-agent").value_or(""))) {
  event_.level = request.audit.config ? request.audit.config->level : audit::Level::kMetadata;
  event_.stage = stage;
  event_.stage_time = std::chrono::system_clock::now();
  annotations_.reserve(kUsualAnnotations);
  describe_request();
  describe_decision();
  if (stage != audit::Stage::kRequestReceived) describe_answer();
}

void RequestEvent::annotate(std::string_view key, std::string_view value) {
  if (!value.empty()) annotations_.push_back({key, value});
}

void RequestEvent::annotate_made(std::string_view key, std::string value) {
  if (!value.empty()) annotate(key, made_.emplace_back(std::move(value)));
}

void RequestEvent::describe_request() {
  const kube::RequestInfo& info = request_.info;
  event_.audit_id = request_.audit_id;
  event_.request_uri = uri_;
  event_.verb = info.verb;
  if (info.verb.empty()) event_.verb = made_.emplace_back(kube::ascii_lower(request_.head.method));
  event_.user = request_.user.name.empty() ? nullptr : &request_.user;
  event_.source_ip = client_.peer_address();
  event_.user_agent = user_agent_;
  event_.received = request_.received;
  event_.request_object = request_.audit.request_object;
  annotate("audit.postern.dev/request-object-omitted", request_.audit.object_omitted);
  if (!info.is_resource_request) return;
  event_.object = {.resource = info.resource,
                   .namespace_ = info.namespace_,
                   .name = info.name,
                   .uid = {},
                   .api_group = info.api_group,
                   .api_version = info.api_version,
                   .subresource = info.subresource};
  if (info.name.empty() && request_.facts) event_.object.name = request_.facts->name;
}

void RequestEvent::describe_decision() {
  const rbac::Decision& decision = request_.decision;
  annotate("authorization.k8s.io/decision", decision_word(request_));
  annotate("authorization.k8s.io/reason", decision.explanation);
  event_.impersonated = principals_of(request_);
  event_.access_request = request_.shares.empty() ? decision.grant : request_.grant();
  annotate_made("access.postern.dev/request", grants_of(request_));
  annotate_made("audit.postern.dev/roles", roles_of(request_));
  if (!decision.decided_by.role.empty()) {
    annotate_made("audit.postern.dev/rule",
                  decision.decided_by.role + ": " + rbac::rule_path(decision.decided_by));
  }
  if (decision.expires_at) {
    std::string until;
    audit::append_micro_time(until, *decision.expires_at);
    annotate_made("audit.postern.dev/expires", std::move(until));
  }
  if (request_.cluster != nullptr) {
    annotate("audit.postern.dev/kube-cluster", request_.cluster->identity.name);
  }
  if (request_.session != nullptr) annotate("audit.postern.dev/session", request_.session->id);
  annotate("audit.postern.dev/trace-id", http::trace_id(request_.head.fields));
}

void RequestEvent::describe_answer() {
  const RequestAudit& audit = request_.audit;
  event_.code = request_.code;
  // A refusal that came after the answer had begun is not what the client was told.
  if (audit.refusal && audit.refusal->code == request_.code) event_.status = &*audit.refusal;
  event_.response_object = audit.response;
  if (audit.refusal) {
    annotate("audit.postern.dev/requested-resource", requested_resource(*audit.refusal));
  }
  annotate("audit.postern.dev/cut", audit.cut);
  annotate_made("audit.postern.dev/items-kept", count_text(audit.filtered, audit.kept));
  annotate_made("audit.postern.dev/items-dropped", count_text(audit.filtered, audit.dropped));
  const bool tunnel = request_.code == 101 && event_.stage == audit::Stage::kResponseComplete;
  annotate_made("audit.postern.dev/bytes-to-client", count_text(tunnel, audit.bytes_to_client));
  annotate_made("audit.postern.dev/bytes-to-upstream", count_text(tunnel, audit.bytes_to_upstream));
}

const std::string& RequestEvent::line() {
  event_.annotations = annotations_;
  line_.clear();
  line_.reserve(kUsualLine);
  audit::append_event(line_, event_);
  return line_;
}

}  // namespace postern::proxy
