#include "proxy/config.h"

#include "tests/proxy/temporary_directory.h"

#include <doctest/doctest.h>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace postern::proxy {
namespace {

using std::chrono::milliseconds;
using testing::TemporaryDirectory;

const std::string kHead =
    "apiVersion: config.postern.dev/v1alpha1\n"
    "kind: ProxyConfiguration\n";
const std::string kCluster = "kubeClusters: [{name: c, kubeconfig: /k}]\n";

/// Every error of a configuration, one a line.
std::string errors(const std::string& yaml) {
  const auto configuration = parse_configuration("/etc/postern/config.yaml", yaml);
  if (configuration) return "";
  std::string text;
  for (const ConfigError& error : configuration.error()) text += error.to_string() + "\n";
  return text;
}

ProxyConfiguration parsed(const std::string& yaml) {
  const auto configuration = parse_configuration("/etc/postern/config.yaml", yaml);
  CAPTURE(errors(yaml));
  REQUIRE(configuration);
  return *configuration;
}

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

TEST_CASE("all errors at once, in the file's order, with key paths and places") {
  CHECK(errors(R"(apiVersion: config.postern.dev/v1
kind: Proxy
listen: localhost:8443
listen: 127.0.0.1:8443
colour: blue
kubeClusters:
- name: My_Cluster
  kubeconfig: k
- {name: b, kubeconfig: k, inCluster: true}
- {name: b, context: x}
- {inCluster: yes}
defaultCluster: other
limits:
  headBytes: 1
  headTimeout: 10
  maxConnections: -1
  nothing: 1
  idleTimeout: 1s
tls: {certFile: a}
impersonation: {allowSystem: [admin, "system:masters"]}
)") == R"(/etc/postern/config.yaml:1:13: apiVersion: must be config.postern.dev/v1alpha1
/etc/postern/config.yaml:2:7: kind: must be ProxyConfiguration
/etc/postern/config.yaml:3:9: listen: must be IP:PORT or [IPv6]:PORT, e.g. 127.0.0.1:8443 or [::]:8443
/etc/postern/config.yaml:4:1: listen: the key is repeated
/etc/postern/config.yaml:5:9: colour: is no known key
/etc/postern/config.yaml:7:9: kubeClusters[0].name: must be a DNS label: up to 63 of a-z, 0-9 and -, with a letter or digit at both ends
/etc/postern/config.yaml:9:39: kubeClusters[1].inCluster: goes not together with kubeconfig
/etc/postern/config.yaml:10:3: kubeClusters[2]: needs a kubeconfig, or inCluster: true
/etc/postern/config.yaml:10:10: kubeClusters[2].name: is the name of an earlier cluster too
/etc/postern/config.yaml:10:22: kubeClusters[2].context: is of a kubeconfig only
/etc/postern/config.yaml:11:3: kubeClusters[3].name: is required
/etc/postern/config.yaml:11:3: kubeClusters[3]: needs a kubeconfig, or inCluster: true
/etc/postern/config.yaml:11:15: kubeClusters[3].inCluster: must be true or false
/etc/postern/config.yaml:12:17: defaultCluster: is the name of no cluster in kubeClusters
/etc/postern/config.yaml:14:14: limits.headBytes: must be between 4Ki and 1Mi
/etc/postern/config.yaml:15:16: limits.headTimeout: must be a duration such as 500ms, 10s or 1m30s
/etc/postern/config.yaml:16:19: limits.maxConnections: must be a whole number
/etc/postern/config.yaml:17:12: limits.nothing: is no known key
/etc/postern/config.yaml:19:6: tls.keyFile: is required with certFile
/etc/postern/config.yaml:20:30: impersonation.allowSystem: system:masters may do everything, past all authorization: it also needs allowMasters: true
/etc/postern/config.yaml:20:31: impersonation.allowSystem[0]: must be a user or group that begins with system:
)");
}

TEST_CASE("bad values, one by one") {
  struct Row {
    const char* yaml;   ///< behind the head and a good cluster
    const char* error;  ///< a part of the only error
  };
  const Row rows[] = {
      {"clusterName: Postern", "clusterName: must be a DNS name"},
      {"clusterName: 7", "clusterName: must be a text; write it in quotes"},
      {"clusterName: true", "clusterName: must be a text; write it in quotes"},
      {"clusterName: [a]", "clusterName: must be a text"},
      {"clusterName: ''", "clusterName: must not be empty"},
      {"listen: ''", "listen: must not be empty"},
      {"listen: 127.0.0.1", "listen: must be IP:PORT"},
      {"listen: 127.0.0.1:65536", "listen: must be IP:PORT"},
      {"listen: ':8443'", "listen: must be IP:PORT"},
      {"listen: '::1:8443'", "listen: must be IP:PORT"},
      {"listen: 127.0.0.1:8081", "both listeners have the same address"},
      {"adminListen: none", "adminListen: must be IP:PORT"},
      {"tls: cert.pem", "tls: must be a mapping"},
      {"tls: {certFile: a, keyFile: ''}", "tls.keyFile: must not be empty"},
      {"tls: {certFile: a, keyFile: b, minVersion: 1.3}", "tls.minVersion: is no known key"},
      {"tls: {certFile: a, keyFile: b, names: [x]}", "tls.names: is for a certificate"},
      {"tls: {names: ['*.example.com']}", "tls.names[0]: must be a DNS name or an IP address"},
      {"authentication: {clientCAFile: {}}", "authentication.clientCAFile.file: is required"},
      {"authentication: {clientCAFile: [a]}", "authentication.clientCAFile: must be a mapping"},
      {"authentication: {tokenFile: {file: a, prefix: x}}",
       "authentication.tokenFile.prefix: must be a mapping"},
      {"authentication: {tokenFile: {file: a, prefix: {users: ' x'}}}",
       "prefix.users: must be printable"},
      {"authentication: {groupRoles: {ops: access}}",
       "authentication.groupRoles.ops: must be a list"},
      {"authentication: {groupRoles: {ops: [1]}}", "groupRoles.ops[0]: must be a text"},
      {"authentication: {groupRoles: [ops]}", "authentication.groupRoles: must be a mapping"},
      {"authentication: {groupRoles: {ops: [a], ops: [b]}}", "the key is repeated"},
      {"authentication: {jwt: [{issuer: x}]}", "does not take JSON web tokens"},
      {"authentication: {tokenReview: {kubeCluster: d}}",
       "tokenReview.kubeCluster: is the name of no cluster"},
      {"authentication: {tokenReview: {audiences: []}}", "audiences: needs at least one"},
      {"authentication: {tokenReview: {cacheTTL: 0s}}", "cacheTTL: must be between 1s and 10m"},
      {"authentication: {tokenReview: {token: x}}", "tokenReview.token: is no known key"},
      {"authentication: {clusterClientCA: {kubeCluster: d}}",
       "clusterClientCA.kubeCluster: is the name of no cluster"},
      {"loopbackListen: 0.0.0.0:6443", "loopbackListen: must be a loopback address"},
      {"loopbackListen: '[::]:6443'", "loopbackListen: must be a loopback address"},
      {"loopbackListen: 10.127.0.0:6443", "loopbackListen: must be a loopback address"},
      {"loopbackListen: 'localhost:6443'", "loopbackListen: must be a loopback address"},
      {"loopbackListen: 127.0.0.1:8081", "another listener has the same address"},
      {"loopbackHosts: [a]", "does nothing without loopbackListen"},
      {"authentication: {localUsers: {on: true}}", "localUsers.on: is no known key"},
      {"impersonation: {actAs: [x]}", "cannot act as others"},
      {"impersonation: {allowSystem: ['system:masters']}", "it also needs allowMasters"},
      {"impersonation: {allowMasters: true}", "does nothing without system:masters"},
      {"impersonation: {allowMasters: 'true'}", "allowMasters: must be true or false"},
      {"storage: {type: etcd}", "storage.type: must be one of sqlite, memory, kubernetes"},
      {"storage: {namespace: gate}", "storage.namespace: is of type: kubernetes only"},
      {"storage: {type: sqlite, secretName: a}", "storage.secretName: is of type: kubernetes only"},
      {"storage: {type: kubernetes, kubeCluster: none}",
       "storage.kubeCluster: is the name of no cluster in kubeClusters"},
      {"storage: {type: kubernetes, maxSilence: 1s}", "storage.maxSilence: must be between 5s"},
      {"storage: {type: kubernetes, namespace: A}", "storage.namespace: "},
      {"sessions: {ttl: 30s}", "sessions.ttl: must be between 1m and 8760h"},
      {"sessions: {ttl: 31h}", "sessions.ttl: ttl is more than maxTTL"},
      {"sessions: {maxTTL: 1h}", "sessions.maxTTL: ttl is more than maxTTL"},
      {"sessions: {inviteTTL: 8d}", "sessions.inviteTTL: must be a duration"},
      {"requests: {retention: -1h}", "requests.retention: must be a duration"},
      {"audit: {file: x}", "audit.file: is no known key"},
      {"audit: {onFailure: ignore}", "audit.onFailure: must be one of refuse, continue"},
      {"audit: {delivery: fsync}", "audit.delivery: must be one of written, queued"},
      {"audit: {queueSize: 1Ki}", "audit.queueSize: must be between 1Mi and 1Gi"},
      {"audit: {maxAge: -1h}", "audit.maxAge: must be a duration"},
      {"audit: {enabled: 'no'}", "audit.enabled: must be true or false"},
      {"resources: roles.yaml", "resources: must be a list"},
      {"resources: [[a]]", "resources[0]: must be a text"},
      {"workers: 1.5", "workers: must be a whole number"},
      {"workers: 01", "workers: must be a whole number"},
      {"workers: 5000", "workers: must be between 0 and 1024"},
      {"workers: 99999999999999999999", "workers: must be a whole number"},
      {"workers: '2'", "workers: must be a whole number"},
      {"limits: {maxConnections: 5, maxConnectionsPerAddress: 6}", "is more than maxConnections"},
      {"limits: {headBytes: 64KB}", "limits.headBytes: must be a number of bytes"},
      {"limits: {idleTimeout: 99h}", "limits.idleTimeout: must be between 1s and 24h"},
      {"drain: {delay: -1s}", "drain.delay: must be a duration"},
      {"drain: {delay: 1.5s}", "drain.delay: must be a duration"},
      {"logging: {level: chatty}", "logging.level: must be one of debug, info, warn, error"},
      {"logging: {format: xml}", "logging.format: must be one of json, text"},
      {"? [a]\n: b", "a key must be a text"},
      {"<<: {listen: x}", "<<: is no known key"},
      {"\"a\\x1bb\": 1", "a\\x1bb: is no known key"},
      {"Listen: 127.0.0.1:1", "Listen: is no known key"},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.yaml));
    const std::string found = errors(kHead + kCluster + row.yaml + "\n");
    CHECK(found.find(row.error) != std::string::npos);
    CHECK(std::count(found.begin(), found.end(), '\n') == 1);
    CHECK(found.starts_with("/etc/postern/config.yaml:"));
  }
}

