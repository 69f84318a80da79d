#include "proxy/observe/metrics.h"

#include "proxy/observe/held_memory.h"
#include "proxy/observe/metric_families.h"
#include "proxy/observe/process_collector.h"

#include <prometheus/text_serializer.h>
#include <sstream>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kMaxFilterReasons = 64;

template <typename Enum>
constexpr std::size_t at(Enum value) {
  return static_cast<std::size_t>(value);
}

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

double unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

constexpr const char* name(ReloadKind kind) {
  switch (kind) {
    case ReloadKind::kPolicy:
      return "policy";
    case ReloadKind::kTokens:
      return "tokens";
    case ReloadKind::kClientCA:
      return "client_ca";
    case ReloadKind::kServingCertificate:
      return "serving_certificate";
    case ReloadKind::kKubeconfig:
      return "kubeconfig";
    case ReloadKind::kAuditPolicy:
      return "audit_policy";
  }
  return "other";
}

constexpr const char* name(CertificateUse use) {
  switch (use) {
    case CertificateUse::kServing:
      return "serving";
    case CertificateUse::kServingCA:
      return "serving_ca";
    case CertificateUse::kClientCA:
      return "client_ca";
    case CertificateUse::kClusterClientCA:
      return "cluster_client_ca";
  }
  return "other";
}

/// As families for a scrape.
std::vector<prometheus::MetricFamily> held_memory() {
  const auto gauge = [](std::string name, std::string help) {
    return prometheus::MetricFamily{
        std::move(name), std::move(help), prometheus::MetricType::Gauge, {}};
  };
  auto held = gauge("postern_held_bytes", "Memory that requests hold at the moment.");
  auto limit = gauge("postern_held_limit_bytes", "How much all requests together may hold of it.");
  for (const HeldMemory::Reading& reading : HeldMemory::readings()) {
    prometheus::ClientMetric metric;
    metric.label = {{"of", reading.of}};
    metric.gauge.value = static_cast<double>(reading.used);
    held.metric.push_back(metric);
    metric.gauge.value = static_cast<double>(reading.limit);
    limit.metric.push_back(metric);
  }
  return {std::move(held), std::move(limit)};
}

}  // namespace

GaugeHold::GaugeHold(prometheus::Gauge& gauge) : gauge_(&gauge) {
  gauge.Increment();
}
GaugeHold::GaugeHold(GaugeHold&& other) noexcept : gauge_(std::exchange(other.gauge_, nullptr)) {}
GaugeHold& GaugeHold::operator=(GaugeHold&& other) noexcept {
  if (this != &other) {
    release();
    gauge_ = std::exchange(other.gauge_, nullptr);
  }
  return *this;
}
GaugeHold::~GaugeHold() {
  release();
}
void GaugeHold::release() {
  if (gauge_ != nullptr) std::exchange(gauge_, nullptr)->Decrement();
}

Metrics::Metrics()
    : registry_(std::make_unique<prometheus::Registry>()),
      process_(std::make_unique<ProcessCollector>()),
      families_(std::make_unique<Families>(*registry_)) {}
Metrics::~Metrics() = default;

GaugeHold Metrics::connection(ConnectionState state) {
  return GaugeHold(*families_->connections.at(at(state)));
}
void Metrics::connection_rejected(RejectReason reason) {
  families_->rejected.at(at(reason))->Increment();
}
void Metrics::tls_handshake_error() {
  families_->tls_handshake_errors->Increment();
}
void Metrics::protocol_error(ProtocolError error) {
  families_->protocol_errors.at(at(error))->Increment();
}
void Metrics::response_cut(CutReason reason) {
  families_->cuts.at(at(reason))->Increment();
}
void Metrics::request_failed() {
  families_->outcomes.at(at(RequestOutcome::kError))->Increment();
}

GaugeHold Metrics::inflight(RequestKind kind) {
  return GaugeHold(*families_->inflight.at(at(kind)));
}
GaugeHold Metrics::long_running(LongRunning verb) {
  return GaugeHold(*families_->long_running.at(at(verb)));
}
void Metrics::overhead(std::chrono::nanoseconds duration) {
  families_->overhead->Observe(seconds(duration));
}
void Metrics::stream_bytes(LongRunning kind, StreamDirection direction, std::uint64_t bytes) {
  families_->stream_bytes.at(at(kind)).at(at(direction))->Increment(static_cast<double>(bytes));
}

