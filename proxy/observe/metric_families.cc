#include "proxy/observe/metric_families.h"

#include "proxy/observe/version.h"

#include <initializer_list>

namespace postern::proxy {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

using Names = std::initializer_list<const char*>;

/// One handle for each value of a label, in the order of its enumeration.
template <typename Metric, std::size_t Count>
void resolve(Handles<Metric, Count>& handles, Family<Metric>& family, const char* label,
             const char* const (&values)[Count], const prometheus::Labels& others = {}) {
  for (std::size_t i = 0; i < Count; ++i) {
    prometheus::Labels labels = others;
    labels[label] = values[i];
    handles[i] = &family.Add(labels);
  }
}

template <typename Metric, std::size_t Outer, std::size_t Inner>
void resolve(std::array<Handles<Metric, Inner>, Outer>& handles, Family<Metric>& family,
             const char* outer, const char* const (&outer_values)[Outer], const char* inner,
             const char* const (&inner_values)[Inner]) {
  for (std::size_t i = 0; i < Outer; ++i) {
    resolve(handles[i], family, inner, inner_values, {{outer, outer_values[i]}});
  }
}

Family<Counter>& counter(Registry& registry, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& gauge(Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Histogram>& histogram(Registry& registry, const char* name, const char* help) {
  return BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

const Histogram::BucketBoundaries& request_duration_buckets() {
  static const Histogram::BucketBoundaries buckets = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8,
                                                      1,     1.25,  1.5,  2,   3,   4,   5,   6,
                                                      8,     10,    15,   20,  30,  45,  60};
  return buckets;
}

const Histogram::BucketBoundaries& overhead_buckets() {
  static const Histogram::BucketBoundaries buckets = {
      0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5, 10, 15, 30};
  return buckets;
}

const Histogram::BucketBoundaries& wait_buckets() {
  static const Histogram::BucketBoundaries buckets = {
      10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800};
  return buckets;
}

Metrics::Families::Families(Registry& registry)
    : requests(
          counter(registry, "postern_http_requests_total",
                  "Answered requests by verb, kind and status code; code \"none\": ended without "
                  "an answer.")),
      request_duration(
          histogram(registry, "postern_http_request_duration_seconds",
                    "Time from a request's head to the end of its answer, long-running "
                    "requests left out.")),
      filtered_objects(counter(registry, "postern_filtered_objects_total",
                               "Objects of filtered lists, tables and watches that were kept or "
                               "dropped.")),
      filter_failures(counter(registry, "postern_filter_failures_total",
                              "Bodies that could not be filtered and were withheld or cut.")),
      upstream_requests(counter(registry, "postern_upstream_requests_total",
                                "Answers of API servers by cluster and status code.")),
      upstream_duration(
          histogram(registry, "postern_upstream_request_duration_seconds",
                    "Time from a request's last byte to the API server's response head.")),
      upstream_connections(
          gauge(registry, "postern_upstream_connections", "Connections to API servers by state.")),
      connect_failures(counter(registry, "postern_upstream_connect_failures_total",
                               "Connections to API servers that could not be made.")),
      upstream_refused(counter(registry, "postern_upstream_refused_total",
                               "Requests refused at once because their cluster's API server "
                               "answers nobody.")),
      cluster_reachable(gauge(registry, "postern_cluster_reachable",
                              "Whether the cluster's API server answers postern: 1 or 0.")),
      discovery_refreshes(counter(registry, "postern_discovery_refresh_total",
                                  "Refreshes of a cluster's list of kinds.")),
      certificate_expiration(gauge(registry, "postern_certificate_expiration_timestamp_seconds",
                                   "When the certificate in use (the earliest of several) ends.")),
      reload_timestamps(gauge(registry, "postern_config_last_reload_success_timestamp_seconds",
                              "When a file of this kind was last loaded successfully.")),
      reload_successful(gauge(registry, "postern_config_last_reload_successful",
                              "Whether the last load of a file of this kind succeeded: 1 or 0.")),
      configuration_info(gauge(registry, "postern_config_info",
                               "The digest of the configuration in force; the value is always "
                               "1.")),
      health_checks(gauge(registry, "postern_healthcheck",
                          "Last result of a health check: 1 passed, 0 failed.")) {
  gauge(registry, "postern_build_info", "Which build this is; the value is always 1.")
      .Add({{"version", version()}, {"revision", revision()}})
      .Set(1);

  resolve(connections, gauge(registry, "postern_connections", "Client connections by state."),
          "state", {"handshake", "idle", "active"});
  resolve(rejected,
          counter(registry, "postern_connections_rejected_total",
                  "Client connections that were closed at once."),
          "reason", {"total_limit", "address_limit", "resources"});
  tls_handshake_errors = &counter(registry, "postern_tls_handshake_errors_total",
                                  "TLS handshakes of clients that failed.")
                              .Add({});
  resolve(protocol_errors,
          counter(registry, "postern_protocol_errors_total",
                  "Requests that were refused because they are no proper HTTP."),
          "reason",
          {"malformed_head", "head_too_large", "head_timeout", "bad_target", "body_framing",
           "body_timeout", "truncated", "upgrade"});
  resolve(cuts,
          counter(registry, "postern_responses_cut_total",
                  "Answers that were ended without their end, after the head had been sent."),
          "reason",
          {"upstream", "filter", "client_gone", "stalled", "grant_ended", "shutdown", "bug"});
  resolve(inflight,
          gauge(registry, "postern_inflight_requests",
                "Requests being served, long-running ones left out."),
          "kind", {"read_only", "mutating"});
  resolve(long_running,
          gauge(registry, "postern_longrunning_requests", "Open watches and streams."), "verb",
          {"watch", "log", "exec", "attach", "portforward", "proxy"});
  overhead = &histogram(registry, "postern_proxy_overhead_seconds",
                        "Time from a request's head until it is decided and ready to go upstream.")
                  .Add({}, overhead_buckets());
  resolve(
      stream_bytes,
      counter(registry, "postern_stream_bytes_total", "Bytes carried by long-running requests."),
      "kind", {"watch", "log", "exec", "attach", "portforward", "proxy"}, "direction",
      {"to_client", "to_upstream"});
  resolve(authentications,
          counter(registry, "postern_authentication_attempts_total",
                  "Requests by what proved who makes them; \"none\": no credential."),
          "authenticator",
          {"none", "x509", "token", "session", "union", "token_review", "cluster_x509"}, "result",
          {"success", "failure", "error"});
  auto& authentication_times =
      histogram(registry, "postern_authentication_duration_seconds",
                "Time until it is known who makes a request, reviews of tokens included.");
  const std::array<const char*, 3> results = {"success", "failure", "error"};
  for (std::size_t i = 0; i < results.size(); ++i) {
    authentication_duration[i] =
        &authentication_times.Add({{"result", results[i]}}, overhead_buckets());
  }
  resolve(token_cache,
          counter(registry, "postern_token_cache_requests_total",
                  "Looks into what clusters said of tokens: hit, or miss, after which the cluster "
                  "is asked."),
          "result", {"miss", "hit"});
  resolve(session_lookups,
          counter(registry, "postern_session_lookups_total",
                  "Looks for the session of a token of postern's own."),
          "result", {"hit", "miss", "expired", "malformed"});
  resolve(decisions,
          counter(registry, "postern_authorization_decisions_total", "Decisions on requests."),
          "decision", {"deny", "allow", "allow_filtered"});
  resolve(outcomes,
          counter(registry, "postern_http_request_outcomes_total",
                  "Requests by how they went; \"upstream_error\": by an API server's fault."),
          "outcome", {"ok", "upstream_error", "error"});
  grants_outlived = &counter(registry, "postern_grants_outlived_total",
                             "Streams that went on after the end of their access; none should.")
                         .Add({});
  resolve(reloads, counter(registry, "postern_config_reloads_total", "Loads of configured files."),
          "kind",
          {"policy", "tokens", "client_ca", "serving_certificate", "kubeconfig", "audit_policy"},
          "result", {"success", "failure"});
  resolve(access_requests,
          gauge(registry, "postern_access_requests", "Access requests that are kept, by state."),
          "state", {"pending", "approved", "denied", "revoked", "expired"});
  access_sessions =
      &gauge(registry, "postern_access_sessions", "Sessions that have not come to their end.")
           .Add({});
  access_requests_created =
      &counter(registry, "postern_access_requests_created_total", "Access requests that were made.")
           .Add({});
  resolve(access_request_reviews,
          counter(registry, "postern_access_request_reviews_total",
                  "Reviews of access requests by their decision."),
          "decision", {"approve", "deny", "revoke"});
  resolve(access_request_resolutions,
          counter(registry, "postern_access_request_resolutions_total",
                  "Access requests that ceased to be pending."),
          "result", {"approved", "denied", "expired", "deleted"});
  access_request_wait =
      &histogram(registry, "postern_access_request_wait_seconds",
                 "Time from the making of an access request until it was approved or denied.")
           .Add({}, wait_buckets());
  oldest_pending_request =
      &gauge(registry, "postern_access_request_oldest_pending_timestamp_seconds",
             "When the oldest pending access request was made; 0: none is pending.")
           .Add({});
  store_write_errors = &counter(registry, "postern_store_write_errors_total",
                                "Writes that the store of access requests could not keep.")
                            .Add({});
  store_objects_refused = &counter(registry, "postern_store_objects_refused_total",
                                   "Custom resources that were written or deleted past postern.")
                               .Add({});
  leader = &gauge(registry, "postern_leader", "1 while this replica keeps house.").Add({});
  resolve(audit_events,
          counter(registry, "postern_audit_events_total", "Audit events by the policy's level."),
          "level", {"Metadata", "Request", "RequestResponse"});
  audit_dropped = &counter(registry, "postern_audit_dropped_total",
                           "Audit events that were lost because the queue was full.")
                       .Add({{"sink", "file"}});
  audit_errors = &counter(registry, "postern_audit_errors_total",
                          "Writes to the audit log that failed; what they had is tried again.")
                      .Add({});
  audit_queue =
      &gauge(registry, "postern_audit_queue_bytes", "Audit events that are still to be written.")
           .Add({});
  resolve(log_messages, counter(registry, "postern_log_messages_total", "Log lines by level."),
          "level", {"debug", "info", "warn", "error"});
  log_suppressed = &counter(registry, "postern_log_suppressed_total",
                            "Log lines that were left out: repeated errors of one peer.")
                        .Add({});
}

}  // namespace postern::proxy