TEST_CASE("no configuration at all") {
  CHECK(errors("") == "/etc/postern/config.yaml: has no YAML document\n");
  CHECK(errors("# nothing\n") == "/etc/postern/config.yaml: has no YAML document\n");
  CHECK(errors("- a\n").find(":1:1: must be a mapping") != std::string::npos);
  CHECK(errors("a: [b\n").find("is not YAML") != std::string::npos);
  CHECK(errors(", a: b").find("is not YAML") != std::string::npos);
  CHECK(errors(kHead + "listen: &x 1\nadminListen: *x\n").find("anchors are not supported") !=
        std::string::npos);
  CHECK(errors(std::string(100, '[') + std::string(100, ']')).find("nested too deeply") !=
        std::string::npos);
  CHECK(errors("\tkey: x\n").find("/etc/postern/config.yaml:1") != std::string::npos);
  CHECK(errors(kHead + kCluster + "---\n" + kHead).find(":5:1: a second YAML document") !=
        std::string::npos);
  CHECK(errors(kHead + "listen: \xff\n").find("is not UTF-8") != std::string::npos);
  CHECK(errors(std::string(1024 * 1024 + 1, ' ')).find("larger than 1 MiB") != std::string::npos);
  CHECK(errors(kHead).find("kubeClusters: is required") != std::string::npos);
  CHECK(errors(kHead + "kubeClusters: []\n").find("needs at least one") != std::string::npos);
}

