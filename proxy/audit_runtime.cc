#include "proxy/audit_runtime.h"

#include "proxy/audit/event.h"
#include "proxy/audit_policy_file.h"
#include "proxy/upstream/request_builder.h"

#include <chrono>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::string_view kWhat = "the audit policy";
constexpr std::string_view kGroup = "access.postern.dev";
constexpr std::string_view kVersion = "v1alpha1";
constexpr std::chrono::seconds kLastWrites{5};

audit::SinkOptions sink_options(const AuditConfiguration& configuration) {
  audit::SinkOptions options;
  options.file.path = configuration.path;
  options.file.max_bytes = configuration.max_size;
  options.file.max_backups = configuration.max_backups;
  options.file.max_age = std::chrono::duration_cast<std::chrono::seconds>(configuration.max_age);
  options.queue_bytes = configuration.queue_size;
  return options;
}

/// Who does what happens because time passes or a file changes.
const rbac::UserInfo& postern_itself() {
  static const rbac::UserInfo user{"system:postern", {}, ""};
  return user;
}

std::string path_of(const access::AuditRecord& record) {
  std::string path("/apis/");
  path.append(kGroup).append("/").append(kVersion).append("/").append(record.resource);
  if (!record.name.empty()) path.append("/").append(record.name);
  if (!record.subresource.empty()) path.append("/").append(record.subresource);
  return path;
}

}  // namespace

AuditRuntime::AuditRuntime(const AuditConfiguration& configuration, Log& log, Metrics& metrics)
    : configuration_(configuration), report_(metrics, log) {}

Loaded<void> AuditRuntime::open() {
  if (!configuration_.enabled) return {};
  ConfigErrors errors;
  if (auto loaded = load_policy(); !loaded) errors = std::move(loaded.error());
  sink_.emplace(sink_options(configuration_), report_.log(), report_.metrics());
  if (auto fault = sink_->open()) {
    errors.push_back({"", 0, 0, "audit.path", std::move(*fault)});
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  log_.emplace(audit::AuditLog{.sink = *sink_,
                               .policy = policy_,
                               .refuses = configuration_.on_failure == AuditConfiguration::kRefuse,
                               .waits = configuration_.delivery == AuditConfiguration::kWritten});
  return {};
}

void AuditRuntime::start() {
  if (log_) sink_->start();
}

bool AuditRuntime::stop() {
  return !log_ || sink_->stop(kLastWrites);
}

std::vector<std::string> AuditRuntime::policy_files() const {
  const bool none = !configuration_.enabled || configuration_.policy_file.empty();
  return none ? std::vector<std::string>() : std::vector<std::string>{configuration_.policy_file};
}

Loaded<void> AuditRuntime::load_policy() {
  if (configuration_.policy_file.empty()) {
    policy_.publish(std::make_shared<const audit::Policy>(audit::built_in_policy()));
    return {};
  }
  auto loaded = load_audit_policy(configuration_.policy_file);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  policy_.publish(std::make_shared<const audit::Policy>(std::move(*loaded)));
  report_.succeeded(ReloadKind::kAuditPolicy, kWhat);
  return {};
}

void AuditRuntime::reload_policy() {
  if (auto loaded = load_policy(); !loaded) {
    report_.failed(ReloadKind::kAuditPolicy, kWhat, loaded.error());
  }
}

void AuditRuntime::reopen() {
  if (log_) sink_->reopen();
}

void AuditRuntime::add_health_check(HealthRegistry& health) {
  if (!log_ || !log_->refuses) return;
  health.add_ready("audit-log", [this]() -> std::optional<std::string> {
    if (auto fault = sink_->fault()) return fault;
    return sink_->admits() ? std::nullopt
                           : std::optional<std::string>("too many events wait to be written");
  });
}

access::AuditHook AuditRuntime::hook() {
  if (!configuration_.enabled) return {};
  return [this](const access::AuditRecord& record) { tell(record); };
}

void AuditRuntime::tell(const access::AuditRecord& record) {
  const bool own = record.caller.user.name.empty() && record.caller.audit_id.empty();
  const rbac::UserInfo* user = own                               ? &postern_itself()
                               : record.caller.user.name.empty() ? nullptr
                                                                 : &record.caller.user;
  const auto config = policy_.load()->evaluate({.user = user,
                                                .verb = record.verb,
                                                .is_resource_request = true,
                                                .api_group = kGroup,
                                                .resource = record.resource,
                                                .subresource = record.subresource,
                                                .namespace_ = {},
                                                .name = record.name,
                                                .path = {}});
  if (!config.wants(audit::Stage::kResponseComplete)) return;
  const std::string path = path_of(record);
  const std::string id = own ? make_audit_id() : record.caller.audit_id;
  const std::string detail_key = "audit.postern.dev/" + std::string(record.detail_key);
  const std::string detail = redact(record.detail);
  const audit::Annotation annotations[] = {
      {"audit.postern.dev/event", record.event},
      {"audit.postern.dev/session", record.caller.session},
      {detail_key, record.detail_key.empty() ? std::string_view() : std::string_view(detail)}};
  audit::Event event;
  event.level = audit::Level::kMetadata;
  event.audit_id = id;
  event.request_uri = path;
  event.verb = record.verb;
  event.user = user;
  event.source_ip = record.caller.address;
  event.object = {.resource = record.resource,
                  .namespace_ = {},
                  .name = record.name,
                  .uid = {},
                  .api_group = kGroup,
                  .api_version = kVersion,
                  .subresource = record.subresource};
  event.code = record.event == "login.fail" ? 401 : 200;
  event.received = record.time;
  event.stage_time = record.time;
  event.annotations = annotations;
  std::string line;
  audit::append_event(line, event);
  sink_->push(line, event.level);
}

}  // namespace postern::proxy
