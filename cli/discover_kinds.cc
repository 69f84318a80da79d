#include "cli/discover_kinds.h"

#include "proxy/net/worker.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "proxy/upstream/discovery.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

namespace postern::cli {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kLook{20};
constexpr std::uint64_t kAttempts = 2;

std::string first_of(const proxy::ConfigErrors& errors) {
  return errors.front().to_string();
}

}  // namespace

tl::expected<std::shared_ptr<const kube::ApiCatalog>, std::string> discover_kinds(
    const proxy::ProxyConfiguration& configuration,
    const proxy::KubeClusterConfiguration& cluster) {
  auto source = cluster.in_cluster ? proxy::in_cluster_source({})
                                   : proxy::kubeconfig_source(cluster.kubeconfig, cluster.context);
  if (!source) return tl::unexpected(first_of(source.error()));
  auto endpoint = proxy::ClusterEndpoint::make(std::move(*source));
  if (!endpoint) return tl::unexpected(first_of(endpoint.error()));

  proxy::Worker worker(0);
  proxy::DiscoveryOptions options;
  options.cluster = cluster.name;
  std::string last_problem;
  options.hooks.log = [&last_problem](proxy::LogLevel, const std::string& message) {
    last_problem = message;  // on the worker's thread; read after it has ended
  };
  const proxy::UpstreamTimeouts timeouts{configuration.upstream.connect_timeout,
                                         configuration.upstream.first_byte_timeout};
  std::shared_ptr<const kube::ApiCatalog> catalog;
  {
    proxy::Discovery discovery(worker, *endpoint, timeouts, options);
    std::thread thread([&worker] { worker.run(); });
    discovery.start();
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!discovery.ready() && discovery.counters().failed < kAttempts &&
           std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(kLook);
    }
    discovery.stop();
    worker.stop();
    thread.join();
    if (discovery.ready()) catalog = discovery.catalog().load();
  }
  if (catalog) return catalog;
  return tl::unexpected("cluster " + cluster.name + " did not tell its kinds" +
                        (last_problem.empty() ? "" : ": " + last_problem));
}

}  // namespace postern::cli
