#pragma once

#include "proxy/config_error.h"
#include "proxy/config_values.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

// The configuration as a value: what the file says, with every default filled in. Units, defaults
// and limits of each key: docs/configuration.md (a test compares the two).
/// `tls`: the proxy's own certificate.
struct TlsConfiguration {
  /// PEM; the server's certificate first. Both or none; none: made in dataDir.
  std::string cert_file;
  std::string key_file;
  std::vector<std::string> names;  ///< more names of a certificate that is made
};

/// A service account whose short-lived tokens calls in users' names carry.
struct ImpersonatorConfiguration {
  std::string service_account;
  std::string namespace_;
};
/// An entry of `kubeClusters`.
struct KubeClusterConfiguration {
  std::string name;
  std::map<std::string, std::string> labels;  ///< what roles' kubernetes_labels match
  std::string kubeconfig;                     ///< exactly one of kubeconfig and in_cluster
  std::string context;                        ///< "": the kubeconfig's current one
  bool in_cluster = false;
  std::optional<ImpersonatorConfiguration> impersonator;  ///< nullopt: postern's own credential
};

/// What is put before the names that an authenticator proves.
struct PrefixConfiguration {
  std::string users;
  std::string groups;
};
/// An authenticator that reads a file; `file` is "" when it is off.
struct FileAuthenticatorConfiguration {
  std::string file;
  PrefixConfiguration prefix;
};
/// A cluster is asked about tokens.
struct TokenReviewConfiguration {
  std::string kube_cluster;
  std::vector<std::string> audiences{"postern"};  ///< at least one
  PrefixConfiguration prefix;
  std::chrono::milliseconds cache_ttl{10'000};
};
/// The CA of a cluster's own client certificates, read from the cluster.
struct ClusterClientCAConfiguration {
  std::string kube_cluster;
  PrefixConfiguration prefix;
};
struct AuthenticationConfiguration {  ///< `authentication`: who may prove to be whom
  FileAuthenticatorConfiguration client_ca;
  FileAuthenticatorConfiguration token_file;
  std::optional<TokenReviewConfiguration> token_review;
  std::optional<ClusterClientCAConfiguration> cluster_client_ca;
  std::map<std::string, std::vector<std::string>> group_roles;
  bool local_users = true;  ///< logins by password and invite
};
/// `storage`: where requests, sessions, roles and users are kept.
struct StorageConfiguration {
  enum Type : std::size_t { kSqlite, kMemory, kKubernetes };
  std::size_t type = kSqlite;
  // Of kKubernetes:
  std::string kube_cluster;  ///< one of kubeClusters
  std::string namespace_ = "postern";
  std::string secret_name = "postern-keys";
  std::chrono::milliseconds max_silence{10'000};
};
struct SessionsConfiguration {  ///< `sessions`: how long they last
  std::chrono::milliseconds ttl = std::chrono::hours(12);
  std::chrono::milliseconds max_ttl = std::chrono::hours(30);
  std::chrono::milliseconds invite_ttl = std::chrono::hours(1);
};
struct RequestsConfiguration {  ///< `requests`: how long they wait, last and are kept
  std::chrono::milliseconds retention = std::chrono::hours(720);
  std::chrono::milliseconds pending = std::chrono::hours(168);
  std::chrono::milliseconds max_duration = std::chrono::hours(336);
};

/// Where audit events go; see proxy/audit/.
struct AuditConfiguration {
  enum OnFailure : std::size_t { kRefuse, kContinue };
  enum Delivery : std::size_t { kWritten, kQueued };
  bool enabled = true;
  std::string path;         ///< "/dev/stdout": standard output; "" only before it was parsed
  std::string policy_file;  ///< "": the built-in policy
  std::uint64_t max_size = 100 * 1024 * 1024;
  std::uint64_t max_backups = 10;
  std::chrono::milliseconds max_age{0};
  std::size_t on_failure = kRefuse;
  std::size_t delivery = kWritten;
  std::uint64_t queue_size = 16 * 1024 * 1024;
};
/// `impersonation`: which of Kubernetes' own names roles may act with.
struct ImpersonationConfiguration {
  std::vector<std::string> allow_system;
  bool allow_masters = false;
};
/// `limits`: what one client or one request may take; bytes, counts and times.
struct LimitsConfiguration {
  std::uint64_t max_connections = 16'384;
  std::uint64_t max_connections_per_address = 1'024;
  std::chrono::milliseconds handshake_timeout{10'000};
  std::uint64_t head_bytes = 64 * 1024;
  std::uint64_t head_fields = 100;
  std::chrono::milliseconds head_timeout{10'000};
  std::chrono::milliseconds idle_timeout{120'000};
  std::chrono::milliseconds stall_timeout{60'000};
  std::uint64_t decision_body_bytes = 3 * 1024 * 1024;
  std::uint64_t discard_bytes = 256 * 1024;
  std::uint64_t filter_item_bytes = 4 * 1024 * 1024;
};
/// `upstream`: how long API servers are waited for.
struct UpstreamConfiguration {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds first_byte_timeout{60'000};
  std::chrono::milliseconds discovery_interval{60'000};
};
/// `drain`: how a process ends (docs/high-availability.md).
struct DrainConfiguration {
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds spread{3'000};
  std::chrono::milliseconds idle{95'000};  ///< longer than Go's clients keep a silent connection
  std::chrono::milliseconds timeout{30'000};
};
/// `logging`.
struct LoggingConfiguration {
  std::size_t level = 1;   ///< LogLevel: debug, info, warn, error
  std::size_t format = 0;  ///< LogFormat: json, text
};
/// The whole file.
struct ProxyConfiguration {
  std::string cluster_name = "postern";
  std::string listen = "0.0.0.0:8443";          ///< checked; see parse_listen_address()
  std::string admin_listen = "127.0.0.1:8081";  ///< "": no admin listener
  std::string loopback_listen;                  ///< plain HTTP on loopback; "": no such listener
  std::vector<std::string> loopback_hosts;      ///< what Host may say there beside loopback names
  TlsConfiguration tls;
  std::string data_dir = "/var/lib/postern";
  std::vector<KubeClusterConfiguration> kube_clusters;
  /// Served at the root; "" when there are several clusters and none was named.
  std::string default_cluster;
  AuthenticationConfiguration authentication;
  ImpersonationConfiguration impersonation;
  StorageConfiguration storage;
  std::vector<std::string> resources;
  SessionsConfiguration sessions;
  RequestsConfiguration requests;
  AuditConfiguration audit;
  std::uint64_t workers = 0;  ///< 0: one for each CPU
  LimitsConfiguration limits;
  UpstreamConfiguration upstream;
  DrainConfiguration drain;
  LoggingConfiguration logging;

  std::string source;  ///< the file's path; "" without one. No key of the file.
};

/// Reads a configuration from YAML text. Everything that is wrong is told at once, with key path,
/// line and column: unknown and repeated keys, values of a wrong type or out of their limits, keys
/// that do not go together. `file` is named in errors, and its directory is what relative paths are
/// relative to.
Loaded<ProxyConfiguration> parse_configuration(const std::string& file, std::string_view yaml);
/// Reads the file, at most 1 MiB.
Loaded<ProxyConfiguration> load_configuration(const std::string& file);

/// What holds without a file: the current context of the kubeconfig (the first file of
/// `kubeconfig`, which has $KUBECONFIG's form, that exists; "": HOME/.kube/config),
/// HOME/.local/share/postern, 127.0.0.1:8443.
Loaded<ProxyConfiguration> default_configuration(const std::string& home,
                                                 const std::string& kubeconfig);

/// The configuration in force as YAML, every key with its value; parse_configuration() reads it
/// back to the same.
std::string to_yaml(const ProxyConfiguration& configuration);

/// Every key path that a configuration may have, list items as `kubeClusters[].name`.
std::set<std::string> configuration_keys();

}  // namespace postern::proxy
