#include "proxy/cluster_services.h"

#include "proxy/configured_options.h"

#include <utility>

namespace postern::proxy {

ClusterServices::ClusterServices(const ProxyConfiguration& configuration, Worker& control,
                                 std::vector<KubeCluster>& clusters, Sinks sinks)
    : configuration_(configuration),
      control_(control),
      clusters_(clusters),
      sinks_(sinks),
      timeouts_(upstream_timeouts(configuration.upstream)) {
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    make_discovery(clusters_[i]);
    make_probe(i);
    make_impersonator_token(i);
    make_client_ca(clusters_[i]);
  }
}

void ClusterServices::make_discovery(const KubeCluster& cluster) {
  DiscoveryOptions options;
  options.cluster = cluster.identity.name;
  options.interval = configuration_.upstream.discovery_interval;
  options.hooks = cluster.hooks;
  options.on_change = [this] { sinks_.access.refresh_clusters(); };
  discoveries_.push_back(
      std::make_unique<Discovery>(control_, cluster.endpoints.own, timeouts_, std::move(options)));
}

void ClusterServices::make_probe(std::size_t index) {
  const KubeCluster& cluster = clusters_[index];
  ClusterProbeOptions options;
  options.cluster = cluster.identity.name;
  options.timeout = configuration_.upstream.connect_timeout;
  options.hooks = cluster.hooks;
  options.on_change = [this, index](bool reachable) {
    if (reachable) discoveries_[index]->refresh_soon();
    sinks_.access.refresh_clusters();
  };
  probes_.push_back(
      std::make_unique<ClusterProbe>(control_, cluster.endpoints.own, std::move(options)));
}

void ClusterServices::make_impersonator_token(std::size_t index) {
  const auto& impersonator = configuration_.kube_clusters[index].impersonator;
  if (!impersonator) return;
  const KubeCluster& cluster = clusters_[index];
  ServiceAccountToken::Options options;
  options.namespace_ = impersonator->namespace_;
  options.name = impersonator->service_account;
  auto token = std::make_unique<ServiceAccountToken>(control_, cluster.endpoints, timeouts_,
                                                     std::move(options), cluster.hooks);
  cluster.endpoints.impersonating->set_issuer(token.get());
  impersonator_tokens_.push_back(std::move(token));
}

void ClusterServices::make_client_ca(const KubeCluster& cluster) {
  const auto& wanted = configuration_.authentication.cluster_client_ca;
  if (!wanted || cluster.identity.name != wanted->kube_cluster) return;
  ClusterClientCA::Options options;
  options.kube_cluster = wanted->kube_cluster;
  options.prefix = {wanted->prefix.users, wanted->prefix.groups};
  options.take = [this](std::shared_ptr<const ClientCA> authority) {
    sinks_.files.set_cluster_ca(std::move(authority));
  };
  client_ca_ = std::make_unique<ClusterClientCA>(
      control_,
      std::make_unique<UpstreamPool>(control_, cluster.endpoints.own, timeouts_, cluster.hooks),
      std::move(options), sinks_.log);
}

void ClusterServices::start() {
  for (const auto& token : impersonator_tokens_) token->start();
  for (const auto& discovery : discoveries_) discovery->start();
  for (const auto& probe : probes_) probe->start();
  if (client_ca_) client_ca_->start();
}

void ClusterServices::stop() {
  for (const auto& discovery : discoveries_) discovery->stop();
  for (const auto& probe : probes_) probe->stop();
  if (client_ca_) client_ca_->stop();
  for (const auto& token : impersonator_tokens_) token->stop();
}

std::vector<access::ClusterFacts> ClusterServices::facts() const {
  std::vector<access::ClusterFacts> all;
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    access::ClusterFacts& facts = all.emplace_back();
    facts.name = clusters_[i].identity.name;
    facts.labels = clusters_[i].identity.labels;
    facts.is_default = facts.name == configuration_.default_cluster;
    facts.catalog = discoveries_[i]->catalog().load();
    facts.reachable = !clusters_[i].endpoints.own->health().problem();
    if (const auto identity = discoveries_[i]->identity().load()) {
      facts.uid = identity->uid;
      facts.version = identity->version;
    }
  }
  return all;
}

}  // namespace postern::proxy
