// What is wrong with a configuration: told at once, with its place.

#include "config_texts.h"

#include <doctest/doctest.h>
#include <string>

namespace postern::proxy {
namespace {

using testing::errors;
using testing::kCluster;
using testing::kHead;
using testing::parsed;

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

}  // namespace
}  // namespace postern::proxy
