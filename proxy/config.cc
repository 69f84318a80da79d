#include "proxy/config.h"

#include "kube/text.h"
#include "proxy/config_fields.h"
#include "proxy/config_parser.h"
#include "proxy/read_file.h"
#include "proxy/yaml_document.h"

#include <algorithm>
#include <set>
#include <sys/stat.h>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kMaxFileBytes = 1024 * 1024;

void check_tls(ConfigParser& parser, const TlsConfiguration& tls) {
  const bool has_certificate = parser.has_key("tls.certFile");
  const bool has_key = parser.has_key("tls.keyFile");
  if (has_certificate && !has_key) parser.add_error("tls.keyFile", "is required with certFile");
  if (has_key && !has_certificate) parser.add_error("tls.certFile", "is required with keyFile");
  if (has_certificate && !tls.names.empty()) {
    parser.add_error("tls.names", "is for a certificate that postern makes; leave it out");
  }
}

void check_cluster(ConfigParser& parser, const std::string& key,
                   const KubeClusterConfiguration& cluster) {
  const bool has_file = parser.has_key(key + ".kubeconfig");
  if (has_file && cluster.in_cluster) {
    parser.add_error(key + ".inCluster", "goes not together with kubeconfig");
  } else if (!has_file && !cluster.in_cluster) {
    parser.add_error(key, "needs a kubeconfig, or inCluster: true");
  }
  if (!cluster.context.empty() && !has_file) {
    parser.add_error(key + ".context", "is of a kubeconfig only");
  }
}

void check_clusters(ConfigParser& parser, ProxyConfiguration& configuration) {
  auto& clusters = configuration.kube_clusters;
  if (parser.has_key("kubeClusters") && clusters.empty()) {
    parser.add_error("kubeClusters", "needs at least one cluster");
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    const std::string key = "kubeClusters[" + std::to_string(i) + "]";
    check_cluster(parser, key, clusters[i]);
    if (!clusters[i].name.empty() && !names.insert(clusters[i].name).second) {
      parser.add_error(key + ".name", "is the name of an earlier cluster too");
    }
  }
  std::string& chosen = configuration.default_cluster;
  if (chosen.empty() && clusters.size() == 1) chosen = clusters.front().name;
  if (parser.has_key("defaultCluster") && !chosen.empty() && !names.contains(chosen)) {
    parser.add_error("defaultCluster", "is the name of no cluster in kubeClusters");
  }
}

void check_impersonation(ConfigParser& parser, const ImpersonationConfiguration& impersonation) {
  const auto& names = impersonation.allow_system;
  const bool masters = std::find(names.begin(), names.end(), "system:masters") != names.end();
  if (masters && !impersonation.allow_masters) {
    parser.add_error("impersonation.allowSystem",
                     "system:masters may do everything, past all authorization: it also needs "
                     "allowMasters: true");
  }
  if (!masters && impersonation.allow_masters) {
    parser.add_error("impersonation.allowMasters",
                     "does nothing without system:masters in allowSystem");
  }
}

void check_listeners(ConfigParser& parser, const ProxyConfiguration& configuration) {
  const auto proxy = parse_listen_address(configuration.listen);
  const auto admin = parse_listen_address(configuration.admin_listen);
  const auto loopback = parse_listen_address(configuration.loopback_listen);
  if (proxy && admin && proxy->port != 0 && *proxy == *admin) {
    parser.add_error(parser.has_key("adminListen") ? "adminListen" : "listen",
                     "both listeners have the same address");
  }
  if (loopback && loopback->port != 0 && (loopback == proxy || loopback == admin)) {
    parser.add_error("loopbackListen", "another listener has the same address");
  }
  if (!loopback && !configuration.loopback_hosts.empty()) {
    parser.add_error("loopbackHosts", "does nothing without loopbackListen");
  }
}

void check_limits(ConfigParser& parser, const LimitsConfiguration& limits) {
  if (limits.max_connections_per_address > limits.max_connections &&
      parser.has_key("limits.maxConnectionsPerAddress")) {
    parser.add_error("limits.maxConnectionsPerAddress", "is more than maxConnections");
  }
}

void check_sessions(ConfigParser& parser, const SessionsConfiguration& sessions) {
  if (sessions.ttl > sessions.max_ttl) {
    parser.add_error(parser.has_key("sessions.ttl") ? "sessions.ttl" : "sessions.maxTTL",
                     "ttl is more than maxTTL");
  }
}

void check_storage(ConfigParser& parser, ProxyConfiguration& configuration) {
  StorageConfiguration& storage = configuration.storage;
  if (storage.type != StorageConfiguration::kKubernetes) {
    // Defaults are no statement: --check-config prints them.
    const StorageConfiguration usual;
    const auto refuse = [&parser](const char* key, bool set) {
      if (set) parser.add_error(key, "is of type: kubernetes only");
    };
    refuse("storage.kubeCluster", !storage.kube_cluster.empty());
    refuse("storage.namespace", storage.namespace_ != usual.namespace_);
    refuse("storage.secretName", storage.secret_name != usual.secret_name);
    refuse("storage.maxSilence", storage.max_silence != usual.max_silence);
    return;
  }
  if (storage.kube_cluster.empty()) storage.kube_cluster = configuration.default_cluster;
  const auto& clusters = configuration.kube_clusters;
  const bool known = std::any_of(clusters.begin(), clusters.end(), [&](const auto& cluster) {
    return cluster.name == storage.kube_cluster;
  });
  if (known || clusters.empty()) return;
  const bool named = parser.has_key("storage.kubeCluster");
  parser.add_error(named ? "storage.kubeCluster" : "storage",
                   named ? "is the name of no cluster in kubeClusters"
                         : "type: kubernetes needs a kubeCluster to keep things in");
}

