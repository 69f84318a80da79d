#include "proxy/audit/policy.h"

#include <doctest/doctest.h>

namespace postern::proxy::audit {
namespace {

const rbac::UserInfo kAlice{"alice", {"dev", "system:authenticated"}, ""};

Attributes on(std::string_view verb, std::string_view resource, std::string_view subresource = "",
              std::string_view name = "", std::string_view group = "",
              std::string_view space = "dev") {
  return {.user = &kAlice,
          .verb = verb,
          .is_resource_request = true,
          .api_group = group,
          .resource = resource,
          .subresource = subresource,
          .namespace_ = space,
          .name = name,
          .path = {}};
}
Attributes at(std::string_view path, std::string_view verb = "get") {
  Attributes attributes;
  attributes.user = &kAlice;
  attributes.verb = verb;
  attributes.path = path;
  return attributes;
}

bool matches(const PolicyRule& rule, const Attributes& attributes) {
  Policy policy;
  policy.rules = {rule};
  policy.rules.front().level = Level::kMetadata;
  return policy.evaluate(attributes).level == Level::kMetadata;
}

PolicyRule of(GroupResources resources) {
  PolicyRule rule;
  rule.resources = {std::move(resources)};
  return rule;
}

// The rows of k8s.io/apiserver pkg/audit/policy/checker_test.go, in its vocabulary.
TEST_CASE("rules match as in kube-apiserver") {
  struct Row {
    const char* what;
    PolicyRule rule;
    Attributes asked;
    bool matches;
  };
  PolicyRule users;
  users.users = {"alice"};
  PolicyRule groups;
  groups.user_groups = {"ops", "dev"};
  PolicyRule both = users;
  both.user_groups = {"ops"};
  PolicyRule verbs;
  verbs.verbs = {"list", "watch"};
  PolicyRule spaces;
  spaces.namespaces = {"dev"};
  PolicyRule no_space;
  no_space.namespaces = {""};
  PolicyRule urls;
  urls.non_resource_urls = {"/logs*", "/healthz"};
  PolicyRule any_url;
  any_url.non_resource_urls = {"*"};
  Attributes nobody = on("get", "pods");
  nobody.user = nullptr;
  const Row rows[] = {
      {"no conditions", {}, on("get", "pods"), true},
      {"user", users, on("get", "pods"), true},
      {"user of nobody", users, nobody, false},
      {"group", groups, on("get", "pods"), true},
      {"group of nobody", groups, nobody, false},
      {"user and another group", both, on("get", "pods"), false},
      {"verb", verbs, on("list", "pods"), true},
      {"other verb", verbs, on("get", "pods"), false},
      {"namespace", spaces, on("get", "pods"), true},
      {"other namespace", spaces, on("get", "pods", "", "", "", "prod"), false},
      {"namespace of a path", spaces, at("/healthz"), false},
      {"no namespace", no_space, on("get", "nodes", "", "", "", ""), true},
      {"some namespace", no_space, on("get", "pods"), false},
      {"resource", of({"", {"pods"}, {}}), on("get", "pods"), true},
      {"not its subresource", of({"", {"pods"}, {}}), on("get", "pods", "log"), false},
      {"subresource", of({"", {"pods/log"}, {}}), on("get", "pods", "log"), true},
      {"not the resource", of({"", {"pods/log"}, {}}), on("get", "pods"), false},
      {"every subresource", of({"", {"pods/*"}, {}}), on("get", "pods", "log"), true},
      {"and itself", of({"", {"pods/*"}, {}}), on("get", "pods"), true},
      {"any resource's", of({"", {"*/scale"}, {}}), on("get", "pods", "scale"), true},
      {"any resource's other", of({"", {"*/scale"}, {}}), on("get", "pods", "log"), false},
      {"any resource's none", of({"", {"*/scale"}, {}}), on("get", "pods"), false},
      {"everything of a group", of({"apps", {}, {}}), on("get", "pods", "", "", "apps"), true},
      {"another group", of({"apps", {}, {}}), on("get", "pods"), false},
      {"star", of({"", {"*"}, {}}), on("get", "pods", "log"), true},
      {"name", of({"", {"pods"}, {"a"}}), on("get", "pods", "", "a"), true},
      {"other name", of({"", {"pods"}, {"a"}}), on("get", "pods", "", "b"), false},
      {"no name", of({"", {"pods"}, {"a"}}), on("list", "pods"), false},
      {"resource of a path", of({"", {"pods"}, {}}), at("/api/v1/pods"), false},
      {"url", urls, at("/healthz"), true},
      {"url below", urls, at("/healthz/ping"), false},
      {"url with a star", urls, at("/logs/x"), true},
      {"url of a resource", urls, on("get", "pods"), false},
      {"any url", any_url, at("/x"), true},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.what));
    CHECK(matches(row.rule, row.asked) == row.matches);
  }
}

