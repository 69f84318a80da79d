#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
class Collectable;
template <typename T>
class Family;
}  // namespace prometheus

namespace postern::proxy {

// The values that labels may take. Every label is bounded: nothing that a client or an API server
// sends becomes a label value by itself (Prometheus, "Instrumentation": do not overuse labels).

enum class AuthenticatorKind {  ///< what proved who makes a request, or failed to
  kNone,
  kX509,
  kToken,
  kSession,
  kUnion,
  kTokenReview,
  kClusterX509  ///< by a cluster's own client CA
};
enum class AuthenticationResult { kSuccess, kFailure, kError };
/// What became of a session token of postern's own: in force here, unknown here, over, or no token
/// of that form at all.
enum class SessionLookup { kHit, kMiss, kExpired, kMalformed };
enum class DecisionLabel { kDeny, kAllow, kAllowFiltered };
enum class ConnectionState { kHandshake, kIdle, kActive };
enum class RejectReason { kTotalLimit, kAddressLimit, kResources };
enum class UpstreamConnectionState { kIdle, kLeased };
enum class ConnectFailure { kResolve, kConnect, kTimeout, kTls };
/// As kube-apiserver's `request_kind`: get, list and watch only read.
enum class RequestKind { kReadOnly, kMutating };
enum class LongRunning { kWatch, kLog, kExec, kAttach, kPortForward, kProxy };
enum class StreamDirection { kToClient, kToUpstream };
/// What a downstream peer got wrong about HTTP.
enum class ProtocolError {
  kMalformedHead,
  kHeadTooLarge,
  kHeadTimeout,
  kBadTarget,
  kBodyFraming,
  kBodyTimeout,
  kTruncated,
  kUpgrade
};
/// Why a response was cut after its head had been sent.
enum class CutReason { kUpstream, kFilter, kClientGone, kStalled, kGrantEnded, kShutdown, kBug };
enum class ReloadKind {  ///< of watched files
  kPolicy,
  kTokens,
  kClientCA,
  kServingCertificate,
  kKubeconfig,
  kAuditPolicy
};
/// As audit::Level, without None.
enum class AuditLevelLabel { kMetadata, kRequest, kRequestResponse };
/// How an answered request went. What an API server does wrong is not postern's failure.
enum class RequestOutcome { kOk, kUpstreamError, kError };
/// What reviewers, and those who take approvals back, decide.
enum class ReviewDecision { kApprove, kDeny, kRevoke };
/// How an access request ceased to be pending.
enum class RequestResolution { kApproved, kDenied, kExpired, kDeleted };
/// As rbac::request::State.
enum class RequestStateLabel { kPending, kApproved, kDenied, kRevoked, kExpired };
enum class CertificateUse { kServing, kServingCA, kClientCA, kClusterClientCA };
enum class LogLevel { kDebug, kInfo, kWarn, kError };

/// One more of something, until it is destroyed: `auto hold = metrics.connection(kIdle);`.
/// Move-only; safe from any thread.
class GaugeHold {
 public:
  GaugeHold() = default;
  explicit GaugeHold(prometheus::Gauge& gauge);
  GaugeHold(GaugeHold&& other) noexcept;
  GaugeHold& operator=(GaugeHold&& other) noexcept;
  ~GaugeHold();
  /// Ends it now.
  void release();

 private:
  prometheus::Gauge* gauge_ = nullptr;
};

/// Everything that the process counts, in one registry.
///
/// Handles of enumerated labels are resolved at construction: a call costs one atomic addition
/// (about 5 ns; histograms 15 ns and a short lock). All methods are safe from any thread and never
/// throw on the data path. Requests themselves are counted through a RequestMetrics
/// (request_metrics.h), one for each worker, which keeps the handles of the labels that it met;
/// what happens between postern and a kube cluster through its ClusterMetrics (cluster_metrics.h).
/// Must outlive every worker. Names and help texts: docs/metrics.md.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Downstream connections.
  GaugeHold connection(ConnectionState state);
  void connection_rejected(RejectReason reason);
  void tls_handshake_error();
  void protocol_error(ProtocolError error);
  void response_cut(CutReason reason);
  /// A request that ended in an exception: nothing else of it is counted.
  void request_failed();

  // Requests. `kind` and `verb` say which gauge the request is in while it runs.
  GaugeHold inflight(RequestKind kind);
  GaugeHold long_running(LongRunning verb);
  /// Time from a request's parsed head until it is decided and ready to go upstream. Requests that
  /// had to wait meanwhile (for a body, for a cluster's word) are not measured.
  void overhead(std::chrono::nanoseconds duration);
  void stream_bytes(LongRunning kind, StreamDirection direction, std::uint64_t bytes);

  // Decisions.
  void authentication(AuthenticatorKind authenticator, AuthenticationResult result);
  /// From a request's head until it is known who makes it, the cluster's review of its token
  /// included.
  void authentication_took(AuthenticationResult result, std::chrono::nanoseconds duration);
  /// A look into what is known of reviewed tokens.
  void token_cache(bool hit);
  void session_lookup(SessionLookup result);
  void authorization(DecisionLabel decision);
  /// Streams went on although the time of their access was over: an invariant is broken.
  void grants_outlived(std::size_t count);
  /// `reason` is FilterError::reason: static text. More than 64 different ones count as "other".
  void filter_failed(std::string_view reason);

  // Access.
  /// So many access requests more in this state.
  void access_requests(RequestStateLabel state, int more);
  void access_sessions(std::size_t count);
  void access_request_created();
  void access_request_reviewed(ReviewDecision decision);
  /// The request was pending for so long. Only requests that somebody decided are in the histogram.
  void access_request_resolved(RequestResolution result, std::chrono::nanoseconds waited);
  /// When the oldest of the pending requests was made; nullopt: none is pending.
  void oldest_pending_request(std::optional<std::chrono::system_clock::time_point> created);
  void store_write_failed();
  /// Something in the cluster's store that postern has not written, or not like this.
  void store_object_refused();
  /// Whether this replica keeps house.
  void leads(bool leads);

  // Audit.
  void audit_event(AuditLevelLabel level);
  void audit_dropped();
  /// A write of events that failed.
  void audit_failed();
  void audit_queue(std::size_t bytes);

  // Life.
  /// Counts a load of a file; success also sets the timestamp of the last good one to `now`.
  void reloaded(ReloadKind kind, bool success,
                std::chrono::system_clock::time_point now = std::chrono::system_clock::now());
  /// The digest of the configuration in force; the one before is forgotten.
  void configuration_in_force(const std::string& digest);
  void certificate_expires(CertificateUse use, std::chrono::system_clock::time_point not_after);
  /// What certificate_expires() was told last of each use, by the label's words.
  std::map<std::string, std::chrono::system_clock::time_point> certificate_ends() const;
  /// 1 while the check passes. `name` is one of the health registry's.
  void health_check(std::string_view name, bool healthy);
  void log_message(LogLevel level);
  /// Messages that were not written: repeated errors of one peer, or a full queue.
  void log_suppressed(std::uint64_t count = 1);

  /// The exposition for a scrape: text format 0.0.4.
  std::string serialize() const;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  friend class ClusterMetrics;
  friend class RequestMetrics;
  struct Families;
  std::unique_ptr<prometheus::Registry> registry_;
  std::unique_ptr<prometheus::Collectable> process_;
  std::unique_ptr<Families> families_;
};

}  // namespace postern::proxy
