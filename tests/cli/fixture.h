#pragma once

#include "cli/command_line.h"
#include "proxy/config.h"
#include "tests/proxy/temporary_directory.h"

#include <sstream>
#include <string>
#include <vector>

namespace postern::cli::testing {

/// Runs the program's commands in a directory of its own.
class Program {
 public:
  /// The exit code. Output is in out() and err(), of this run only.
  int run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    return cli::run(arguments, {out_, err_, directory_.path().string(), "",
                                [this](const proxy::ProxyConfiguration& configuration) {
                                  served_ = proxy::to_yaml(configuration);
                                  return 42;
                                }});
  }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }
  /// The configuration that the proxy was started with, as YAML; "" when it was not.
  const std::string& served() const { return served_; }

  std::string write(const std::string& name, const std::string& text) const {
    return directory_.write(name, text);
  }
  std::string file(const std::string& name) const { return directory_.file(name); }

  /// A good configuration with one cluster, and these roles and users. Gives its path.
  std::string write_configuration(const std::string& resources,
                                  const std::string& more = "") const {
    write("kubeconfig", R"(apiVersion: v1
kind: Config
current-context: x
contexts: [{name: x, context: {cluster: x, user: x}}]
clusters: [{name: x, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: x, user: {token: secret-of-the-proxy}}]
)");
    write("resources.yaml", resources);
    write("tokens.csv", "sesame,alice,1\n");
    return write("config.yaml", R"(apiVersion: config.postern.dev/v1alpha1
kind: ProxyConfiguration
kubeClusters: [{name: staging, labels: {env: staging}, kubeconfig: kubeconfig}]
authentication: {tokenFile: tokens.csv}
resources: [resources.yaml]
)" + more);
  }

 private:
  proxy::testing::TemporaryDirectory directory_;
  std::ostringstream out_;
  std::ostringstream err_;
  std::string served_;
};

inline const char* const kRoles = R"(kind: role
version: v8
metadata: {name: dev}
spec:
  allow:
    kubernetes_labels: {env: staging}
    kubernetes_groups: [developers]
    kubernetes_resources:
    - {kind: pods, api_group: "", namespace: dev, name: "web-*", verbs: [get, list, watch, create, exec]}
  deny:
    kubernetes_resources:
    - {kind: pods, api_group: "", namespace: dev, name: "web-9", verbs: ["*"]}
---
kind: user
version: v2
metadata: {name: alice}
spec: {roles: [dev]}
)";

}  // namespace postern::cli::testing