TEST_CASE("a key without a value counts as left out") {
  const ProxyConfiguration c = parsed(kHead + kCluster + "tls:\nresources:\nlisten: ~\n");
  CHECK(c.listen == "0.0.0.0:8443");
  CHECK(c.resources.empty());
}

TEST_CASE("several clusters without a default: none is served at the root") {
  CHECK(parsed(kHead + "kubeClusters: [{name: a, inCluster: true}, {name: b, kubeconfig: k}]\n")
            .default_cluster.empty());
}

TEST_CASE("durations and sizes") {
  CHECK(parse_duration("1h2m3s4ms") == milliseconds(3'723'004));
  CHECK(parse_duration("0") == milliseconds(0));
  CHECK(parse_duration("0s") == milliseconds(0));
  for (const char* bad : {"", "1", "s", "1 s", "1S", "-1s", "1.5s", "1us", "1d", "1s ", "99999999h",
                          "18446744073709551616s", "1s1"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(parse_duration(bad));
  }
  for (const std::int64_t ms : {0LL, 1LL, 999LL, 1000LL, 61'000LL, 3'600'000LL, 5'430'017LL}) {
    CHECK(parse_duration(format_duration(milliseconds(ms))) == milliseconds(ms));
  }
  CHECK(format_duration(milliseconds(90'000)) == "1m30s");

  CHECK(parse_bytes("0") == 0);
  CHECK(parse_bytes("64Ki") == 65536);
  CHECK(parse_bytes("1k") == 1000);
  CHECK(parse_bytes("2Gi") == 2147483648);
  for (const char* bad : {"", "Ki", "1K", "1KiB", "-1", "1.5Mi", "1 Mi", "99999999999Gi", "0x10"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(parse_bytes(bad));
  }
  CHECK(format_bytes(3 * 1024 * 1024) == "3Mi");
  CHECK(format_bytes(1000) == "1000");
  CHECK(format_bytes(0) == "0");
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

TEST_CASE("addresses") {
  CHECK(parse_listen_address("127.0.0.1:0") == ListenAddress{"127.0.0.1", 0});
  CHECK(parse_listen_address("[::1]:8443") == ListenAddress{"::1", 8443});
  CHECK(parse_listen_address("[::1]:8443")->to_string() == "[::1]:8443");
  for (const char* bad : {"", ":", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:1x", "[127.0.0.1]:1", "::1:1",
                          "[::1]", "host:1", "1.2.3:1", "[]:1", "1.2.3.4:-1"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(parse_listen_address(bad));
  }
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