void Metrics::authentication(AuthenticatorKind authenticator, AuthenticationResult result) {
  families_->authentications.at(at(authenticator)).at(at(result))->Increment();
}
void Metrics::authentication_took(AuthenticationResult result, std::chrono::nanoseconds duration) {
  families_->authentication_duration.at(at(result))->Observe(seconds(duration));
}
void Metrics::token_cache(bool hit) {
  families_->token_cache.at(hit ? 1 : 0)->Increment();
}
void Metrics::session_lookup(SessionLookup result) {
  families_->session_lookups.at(at(result))->Increment();
}
void Metrics::authorization(DecisionLabel decision) {
  families_->decisions.at(at(decision))->Increment();
}
void Metrics::grants_outlived(std::size_t count) {
  families_->grants_outlived->Increment(static_cast<double>(count));
}

void Metrics::filter_failed(std::string_view reason) {
  std::string label(reason);
  {
    const std::lock_guard lock(families_->filter_reasons_mutex);
    auto& known = families_->filter_reasons;
    if (!known.contains(label)) {
      if (known.size() < kMaxFilterReasons) {
        known.insert(label);
      } else {
        label = "other";
      }
    }
  }
  families_->filter_failures.Add({{"reason", label}}).Increment();
}

void Metrics::access_requests(RequestStateLabel state, int more) {
  families_->access_requests.at(at(state))->Increment(more);
}
void Metrics::access_sessions(std::size_t count) {
  families_->access_sessions->Set(static_cast<double>(count));
}
void Metrics::access_request_created() {
  families_->access_requests_created->Increment();
}
void Metrics::access_request_reviewed(ReviewDecision decision) {
  families_->access_request_reviews.at(at(decision))->Increment();
}
void Metrics::access_request_resolved(RequestResolution result, std::chrono::nanoseconds waited) {
  families_->access_request_resolutions.at(at(result))->Increment();
  if (result == RequestResolution::kApproved || result == RequestResolution::kDenied) {
    families_->access_request_wait->Observe(seconds(waited));
  }
}
void Metrics::oldest_pending_request(std::optional<std::chrono::system_clock::time_point> created) {
  families_->oldest_pending_request->Set(created ? unix_seconds(*created) : 0);
}
void Metrics::store_write_failed() {
  families_->store_write_errors->Increment();
}
void Metrics::store_object_refused() {
  families_->store_objects_refused->Increment();
}
void Metrics::leads(bool leads) {
  families_->leader->Set(leads ? 1 : 0);
}

void Metrics::audit_event(AuditLevelLabel level) {
  families_->audit_events.at(at(level))->Increment();
}
void Metrics::audit_dropped() {
  families_->audit_dropped->Increment();
}
void Metrics::audit_failed() {
  families_->audit_errors->Increment();
}
void Metrics::audit_queue(std::size_t bytes) {
  families_->audit_queue->Set(static_cast<double>(bytes));
}

void Metrics::reloaded(ReloadKind kind, bool success, std::chrono::system_clock::time_point now) {
  families_->reloads.at(at(kind)).at(success ? 0 : 1)->Increment();
  families_->reload_successful.Add({{"kind", name(kind)}}).Set(success ? 1 : 0);
  if (success) families_->reload_timestamps.Add({{"kind", name(kind)}}).Set(unix_seconds(now));
}
void Metrics::configuration_in_force(const std::string& digest) {
  const std::lock_guard lock(families_->configuration_mutex);
  if (families_->configuration != nullptr) {
    families_->configuration_info.Remove(families_->configuration);
  }
  families_->configuration = &families_->configuration_info.Add({{"hash", digest}});
  families_->configuration->Set(1);
}
void Metrics::certificate_expires(CertificateUse use,
                                  std::chrono::system_clock::time_point not_after) {
  families_->certificate_expiration.Add({{"use", name(use)}}).Set(unix_seconds(not_after));
  const std::lock_guard lock(families_->certificates_mutex);
  families_->certificate_ends[name(use)] = not_after;
}
std::map<std::string, std::chrono::system_clock::time_point> Metrics::certificate_ends() const {
  const std::lock_guard lock(families_->certificates_mutex);
  return families_->certificate_ends;
}
void Metrics::health_check(std::string_view check, bool healthy) {
  families_->health_checks.Add({{"name", std::string(check)}}).Set(healthy ? 1 : 0);
}
void Metrics::log_message(LogLevel level) {
  families_->log_messages.at(at(level))->Increment();
}
void Metrics::log_suppressed(std::uint64_t count) {
  families_->log_suppressed->Increment(static_cast<double>(count));
}

std::string Metrics::serialize() const {
  auto collected = registry_->Collect();
  auto process = process_->Collect();
  collected.insert(collected.end(), std::make_move_iterator(process.begin()),
                   std::make_move_iterator(process.end()));
  auto held = held_memory();
  collected.insert(collected.end(), std::make_move_iterator(held.begin()),
                   std::make_move_iterator(held.end()));
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, collected);
  return std::move(out).str();
}

}  // namespace postern::proxy
