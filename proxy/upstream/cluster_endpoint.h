#pragma once

#include "proxy/config_error.h"
#include "proxy/net/snapshot.h"
#include "proxy/net/task.h"
#include "proxy/upstream/cluster_health.h"
#include "proxy/upstream/endpoint_source.h"
#include "proxy/upstream/upstream.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace postern::proxy {

class TlsClientContext;

/// Gets credentials at run time. Safe from any thread.
class CredentialIssuer {
 public:
  virtual ~CredentialIssuer() = default;
  /// Completes, on the caller's worker, when there may be another credential than the refused one.
  virtual Task<void> renew(Worker& caller, std::string refused) = 0;
};

/// Where a kube cluster is and how postern proves itself there. One for all workers; everything is
/// safe from any thread.
///
/// The kubeconfig, and certificates, keys, CAs and tokens in files of their own, are read again
/// when the files change: looked at by who watches files(), every 10 s by whoever asks for access()
/// (a changed kubeconfig may name other files), and at once after the cluster refused the
/// credential. What cannot be read or does not fit together leaves the old one in force, with a
/// warning. New connections use the new certificates.
class ClusterEndpoint {
 public:
  /// What a new connection, and a call on it, need.
  struct Access {
    std::shared_ptr<const TlsClientContext> tls;
    std::uint64_t tls_generation = 0;  ///< goes up when `tls` is replaced
    /// `Bearer …`, or nullopt where the client certificate proves it.
    std::optional<std::string> authorization;
  };

  /// Reads every file once. All errors at once, with the file or the key path. `hooks` get a
  /// warning when the server is not verified.
  /// `health`: of another endpoint of the same server; nullptr: its own.
  static Loaded<std::shared_ptr<const ClusterEndpoint>> make(
      EndpointSource source, UpstreamHooks hooks = {},
      std::shared_ptr<ClusterHealth> health = nullptr);

  ClusterEndpoint(const ClusterEndpoint&) = delete;
  ClusterEndpoint& operator=(const ClusterEndpoint&) = delete;

  const std::string& host() const { return url_.host; }
  std::uint16_t port() const { return url_.port; }
  /// For the Host field: with the port unless it is 443, an IPv6 address in brackets.
  const std::string& host_header() const { return host_header_; }
  /// What stands in front of every path; "" or "/…" without a slash at its end.
  const std::string& base_path() const { return url_.base_path; }

  std::shared_ptr<const Access> access() const {
    check_files_if_due();
    return access_.load();
  }
  /// The same in two parts, for the data path: a SnapshotReader per worker costs no lock.
  const Snapshot<Access>& accesses() const { return access_; }
  void check_files_if_due() const;
  /// The files that this rests on now, for who watches them; and what is to be done when one of
  /// them has changed. Any thread.
  std::vector<std::string> files() const;
  void look_at_files() const { check_files(false); }
  /// After a 401: whether there is another credential now than the refused one (Access or
  /// Lease::authorization()), so that the call may be made once more. Reads the token's file, or
  /// lets the issuer get another token.
  Task<bool> renew_credential(Worker& caller, std::optional<std::string> refused) const;

  // With EndpointSource::issued_token only.

  /// Calls need a token that is issued at run time; without one none can be made.
  bool needs_issued_token() const { return issued_; }
  /// From now on calls carry this token.
  Loaded<void> take_token(const std::string& token) const;
  /// Who is asked for another token when one is refused; before any call. It must outlive them.
  void set_issuer(CredentialIssuer* issuer) const { issuer_ = issuer; }

  /// Whether the API server answers, by everybody who asks it.
  ClusterHealth& health() const { return *health_; }
  const std::shared_ptr<ClusterHealth>& shared_health() const { return health_; }

  static constexpr std::chrono::seconds kCheckInterval{10};

 private:
  ClusterEndpoint(EndpointSource source, ServerUrl url, UpstreamHooks hooks);
  Loaded<void> read_everything();
  Loaded<void> set_tls(const EndpointSource& from, Access& access) const;
  Loaded<void> set_authorization(const EndpointSource& from, Access& access) const;
  void check_files(bool credential_was_refused) const;
  bool read_credential_again(const std::optional<std::string>& refused) const;
  Loaded<void> read_kubeconfig_again(Access& access) const;
  Loaded<void> read_token_again(Access& access) const;
  Loaded<void> read_certificates_again(Access& access) const;
  void tell(const Loaded<void>& outcome) const;
  void tell_expiry(const EndpointSource& from) const;
  void warn_unverified() const;

  const ServerUrl url_;
  const std::string host_header_;
  const UpstreamHooks hooks_;
  const bool issued_;  ///< the credential is issued at run time, files say nothing of it
  mutable CredentialIssuer* issuer_ = nullptr;
  mutable std::mutex mutex_;  ///< of source_, told_problem_ and of changes of access_
  mutable EndpointSource source_;
  mutable std::string told_problem_;  ///< with what has changed; each is told once
  mutable Snapshot<Access> access_;
  std::shared_ptr<ClusterHealth> health_ = std::make_shared<ClusterHealth>();
  mutable std::atomic<std::int64_t> next_check_{0};  ///< steady clock, nanoseconds
};

/// The two ways to one cluster: with postern's own credential (discovery, health, TokenReview,
/// storage), and for calls in users' names. One and the same unless an `impersonator` is
/// configured.
struct ClusterEndpoints {
  std::shared_ptr<const ClusterEndpoint> own;
  std::shared_ptr<const ClusterEndpoint> impersonating;
};

}  // namespace postern::proxy