TEST_CASE("the first rule that matches counts, and none means None") {
  Policy policy;
  policy.rules.resize(2);
  policy.rules[0].level = Level::kNone;
  policy.rules[0].verbs = {"get"};
  policy.rules[1].level = Level::kRequest;
  policy.rules[1].verbs = {"get", "create"};
  CHECK(policy.evaluate(on("get", "pods")).level == Level::kNone);
  CHECK(policy.evaluate(on("create", "pods")).level == Level::kRequest);
  CHECK(policy.evaluate(on("delete", "pods")).level == Level::kNone);
}

TEST_CASE("stages are left out by the policy or by the rule; managed fields by the nearer one") {
  Policy policy;
  policy.omit_stages.insert(Stage::kRequestReceived);
  policy.omit_managed_fields = true;
  policy.rules.resize(2);
  policy.rules[0].level = Level::kMetadata;
  policy.rules[0].verbs = {"get"};
  policy.rules[0].omit_stages.insert(Stage::kPanic);
  policy.rules[0].omit_managed_fields = false;
  policy.rules[1].level = Level::kMetadata;
  const RequestConfig first = policy.evaluate(on("get", "pods"));
  CHECK(!first.wants(Stage::kRequestReceived));
  CHECK(!first.wants(Stage::kPanic));
  CHECK(first.wants(Stage::kResponseComplete));
  CHECK(!first.omit_managed_fields);
  const RequestConfig second = policy.evaluate(on("list", "pods"));
  CHECK(second.wants(Stage::kPanic));
  CHECK(second.omit_managed_fields);
}

TEST_CASE("the built-in policy: no noise, and what changes something is told before it happens") {
  const Policy& policy = built_in_policy();
  for (const char* path : {"/healthz", "/livez/ping", "/readyz", "/version", "/api",
                           "/apis/apps/v1", "/openapi/v3/apis/apps/v1"}) {
    CAPTURE(std::string(path));
    CHECK(policy.evaluate(at(path)).level == Level::kNone);
  }
  CHECK(policy.evaluate(at("/metrics")).level == Level::kMetadata);
  CHECK(policy.evaluate(at("/version", "post")).level == Level::kMetadata);
  const auto tells_before = [&](const Attributes& attributes) {
    const RequestConfig config = policy.evaluate(attributes);
    CHECK(config.level == Level::kMetadata);
    CHECK(config.wants(Stage::kResponseComplete));
    return config.wants(Stage::kRequestReceived);
  };
  CHECK(!tells_before(on("get", "pods")));
  CHECK(!tells_before(on("list", "pods")));
  CHECK(!tells_before(on("watch", "deployments", "", "", "apps")));
  CHECK(!tells_before(on("get", "pods", "log")));
  CHECK(tells_before(on("create", "pods")));
  CHECK(tells_before(on("patch", "deployments", "", "", "apps")));
  CHECK(tells_before(on("get", "pods", "exec")));
  CHECK(tells_before(on("get", "pods", "portforward")));
  CHECK(tells_before(on("get", "services", "proxy")));
  CHECK(tells_before(on("get", "secrets")));
  CHECK(tells_before(on("list", "secrets")));
  CHECK(tells_before(on("create", "accessrequests", "reviews", "x", "access.postern.dev", "")));
}

}  // namespace
}  // namespace postern::proxy::audit
