#include "proxy/config_fields.h"

namespace postern::proxy {
namespace {

using V = ConfigVisitor;
using std::chrono::milliseconds;

constexpr DurationRange kTimeout{milliseconds(10), std::chrono::hours(1)};
constexpr DurationRange kIdle{milliseconds(1000), std::chrono::hours(24)};
constexpr DurationRange kSession{std::chrono::minutes(1), std::chrono::hours(24 * 365)};
constexpr DurationRange kRetention{milliseconds(0), std::chrono::hours(24 * 3650)};
constexpr DurationRange kInvite{std::chrono::minutes(1), std::chrono::hours(24 * 7)};
constexpr DurationRange kSilence{std::chrono::seconds(5), std::chrono::hours(1)};
constexpr NumberRange kCount{1, 1'000'000};
constexpr std::uint64_t kKi = 1024;
constexpr std::uint64_t kMi = 1024 * kKi;
constexpr std::uint64_t kGi = 1024 * kMi;

constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};
constexpr std::string_view kStorageTypes[] = {"sqlite", "memory", "kubernetes"};
constexpr std::string_view kFormats[] = {"json", "text"};
constexpr std::string_view kOnFailure[] = {"refuse", "continue"};
constexpr std::string_view kDelivery[] = {"written", "queued"};

std::string check_api_version(std::string_view text) {
  return text == kConfigApiVersion ? "" : "must be " + std::string(kConfigApiVersion);
}
std::string check_kind(std::string_view text) {
  return text == kConfigKind ? "" : "must be " + std::string(kConfigKind);
}
std::string check_system_name(std::string_view text) {
  if (text.starts_with("system:") && check_name(text).empty()) return {};
  return "must be a user or group that begins with system:";
}

constexpr ConfigField<TlsConfiguration> kTls[] = {
    {"certFile", [](V& v, TlsConfiguration& c) { v.path(c.cert_file); }},
    {"keyFile", [](V& v, TlsConfiguration& c) { v.path(c.key_file); }},
    {"names", [](V& v, TlsConfiguration& c) { v.texts(c.names, check_host); }},
};

constexpr ConfigField<ImpersonatorConfiguration> kImpersonator[] = {
    {"serviceAccount",
     [](V& v, ImpersonatorConfiguration& c) { v.text(c.service_account, check_dns_subdomain); },
     true},
    {"namespace", [](V& v, ImpersonatorConfiguration& c) { v.text(c.namespace_, check_dns_label); },
     true},
};

constexpr ConfigField<KubeClusterConfiguration> kKubeCluster[] = {
    {"name", [](V& v, KubeClusterConfiguration& c) { v.text(c.name, check_dns_label); }, true},
    {"labels",
     [](V& v, KubeClusterConfiguration& c) {
       v.text_map(c.labels, check_label_key, check_label_value);
     }},
    {"kubeconfig", [](V& v, KubeClusterConfiguration& c) { v.path(c.kubeconfig); }},
    {"context", [](V& v, KubeClusterConfiguration& c) { v.text(c.context, check_name); }},
    {"inCluster", [](V& v, KubeClusterConfiguration& c) { v.boolean(c.in_cluster); }},
    {"impersonator",
     [](V& v, KubeClusterConfiguration& c) { v.optional_section(c.impersonator, kImpersonator); }},
};

constexpr ConfigField<PrefixConfiguration> kPrefix[] = {
    {"users", [](V& v, PrefixConfiguration& c) { v.text(c.users, check_prefix); }},
    {"groups", [](V& v, PrefixConfiguration& c) { v.text(c.groups, check_prefix); }},
};

constexpr ConfigField<FileAuthenticatorConfiguration> kFileAuthenticator[] = {
    {"file", [](V& v, FileAuthenticatorConfiguration& c) { v.path(c.file); }, true},
    {"prefix", [](V& v, FileAuthenticatorConfiguration& c) { v.section(c.prefix, kPrefix); }},
};

void visit_file_authenticator(V& visitor, FileAuthenticatorConfiguration& value) {
  const bool plain = value.prefix.users.empty() && value.prefix.groups.empty();
  visitor.path_or_section(value.file, plain, value, kFileAuthenticator);
}

constexpr DurationRange kTokenCache{milliseconds(1000), std::chrono::minutes(10)};

constexpr ConfigField<TokenReviewConfiguration> kTokenReview[] = {
    {"kubeCluster",
     [](V& v, TokenReviewConfiguration& c) { v.text(c.kube_cluster, check_dns_label); }},
    {"audiences", [](V& v, TokenReviewConfiguration& c) { v.texts(c.audiences, check_name); }},
    {"prefix", [](V& v, TokenReviewConfiguration& c) { v.section(c.prefix, kPrefix); }},
    {"cacheTTL", [](V& v, TokenReviewConfiguration& c) { v.duration(c.cache_ttl, kTokenCache); }},
};

constexpr ConfigField<ClusterClientCAConfiguration> kClusterClientCA[] = {
    {"kubeCluster",
     [](V& v, ClusterClientCAConfiguration& c) { v.text(c.kube_cluster, check_dns_label); }},
    {"prefix", [](V& v, ClusterClientCAConfiguration& c) { v.section(c.prefix, kPrefix); }},
};

/// `localUsers: {enabled: …}`, a mapping so that it can grow.
struct LocalUsersConfiguration {
  bool enabled = true;
};
constexpr ConfigField<LocalUsersConfiguration> kLocalUsers[] = {
    {"enabled", [](V& v, LocalUsersConfiguration& c) { v.boolean(c.enabled); }},
};

constexpr ConfigField<AuthenticationConfiguration> kAuthentication[] = {
    {"clientCAFile",
     [](V& v, AuthenticationConfiguration& c) { visit_file_authenticator(v, c.client_ca); }},
    {"tokenFile",
     [](V& v, AuthenticationConfiguration& c) { visit_file_authenticator(v, c.token_file); }},
    {"groupRoles",
     [](V& v, AuthenticationConfiguration& c) { v.texts_map(c.group_roles, check_name); }},
    {"jwt",
     [](V& v, AuthenticationConfiguration&) {
       v.unavailable("this version does not take JSON web tokens; use clientCAFile or tokenFile");
     }},
    {"tokenReview",
     [](V& v, AuthenticationConfiguration& c) {
       v.optional_section(c.token_review, kTokenReview);
     }},
    {"clusterClientCA",
     [](V& v, AuthenticationConfiguration& c) {
       v.optional_section(c.cluster_client_ca, kClusterClientCA);
     }},
    {"localUsers",
     [](V& v, AuthenticationConfiguration& c) {
       LocalUsersConfiguration local{c.local_users};
       v.section(local, kLocalUsers);
       c.local_users = local.enabled;
     }},
};

constexpr ConfigField<ImpersonationConfiguration> kImpersonation[] = {
    {"allowSystem",
     [](V& v, ImpersonationConfiguration& c) { v.texts(c.allow_system, check_system_name); }},
    {"allowMasters", [](V& v, ImpersonationConfiguration& c) { v.boolean(c.allow_masters); }},
    {"actAs",
     [](V& v, ImpersonationConfiguration&) {
       v.unavailable("this version cannot act as others; leave it out or empty");
     }},
};

constexpr ConfigField<StorageConfiguration> kStorage[] = {
    {"type", [](V& v, StorageConfiguration& c) { v.choice(c.type, kStorageTypes); }},
    {"kubeCluster", [](V& v, StorageConfiguration& c) { v.text(c.kube_cluster, check_dns_label); }},
    {"namespace", [](V& v, StorageConfiguration& c) { v.text(c.namespace_, check_dns_label); }},
    {"secretName",
     [](V& v, StorageConfiguration& c) { v.text(c.secret_name, check_dns_subdomain); }},
    {"maxSilence", [](V& v, StorageConfiguration& c) { v.duration(c.max_silence, kSilence); }},
};

constexpr ConfigField<SessionsConfiguration> kSessions[] = {
    {"ttl", [](V& v, SessionsConfiguration& c) { v.duration(c.ttl, kSession); }},
    {"maxTTL", [](V& v, SessionsConfiguration& c) { v.duration(c.max_ttl, kSession); }},
    {"inviteTTL", [](V& v, SessionsConfiguration& c) { v.duration(c.invite_ttl, kInvite); }},
};

constexpr ConfigField<RequestsConfiguration> kRequests[] = {
    {"retention", [](V& v, RequestsConfiguration& c) { v.duration(c.retention, kRetention); }},
    {"pending", [](V& v, RequestsConfiguration& c) { v.duration(c.pending, kSession); }},
    {"maxDuration", [](V& v, RequestsConfiguration& c) { v.duration(c.max_duration, kSession); }},
};

constexpr ConfigField<AuditConfiguration> kAudit[] = {
    {"enabled", [](V& v, AuditConfiguration& c) { v.boolean(c.enabled); }},
    {"path", [](V& v, AuditConfiguration& c) { v.path(c.path); }},
    {"policyFile", [](V& v, AuditConfiguration& c) { v.path(c.policy_file); }},
    {"maxSize",
     [](V& v, AuditConfiguration& c) {
       v.bytes(c.max_size, {0, 1024 * kGi});
     }},
    {"maxBackups",
     [](V& v, AuditConfiguration& c) {
       v.number(c.max_backups, {0, 100'000});
     }},
    {"maxAge", [](V& v, AuditConfiguration& c) { v.duration(c.max_age, kRetention); }},
    {"onFailure", [](V& v, AuditConfiguration& c) { v.choice(c.on_failure, kOnFailure); }},
    {"delivery", [](V& v, AuditConfiguration& c) { v.choice(c.delivery, kDelivery); }},
    {"queueSize",
     [](V& v, AuditConfiguration& c) {
       v.bytes(c.queue_size, {kMi, kGi});
     }},
};

constexpr ConfigField<LimitsConfiguration> kLimits[] = {
    {"maxConnections", [](V& v, LimitsConfiguration& c) { v.number(c.max_connections, kCount); }},
    {"maxConnectionsPerAddress",
     [](V& v, LimitsConfiguration& c) { v.number(c.max_connections_per_address, kCount); }},
    {"handshakeTimeout",
     [](V& v, LimitsConfiguration& c) { v.duration(c.handshake_timeout, kTimeout); }},
    {"headBytes",
     [](V& v, LimitsConfiguration& c) {
       v.bytes(c.head_bytes, {4 * kKi, kMi});
     }},
    {"headFields",
     [](V& v, LimitsConfiguration& c) {
       v.number(c.head_fields, {16, 1000});
     }},
    {"headTimeout", [](V& v, LimitsConfiguration& c) { v.duration(c.head_timeout, kTimeout); }},
    {"idleTimeout", [](V& v, LimitsConfiguration& c) { v.duration(c.idle_timeout, kIdle); }},
    {"stallTimeout", [](V& v, LimitsConfiguration& c) { v.duration(c.stall_timeout, kTimeout); }},
    {"decisionBodyBytes",
     [](V& v, LimitsConfiguration& c) {
       v.bytes(c.decision_body_bytes, {kKi, 3 * kMi});
     }},
    {"discardBytes",
     [](V& v, LimitsConfiguration& c) {
       v.bytes(c.discard_bytes, {0, 64 * kMi});
     }},
    {"filterItemBytes",
     [](V& v, LimitsConfiguration& c) {
       v.bytes(c.filter_item_bytes, {64 * kKi, 256 * kMi});
     }},
};

constexpr ConfigField<UpstreamConfiguration> kUpstream[] = {
    {"connectTimeout",
     [](V& v, UpstreamConfiguration& c) { v.duration(c.connect_timeout, kTimeout); }},
    {"firstByteTimeout",
     [](V& v, UpstreamConfiguration& c) { v.duration(c.first_byte_timeout, kTimeout); }},
    {"discoveryInterval",
     [](V& v, UpstreamConfiguration& c) { v.duration(c.discovery_interval, kIdle); }},
};

constexpr ConfigField<DrainConfiguration> kDrain[] = {
    {"delay", [](V& v, DrainConfiguration& c) { v.duration(c.delay, {}); }},
    {"spread", [](V& v, DrainConfiguration& c) { v.duration(c.spread, {}); }},
    {"idle", [](V& v, DrainConfiguration& c) { v.duration(c.idle, {}); }},
    {"timeout", [](V& v, DrainConfiguration& c) { v.duration(c.timeout, {}); }},
};

constexpr ConfigField<LoggingConfiguration> kLogging[] = {
    {"level", [](V& v, LoggingConfiguration& c) { v.choice(c.level, kLevels); }},
    {"format", [](V& v, LoggingConfiguration& c) { v.choice(c.format, kFormats); }},
};

constexpr ConfigField<ConfigurationDocument> kDocument[] = {
    {"apiVersion", [](V& v, ConfigurationDocument& d) { v.text(d.api_version, check_api_version); },
     true},
    {"kind", [](V& v, ConfigurationDocument& d) { v.text(d.kind, check_kind); }, true},
    {"clusterName",
     [](V& v, ConfigurationDocument& d) {
       v.text(d.configuration.cluster_name, check_dns_subdomain);
     }},
    {"listen",
     [](V& v, ConfigurationDocument& d) { v.text(d.configuration.listen, check_listen_address); }},
    {"adminListen",
     [](V& v, ConfigurationDocument& d) {
       v.text(d.configuration.admin_listen, check_listen_address_or_empty);
     }},
    {"loopbackListen",
     [](V& v, ConfigurationDocument& d) {
       v.text(d.configuration.loopback_listen, check_loopback_address_or_empty);
     }},
    {"loopbackHosts",
     [](V& v, ConfigurationDocument& d) { v.texts(d.configuration.loopback_hosts, check_host); }},
    {"tls", [](V& v, ConfigurationDocument& d) { v.section(d.configuration.tls, kTls); }},
    {"dataDir", [](V& v, ConfigurationDocument& d) { v.path(d.configuration.data_dir); }},
    {"kubeClusters",
     [](V& v, ConfigurationDocument& d) {
       v.sections(d.configuration.kube_clusters, kKubeCluster);
     },
     true},
    {"defaultCluster",
     [](V& v, ConfigurationDocument& d) {
       v.text(d.configuration.default_cluster, check_dns_label);
     }},
    {"authentication",
     [](V& v, ConfigurationDocument& d) {
       v.section(d.configuration.authentication, kAuthentication);
     }},
    {"impersonation",
     [](V& v, ConfigurationDocument& d) {
       v.section(d.configuration.impersonation, kImpersonation);
     }},
    {"storage",
     [](V& v, ConfigurationDocument& d) { v.section(d.configuration.storage, kStorage); }},
    {"resources", [](V& v, ConfigurationDocument& d) { v.paths(d.configuration.resources); }},
    {"sessions",
     [](V& v, ConfigurationDocument& d) { v.section(d.configuration.sessions, kSessions); }},
    {"requests",
     [](V& v, ConfigurationDocument& d) { v.section(d.configuration.requests, kRequests); }},
    {"audit", [](V& v, ConfigurationDocument& d) { v.section(d.configuration.audit, kAudit); }},
    {"workers",
     [](V& v, ConfigurationDocument& d) {
       v.number(d.configuration.workers, {0, 1024});
     }},
    {"limits", [](V& v, ConfigurationDocument& d) { v.section(d.configuration.limits, kLimits); }},
    {"upstream",
     [](V& v, ConfigurationDocument& d) { v.section(d.configuration.upstream, kUpstream); }},
    {"drain", [](V& v, ConfigurationDocument& d) { v.section(d.configuration.drain, kDrain); }},
    {"logging",
     [](V& v, ConfigurationDocument& d) { v.section(d.configuration.logging, kLogging); }},
};

}  // namespace

void visit_document(ConfigVisitor& visitor, ConfigurationDocument& document) {
  visitor.section(document, kDocument);
}

}  // namespace postern::proxy
