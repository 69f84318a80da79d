#include "proxy/check_config.h"

#include "proxy/audit_policy_file.h"
#include "proxy/authn/client_ca.h"
#include "proxy/authn/token_file.h"
#include "proxy/certificate_store.h"
#include "proxy/check_places.h"
#include "proxy/policy_store.h"
#include "proxy/upstream/cluster_endpoint.h"

#include <utility>

namespace postern::proxy {
namespace {

class Collector {
 public:
  explicit Collector(const std::string& source) : source_(source) {}

  /// What concerns a file as a whole, e.g. that it is not there, is told with the key that names
  /// it.
  template <typename T>
  void add(const std::string& key, const Loaded<T>& outcome) {
    if (outcome) return;
    for (const ConfigError& error : outcome.error()) {
      const bool whole = error.line == 0 && error.key.empty();
      errors_.push_back(whole ? ConfigError{source_, 0, 0, key, error.to_string()} : error);
    }
  }
  void add(ConfigErrors errors) {
    for (ConfigError& error : errors) errors_.push_back(std::move(error));
  }
  ConfigErrors take() { return std::move(errors_); }

 private:
  const std::string& source_;
  ConfigErrors errors_;
};

Loaded<void> check_cluster(const KubeClusterConfiguration& cluster) {
  auto source = cluster.in_cluster ? in_cluster_source({})
                                   : kubeconfig_source(cluster.kubeconfig, cluster.context);
  if (!source) return tl::unexpected(std::move(source.error()));
  auto endpoint = ClusterEndpoint::make(std::move(*source));
  if (!endpoint) return tl::unexpected(std::move(endpoint.error()));
  return {};
}

}  // namespace

FileFindings check_files(const ProxyConfiguration& configuration) {
  Collector collector(configuration.source);
  collector.add(check_places(configuration));
  collector.add("tls", check_certificate(configuration.tls));
  for (std::size_t i = 0; i < configuration.kube_clusters.size(); ++i) {
    collector.add("kubeClusters[" + std::to_string(i) + "]",
                  check_cluster(configuration.kube_clusters[i]));
  }
  const AuthenticationConfiguration& authentication = configuration.authentication;
  if (!authentication.client_ca.file.empty()) {
    collector.add("authentication.clientCAFile", ClientCA::load(authentication.client_ca.file, {}));
  }
  if (!authentication.token_file.file.empty()) {
    const PrefixConfiguration& prefix = authentication.token_file.prefix;
    collector.add("authentication.tokenFile",
                  TokenFile::load(authentication.token_file.file, {prefix.users, prefix.groups}));
  }
  if (configuration.audit.enabled && !configuration.audit.policy_file.empty()) {
    collector.add("audit.policyFile", load_audit_policy(configuration.audit.policy_file));
  }
  auto policy = load_policy(configuration);
  collector.add("resources", policy);
  FileFindings findings;
  findings.errors = collector.take();
  if (policy) findings.warnings = std::move(policy->warnings);
  return findings;
}

std::vector<std::string> configuration_warnings(const ProxyConfiguration& configuration) {
  std::vector<std::string> warnings;
  const AuthenticationConfiguration& authentication = configuration.authentication;
  const bool has_store = configuration.storage.type != StorageConfiguration::kMemory;
  if (authentication.client_ca.file.empty() && authentication.token_file.file.empty() &&
      !authentication.token_review && !authentication.cluster_client_ca &&
      !authentication.local_users) {
    warnings.emplace_back(
        "no authenticator is configured (authentication.clientCAFile, authentication.tokenFile, "
        "authentication.tokenReview, authentication.clusterClientCA, authentication.localUsers): "
        "every request will be answered 401");
  }
  if (configuration.resources.empty() && authentication.group_roles.empty() && !has_store &&
      !authentication.local_users) {
    warnings.emplace_back(
        "nobody has a role (resources, authentication.groupRoles): every request will be refused");
  }
  if (!has_store) {
    warnings.emplace_back(
        "storage.type memory: access requests, sessions, roles and users that are made at run time "
        "are gone with the process");
  }
  if (!configuration.audit.enabled) {
    warnings.emplace_back("audit.enabled false: nobody will know who did what through postern");
  }
  if (configuration.impersonation.allow_masters) {
    warnings.emplace_back(
        "impersonation.allowMasters: roles may act as system:masters, past all authorization of a "
        "cluster");
  }
  return warnings;
}

}  // namespace postern::proxy
