#include "proxy/check_config.h"

#include "proxy/audit_policy_file.h"
#include "proxy/authn/client_ca.h"
#include "proxy/authn/token_file.h"
#include "proxy/certificate_store.h"
#include "proxy/policy_store.h"
#include "proxy/upstream/cluster_endpoint.h"

#include <utility>

namespace postern::proxy {
namespace {

class Collector {
 public:
  template <typename T>
  void add(const Loaded<T>& outcome) {
    if (!outcome) errors_.insert(errors_.end(), outcome.error().begin(), outcome.error().end());
  }
  ConfigErrors take() { return std::move(errors_); }

 private:
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
  Collector collector;
  collector.add(check_certificate(configuration.tls));
  for (const KubeClusterConfiguration& cluster : configuration.kube_clusters) {
    collector.add(check_cluster(cluster));
  }
  const AuthenticationConfiguration& authentication = configuration.authentication;
  if (!authentication.client_ca.file.empty()) {
    collector.add(ClientCA::load(authentication.client_ca.file, {}));
  }
  if (!authentication.token_file.file.empty()) {
    const PrefixConfiguration& prefix = authentication.token_file.prefix;
    collector.add(TokenFile::load(authentication.token_file.file, {prefix.users, prefix.groups}));
  }
  if (configuration.audit.enabled && !configuration.audit.policy_file.empty()) {
    collector.add(load_audit_policy(configuration.audit.policy_file));
  }
  auto policy = load_policy(configuration);
  collector.add(policy);
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
