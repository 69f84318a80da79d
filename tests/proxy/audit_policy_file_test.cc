#include "proxy/audit_policy_file.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

namespace postern::proxy {
namespace {

const std::string kHead = "apiVersion: audit.k8s.io/v1\nkind: Policy\n";

audit::Policy parsed(const std::string& yaml) {
  auto policy = parse_audit_policy("policy.yaml", yaml);
  if (!policy) FAIL(policy.error().front().to_string());
  return std::move(*policy);
}

std::string errors(const std::string& yaml) {
  const auto policy = parse_audit_policy("policy.yaml", yaml);
  std::string text;
  if (!policy) {
    for (const ConfigError& error : policy.error()) text += error.to_string() + "\n";
  }
  return text;
}

// The policy of the Kubernetes documentation ("Auditing"), word for word in its structure.
TEST_CASE("a policy written for kube-apiserver loads as it is") {
  const audit::Policy policy = parsed(R"(
apiVersion: audit.k8s.io/v1 # This is required.
kind: Policy
metadata: {name: default, creationTimestamp: null}
omitStages:
  - "RequestReceived"
rules:
  - level: RequestResponse
    resources:
    - group: ""
      resources: ["pods"]
  - level: Metadata
    resources:
    - group: ""
      resources: ["pods/log", "pods/status"]
  - level: None
    resources:
    - group: ""
      resources: ["configmaps"]
      resourceNames: ["controller-leader"]
  - level: None
    users: ["system:kube-proxy"]
    verbs: ["watch"]
    resources:
    - group: "" # core API group
      resources: ["endpoints", "services"]
  - level: None
    userGroups: ["system:authenticated"]
    nonResourceURLs:
    - "/api*" # Wildcard matching.
    - "/version"
  - level: Request
    resources:
    - group: "" # core API group
      resources: ["configmaps"]
    namespaces: ["kube-system"]
  - level: Metadata
    resources:
    - group: "" # core API group
    - group: "extensions" # Version of group should NOT be included.
  - level: Metadata
    namespaces: [""]
    omitManagedFields: true
    omitStages: [ResponseStarted, Panic]
)");
  CHECK(policy.rules.size() == 8);
  CHECK(policy.omit_stages.contains(audit::Stage::kRequestReceived));
  CHECK(policy.rules[0].level == audit::Level::kRequestResponse);
  CHECK(policy.rules[2].resources[0].resource_names[0] == "controller-leader");
  CHECK(policy.rules[4].non_resource_urls.size() == 2);
  CHECK(policy.rules[6].resources[1].group == "extensions");
  CHECK(policy.rules[7].namespaces == std::vector<std::string>{""});
  CHECK(policy.rules[7].omit_managed_fields == true);
  CHECK(!policy.rules[6].omit_managed_fields);
  CHECK(policy.rules[7].omit_stages.contains(audit::Stage::kPanic));
}

TEST_CASE("whatever is wrong is told with its key and place") {
  struct Row {
    const char* yaml;
    const char* error;
  };
  const Row rows[] = {
      {"rules: []", "rules: needs at least one rule"},
      {"rules: [{verbs: [get]}]", "rules[0].level: is required"},
      {"rules: [{level: metadata}]",
       "rules[0].level: must be one of None, Metadata, Request, RequestResponse"},
      {"rules: [{level: None, user: [a]}]", "rules[0].user: is no known key"},
      {"rules: [{level: None, level: None}]", "rules[0].level: the key is repeated"},
      {"rules: [{level: None, verbs: get}]", "rules[0].verbs: must be a list"},
      {"rules: [{level: None, omitStages: [Received]}]",
       "rules[0].omitStages[0]: must be one of RequestReceived"},
      {"rules: [{level: None, nonResourceURLs: [healthz]}]",
       "rules[0].nonResourceURLs[0]: must begin with /, or be *"},
      {"rules: [{level: None, nonResourceURLs: ['/a*/b']}]",
       "rules[0].nonResourceURLs[0]: may have a * only at its end"},
      {"rules: [{level: None, nonResourceURLs: [/a], namespaces: [dev]}]",
       "rules[0].nonResourceURLs: goes not together with resources and namespaces"},
      {"rules: [{level: None, resources: [{group: 'apps/v1'}]}]", "rules[0].resources[0].group:"},
      {"rules: [{level: None, resources: [{resourceNames: [a]}]}]",
       "rules[0].resources[0].resourceNames: needs resources beside it"},
      {"rules: [{level: None, omitManagedFields: 'yes'}]",
       "rules[0].omitManagedFields: must be true or false"},
      {"rules: [{level: None}]\nomitstages: []", "omitstages: is no known key"},
      {"rules: [{level: None}]\n---\na: b", "a second YAML document"},
      {"rules: {level: None}", "rules: must be a list"},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.yaml));
    const std::string found = errors(kHead + row.yaml + "\n");
    CHECK(found.find(row.error) != std::string::npos);
    CHECK(found.starts_with("policy.yaml:"));
  }
  CHECK(errors("kind: Policy\n").find("apiVersion: is required") != std::string::npos);
  CHECK(errors("apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]\n")
            .find("apiVersion: must be audit.k8s.io/v1") != std::string::npos);
  CHECK(errors("").find("has no YAML document") != std::string::npos);
}

TEST_CASE("all errors at once, in the file's order") {
  const std::string found = errors(kHead + "rules:\n- level: x\n- verbs: get\n  level: None\n");
  CHECK(std::count(found.begin(), found.end(), '\n') == 2);
  CHECK(found.find("policy.yaml:4:") < found.find("policy.yaml:5:"));
}

TEST_CASE("a file that is not there") {
  const auto policy = load_audit_policy("/nonexistent/policy.yaml");
  REQUIRE(!policy);
  CHECK(policy.error().front().file == "/nonexistent/policy.yaml");
}

}  // namespace
}  // namespace postern::proxy