/// kube-apiserver's word for the standard output, and the default.
void settle_audit(ProxyConfiguration& configuration) {
  std::string& path = configuration.audit.path;
  if (path.empty()) path = configuration.data_dir + "/audit.log";
  if (path == "-" || path.ends_with("/-")) path = "/dev/stdout";
}

/// Which cluster an authenticator means: the only one need not be named.
void check_its_cluster(ConfigParser& parser, const std::string& key,
                       const ProxyConfiguration& configuration, std::string& kube_cluster) {
  const auto& clusters = configuration.kube_clusters;
  if (kube_cluster.empty() && !parser.has_key(key + ".kubeCluster")) {
    if (clusters.size() == 1) {
      kube_cluster = clusters.front().name;
    } else {
      parser.add_error(key + ".kubeCluster", "is required where there are several clusters");
    }
    return;
  }
  const bool known = std::any_of(clusters.begin(), clusters.end(),
                                 [&](const auto& cluster) { return cluster.name == kube_cluster; });
  if (!kube_cluster.empty() && !known) {
    parser.add_error(key + ".kubeCluster", "is the name of no cluster in kubeClusters");
  }
}

void check_authentication(ConfigParser& parser, ProxyConfiguration& configuration) {
  AuthenticationConfiguration& authentication = configuration.authentication;
  if (auto& review = authentication.token_review) {
    check_its_cluster(parser, "authentication.tokenReview", configuration, review->kube_cluster);
    if (review->audiences.empty()) {
      parser.add_error("authentication.tokenReview.audiences",
                       "needs at least one: a token for anybody is a token for nobody");
    }
  }
  if (auto& ca = authentication.cluster_client_ca) {
    check_its_cluster(parser, "authentication.clusterClientCA", configuration, ca->kube_cluster);
  }
}

/// A context's name as a DNS label: what does not fit becomes a dash.
std::string cluster_name_of(const std::string& context) {
  std::string name;
  for (const char c : kube::ascii_lower(context)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (fits || (!name.empty() && name.back() != '-')) name += fits ? c : '-';
  }
  name = name.substr(0, 63);
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "default" : name;
}

/// The first file of a list like $KUBECONFIG's that exists; the first one when none does.
std::string first_kubeconfig(const std::string& list) {
  std::string first;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    const std::string path = list.substr(begin, end - begin);
    struct stat status {};
    if (!path.empty() && stat(path.c_str(), &status) == 0) return path;
    if (first.empty()) first = path;
    begin = end + 1;
  }
  return first;
}

/// The kubeconfig's current context; the rest of it is read by whoever connects.
Loaded<std::string> current_context(const std::string& file) {
  auto text = read_file(file, kMaxFileBytes);
  if (!text) return tl::unexpected(std::move(text.error()));
  auto document = parse_yaml_document(file, *text);
  if (!document) return tl::unexpected(std::move(document.error()));
  for (const rbac::YamlMember& member : document->members) {
    const bool found = member.key.text == "current-context" && member.value.is_scalar();
    if (found && !member.value.text.empty()) return member.value.text;
  }
  return tl::unexpected(
      ConfigErrors{{file, 0, 0, "current-context", "there is none; name a cluster in --config"}});
}

}  // namespace

Loaded<ProxyConfiguration> parse_configuration(const std::string& file, std::string_view yaml) {
  auto root = parse_yaml_document(file, yaml);
  if (!root) return tl::unexpected(std::move(root.error()));
  ConfigParser parser(file, *root);
  ConfigurationDocument document;
  visit_document(parser, document);

  ProxyConfiguration& configuration = document.configuration;
  configuration.source = file;
  check_tls(parser, configuration.tls);
  check_clusters(parser, configuration);
  check_authentication(parser, configuration);
  check_impersonation(parser, configuration.impersonation);
  check_listeners(parser, configuration);
  check_limits(parser, configuration.limits);
  check_sessions(parser, configuration.sessions);
  check_storage(parser, configuration);

  settle_audit(configuration);

  ConfigErrors errors = parser.take_errors();
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return configuration;
}

Loaded<ProxyConfiguration> load_configuration(const std::string& file) {
  auto text = read_file(file, kMaxFileBytes);
  if (!text) return tl::unexpected(std::move(text.error()));
  return parse_configuration(file, *text);
}

Loaded<ProxyConfiguration> default_configuration(const std::string& home,
                                                 const std::string& kubeconfig) {
  if (home.empty()) {
    return tl::unexpected(
        ConfigErrors{{"", 0, 0, "", "HOME is not set; say with --config what to serve"}});
  }
  ProxyConfiguration configuration;
  configuration.listen = "127.0.0.1:8443";
  configuration.data_dir = home + "/.local/share/postern";
  const std::string file =
      kubeconfig.empty() ? home + "/.kube/config" : first_kubeconfig(kubeconfig);
  auto context = current_context(file);
  if (!context) return tl::unexpected(std::move(context.error()));
  KubeClusterConfiguration cluster;
  cluster.name = cluster_name_of(*context);
  cluster.kubeconfig = file;
  cluster.context = std::move(*context);
  configuration.default_cluster = cluster.name;
  configuration.kube_clusters.push_back(std::move(cluster));
  settle_audit(configuration);
  return configuration;
}

}  // namespace postern::proxy
