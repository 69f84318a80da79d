#include "proxy/config.h"

#include "config_texts.h"
#include "tests/proxy/temporary_directory.h"

#include <doctest/doctest.h>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace postern::proxy {
namespace {

using std::chrono::milliseconds;
using testing::errors;
using testing::kCluster;
using testing::kHead;
using testing::parsed;
using testing::TemporaryDirectory;

TEST_CASE("a small configuration, and the defaults") {
  const ProxyConfiguration c = parsed(kHead + kCluster);
  CHECK(c.cluster_name == "postern");
  CHECK(c.listen == "0.0.0.0:8443");
  CHECK(c.admin_listen == "127.0.0.1:8081");
  CHECK(c.data_dir == "/var/lib/postern");
  CHECK(c.default_cluster == "c");
  CHECK(c.tls.cert_file.empty());
  CHECK(c.authentication.client_ca.file.empty());
  CHECK(c.limits.head_bytes == 65536);
  CHECK(c.limits.head_timeout == milliseconds(10'000));
  CHECK(c.source == "/etc/postern/config.yaml");
}

TEST_CASE("every key") {
  const ProxyConfiguration c = parsed(kHead + R"(
clusterName: postern.example.com
listen: "[::1]:9443"
adminListen: ""
loopbackListen: 127.0.0.1:6443
loopbackHosts: [api.internal]
tls: {certFile: tls.crt, keyFile: /abs/tls.key}
dataDir: ../data
kubeClusters:
- name: staging
  labels: {env: staging, example.com/team: "7"}
  kubeconfig: kubeconfig
  context: admin@staging
- {name: here, inCluster: true, impersonator: {serviceAccount: postern-impersonator, namespace: postern}}
defaultCluster: here
authentication:
  clientCAFile: {file: ca.crt, prefix: {users: "cert:", groups: "cert-group:"}}
  tokenFile: tokens.csv
  groupRoles: {ops: [access, editor], "system:authenticated": [requester]}
  jwt: []
  tokenReview: {kubeCluster: here, audiences: [a, b], prefix: {users: "k8s:"}, cacheTTL: 5s}
  clusterClientCA: {kubeCluster: staging, prefix: {groups: "g:"}}
  localUsers: {enabled: false}
impersonation: {allowSystem: ["system:masters", "system:serviceaccount:a:b"], allowMasters: true, actAs: []}
storage: {type: memory}
resources: [roles.yaml, /etc/users.yaml]
sessions: {ttl: 1h, maxTTL: 2h, inviteTTL: 5m}
requests: {retention: 48h, pending: 24h, maxDuration: 12h}
workers: 3
limits:
  maxConnections: 100
  maxConnectionsPerAddress: 10
  handshakeTimeout: 1s
  headBytes: 32Ki
  headFields: 64
  headTimeout: 1m30s
  idleTimeout: 1h
  stallTimeout: 500ms
  decisionBodyBytes: 1Mi
  discardBytes: 0
  filterItemBytes: 1048576
upstream: {connectTimeout: 2s, firstByteTimeout: 3s, discoveryInterval: 10s}
drain: {delay: 5s, spread: 250ms, idle: 7s, timeout: 0}
logging: {level: debug, format: text}
)");
  CHECK(c.cluster_name == "postern.example.com");
  CHECK(c.listen == "[::1]:9443");
  CHECK(c.admin_listen.empty());
  CHECK(c.tls.cert_file == "/etc/postern/tls.crt");
  CHECK(c.tls.key_file == "/abs/tls.key");
  CHECK(c.data_dir == "/etc/data");
  REQUIRE(c.kube_clusters.size() == 2);
  CHECK(c.kube_clusters[0].labels.at("example.com/team") == "7");
  CHECK(c.kube_clusters[0].kubeconfig == "/etc/postern/kubeconfig");
  CHECK(c.kube_clusters[0].context == "admin@staging");
  CHECK(c.kube_clusters[1].in_cluster);
  REQUIRE(c.kube_clusters[1].impersonator);
  CHECK(c.kube_clusters[1].impersonator->service_account == "postern-impersonator");
  CHECK(c.kube_clusters[1].impersonator->namespace_ == "postern");
  REQUIRE(c.authentication.token_review);
  CHECK(c.authentication.token_review->kube_cluster == "here");
  CHECK(c.authentication.token_review->audiences == std::vector<std::string>{"a", "b"});
  CHECK(c.authentication.token_review->prefix.users == "k8s:");
  CHECK(c.authentication.token_review->cache_ttl == milliseconds(5000));
  REQUIRE(c.authentication.cluster_client_ca);
  CHECK(c.authentication.cluster_client_ca->kube_cluster == "staging");
  CHECK(c.authentication.cluster_client_ca->prefix.groups == "g:");
  CHECK(c.loopback_listen == "127.0.0.1:6443");
  CHECK(c.loopback_hosts == std::vector<std::string>{"api.internal"});
  CHECK(c.default_cluster == "here");
  CHECK(c.authentication.client_ca.file == "/etc/postern/ca.crt");
  CHECK(c.authentication.client_ca.prefix.users == "cert:");
  CHECK(c.authentication.client_ca.prefix.groups == "cert-group:");
  CHECK(c.authentication.token_file.file == "/etc/postern/tokens.csv");
  CHECK(c.authentication.group_roles.at("ops") == std::vector<std::string>{"access", "editor"});
  CHECK(c.impersonation.allow_masters);
  CHECK(c.impersonation.allow_system.size() == 2);
  CHECK(c.resources == std::vector<std::string>{"/etc/postern/roles.yaml", "/etc/users.yaml"});
  CHECK(c.storage.type == StorageConfiguration::kMemory);
  CHECK_FALSE(c.authentication.local_users);
  CHECK(c.sessions.ttl == std::chrono::hours(1));
  CHECK(c.sessions.max_ttl == std::chrono::hours(2));
  CHECK(c.sessions.invite_ttl == std::chrono::minutes(5));
  CHECK(c.requests.retention == std::chrono::hours(48));
  CHECK(c.requests.pending == std::chrono::hours(24));
  CHECK(c.requests.max_duration == std::chrono::hours(12));
  CHECK(c.workers == 3);
  CHECK(c.limits.max_connections == 100);
  CHECK(c.limits.head_bytes == 32768);
  CHECK(c.limits.head_timeout == milliseconds(90'000));
  CHECK(c.limits.stall_timeout == milliseconds(500));
  CHECK(c.limits.discard_bytes == 0);
  CHECK(c.limits.filter_item_bytes == 1048576);
  CHECK(c.upstream.connect_timeout == milliseconds(2000));
  CHECK(c.drain.delay == milliseconds(5000));
  CHECK(c.drain.spread == milliseconds(250));
  CHECK(c.drain.idle == milliseconds(7000));
  CHECK(c.drain.timeout == milliseconds(0));
  CHECK(c.logging.level == 0);
  CHECK(c.logging.format == 1);

  // What is printed says the same.
  const std::string yaml = to_yaml(c);
  CAPTURE(yaml);
  CHECK(to_yaml(parsed(yaml)) == yaml);
}

TEST_CASE("the printed defaults are a configuration") {
  const ProxyConfiguration c = parsed(kHead + kCluster);
  const std::string yaml = to_yaml(c);
  CHECK(yaml.starts_with(
      "apiVersion: \"config.postern.dev/v1alpha1\"\nkind: \"ProxyConfiguration\"\n"));
  CHECK(yaml.find("kubeClusters:\n- name: \"c\"\n  labels: {}\n  kubeconfig: \"/k\"\n") !=
        std::string::npos);
  CHECK(yaml.find("  headTimeout: 10s\n") != std::string::npos);
  CHECK(c.drain.idle >
        std::chrono::seconds(90));  // until which Go's clients keep a silent connection
  CHECK(to_yaml(parsed(yaml)) == yaml);
}

TEST_CASE("several clusters without a default: none is served at the root") {
  CHECK(parsed(kHead + "kubeClusters: [{name: a, inCluster: true}, {name: b, kubeconfig: k}]\n")
            .default_cluster.empty());
}

TEST_CASE("authenticators of a cluster: the only one need not be named") {
  const ProxyConfiguration c =
      parsed(kHead + kCluster + "authentication: {tokenReview: {}, clusterClientCA: {}}\n");
  REQUIRE(c.authentication.token_review);
  CHECK(c.authentication.token_review->kube_cluster == "c");
  CHECK(c.authentication.token_review->audiences == std::vector<std::string>{"postern"});
  CHECK(c.authentication.token_review->cache_ttl == milliseconds(10'000));
  CHECK(c.authentication.cluster_client_ca->kube_cluster == "c");
  CHECK(to_yaml(parsed(to_yaml(c))) == to_yaml(c));
  const std::string two = "kubeClusters: [{name: a, kubeconfig: /a}, {name: b, kubeconfig: /b}]\n";
  CHECK(errors(kHead + two + "authentication: {tokenReview: {}}\n")
            .find("tokenReview.kubeCluster: is required where there are several") !=
        std::string::npos);
  CHECK_FALSE(
      parsed(kHead + kCluster + "authentication: {tokenReview:}\n").authentication.token_review);
}

TEST_CASE("an impersonator has a name and a namespace") {
  const auto with = [](const std::string& impersonator) {
    return errors(kHead + "kubeClusters: [{name: c, kubeconfig: /k, impersonator: " + impersonator +
                  "}]\n");
  };
  CHECK(with("{serviceAccount: a, namespace: b}").empty());
  CHECK(with("{serviceAccount: a}").find("impersonator.namespace: is required") !=
        std::string::npos);
  CHECK(with("{namespace: b}").find("impersonator.serviceAccount: is required") !=
        std::string::npos);
  CHECK(with("{serviceAccount: A/b, namespace: b}").find("serviceAccount") != std::string::npos);
}

TEST_CASE("without a file: the kubeconfig's current context") {
  const TemporaryDirectory home;
  const std::string root = home.path().string();
  CHECK(default_configuration(root, "").error()[0].to_string() ==
        root + "/.kube/config: cannot be opened: No such file or directory");
  CHECK_FALSE(default_configuration("", ""));

  home.write(".kube/config", "current-context: kubernetes-admin@My.Cluster_1!\n");
  const auto c = default_configuration(root, "");
  REQUIRE(c);
  CHECK(c->listen == "127.0.0.1:8443");
  CHECK(c->data_dir == root + "/.local/share/postern");
  REQUIRE(c->kube_clusters.size() == 1);
  CHECK(c->kube_clusters[0].name == "kubernetes-admin-my-cluster-1");
  CHECK(c->kube_clusters[0].context == "kubernetes-admin@My.Cluster_1!");
  CHECK(c->kube_clusters[0].kubeconfig == root + "/.kube/config");
  CHECK(c->default_cluster == c->kube_clusters[0].name);
  CHECK(to_yaml(parsed(to_yaml(*c))) == to_yaml(*c));

  const std::string other = home.write("other", "current-context: ''\n");
  CHECK(default_configuration(root, "/nonexistent::" + other).error()[0].key == "current-context");
  home.write("other", "current-context: kind\n");
  CHECK(default_configuration(root, "/nonexistent::" + other)->kube_clusters[0].name == "kind");
}

TEST_CASE("a file that is not there, a directory") {
  CHECK(load_configuration("/nonexistent/c.yaml").error()[0].to_string() ==
        "/nonexistent/c.yaml: cannot be opened: No such file or directory");
  CHECK(load_configuration("/").error()[0].to_string() == "/: is a directory");
}

TEST_CASE("docs/configuration.md documents exactly the keys that there are") {
  std::ifstream in(std::string(POSTERN_SOURCE_DIR) + "/docs/configuration.md");
  REQUIRE(in);
  std::set<std::string> documented;
  for (std::string line; std::getline(in, line);) {
    // The first cell of a table row holds one key: | `limits.headBytes` | … |
    if (!line.starts_with("| `")) continue;
    const std::string key = line.substr(3, line.find('`', 3) - 3);
    CAPTURE(key);
    CHECK(documented.insert(key).second);
  }
  for (const std::string& key : configuration_keys()) {
    CAPTURE(key);
    CHECK(documented.contains(key));
  }
  for (const std::string& key : documented) {
    CAPTURE(key);
    CHECK(configuration_keys().contains(key));
  }
}

}  // namespace
}  // namespace postern::proxy
