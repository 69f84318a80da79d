#include "rbac/load.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

using namespace postern::rbac;

namespace {

std::string with_spec(std::string_view version, std::string_view spec) {
  return "kind: role\nversion: " + std::string(version) + "\nmetadata: {name: dev}\nspec:\n" +
         std::string(spec);
}

/// Every message of a file, one a line.
std::string lines(const std::vector<LoadMessage>& messages) {
  std::string text;
  for (const LoadMessage& message : messages) {
    text += message.str() + "\n";
  }
  return text;
}

std::string errors_of(std::string_view text) {
  return lines(load_documents("f.yaml", text).errors);
}
std::string warnings_of(std::string_view text) {
  const LoadResult result = load_documents("f.yaml", text);
  CHECK(lines(result.errors) == "");
  return lines(result.warnings);
}

std::string resource(std::string_view version, std::string_view rule,
                     std::string_view block = "allow") {
  return with_spec(version, "  " + std::string(block) +
                                ":\n    kubernetes_labels: {'*': '*'}\n    kubernetes_resources:\n"
                                "    - " +
                                std::string(rule) + "\n");
}

bool has(const std::string& text, std::string_view part) {
  CAPTURE(text);
  CAPTURE(part);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("a role with everything in it") {
  const LoadResult result = load_documents("roles.yaml", R"(
kind: role
version: v8
metadata: {name: dev, description: Developers, labels: {team: a}}
spec:
  allow:
    kubernetes_labels: {env: [staging, 'dev-*'], '*': '*'}
    kubernetes_groups: [developers, '{{internal.kubernetes_groups}}']
    kubernetes_users: ['{{external.email}}']
    kubernetes_resources:
    - {kind: pods, api_group: '', namespace: 'dev-*', name: '*', verbs: [get, list, proxy]}
    - {kind: widgets, api_group: e.com, namespace: '{{external.ns}}', name: '^w[0-9]+$', verbs: ['*']}
    request:
      roles: [admin]
      search_as_roles: [k8s]
      thresholds: [{name: two, filter: 'contains(reviewer.roles, "dev")', approve: 2, deny: 1}]
      suggested_reviewers: [bob]
      max_duration: 7d
      kubernetes_resources: [{kind: pods, api_group: ''}]
      reason: {mode: required, prompt: 'Why?'}
    review_requests: {roles: [admin], preview_as_roles: [k8s], where: 'x'}
    rules:
    - {resources: [role, user], verbs: [read, list]}
    node_labels: {'*': '*'}
    logins: [root]
  deny:
    kubernetes_resources:
    - {kind: secrets, namespace: prod, name: '*'}
  options: {max_session_ttl: 8h0m0s, request_access: reason, request_prompt: Say why}
)");
  REQUIRE(lines(result.errors) == "");
  CHECK(lines(result.warnings) == "");
  REQUIRE(result.roles.size() == 1);
  const Role& role = result.roles[0];
  CHECK(role.name == "dev");
  CHECK(role.version == 8);
  CHECK(role.description == "Developers");
  CHECK(role.origin == "roles.yaml:2");
  CHECK(role.allow.kubernetes_labels->labels.at("env").size() == 2);
  REQUIRE(role.allow.kubernetes_resources.size() == 2);
  CHECK(role.allow.kubernetes_resources[0].verbs == (Verb::kGet | Verb::kList | Verb::kProxy));
  CHECK(role.allow.kubernetes_resources[1].all_verbs);
  CHECK(role.allow.kubernetes_resources[1].namespace_.has_trait());
  CHECK(role.allow.kubernetes_groups.size() == 2);
  CHECK(role.allow.request.max_duration == std::chrono::hours(7 * 24));
  CHECK(role.allow.request.thresholds.at(0).approve == 2);
  CHECK(role.allow.request.reason_required);
  CHECK(role.allow.request.search_as_roles == std::vector<std::string>{"k8s"});
  CHECK(role.allow.review_requests.where == "x");
  CHECK(role.allow.rules.at(0).resources == std::vector<std::string>{"role", "user"});
  CHECK(role.allow.other_labels.count("node_labels") == 1);
  CHECK(role.allow.other_values.at("logins").size() == 1);
  CHECK(role.deny.kubernetes_resources.at(0).all_verbs);  // a deny never weakens by a gap
  CHECK(role.options.max_session_ttl == std::chrono::hours(8));
  CHECK(role.options.request_access == RequestAccess::kReason);
}

TEST_CASE("users") {
  const LoadResult result = load_documents("users.yaml", R"(
kind: user
version: v2
metadata: {name: alice}
spec:
  roles: [dev, requester]
  traits: {kubernetes_groups: [g1, g2], email: [alice@example.com], none: null}
---
kind: user
metadata: {name: bob}
spec: {roles: [], status: {is_locked: true}, oidc_identities: [{a: b}]}
---
kind: user
metadata: {name: carol}
spec: {roles: [], locked: true}
)");
  REQUIRE(lines(result.errors) == "");
  REQUIRE(result.users.size() == 3);
  CHECK(result.users[2].locked);
  CHECK(result.users[0].roles == std::vector<std::string>{"dev", "requester"});
  CHECK(result.users[0].traits.at("kubernetes_groups") == std::vector<std::string>{"g1", "g2"});
  CHECK_FALSE(result.users[0].locked);
  CHECK(result.users[1].locked);
  CHECK(lines(result.warnings) ==
        "users.yaml:11:63: user/bob: spec.oidc_identities: has no meaning here and is left out\n");
}

TEST_CASE("every error at once, each with file, line, column, object and key path") {
  const std::string errors = errors_of(R"(kind: role
version: v9
metadata: {name: dev, naem: x}
spec:
  allow:
    kubernetes_labels: {env: []}
    kubernetes_resources:
    - {kind: pods, namespace: dev, name: '^a(', verbs: [get]}
    - {kind: pods, namespace: dev, name: '^a($', verbs: [get, fly]}
    kubernetes_groups: ['']
---
kind: user
metadata: {name: alice}
spec: {roles: dev, colour: red}
---
kind: house
)");
  CHECK(errors ==
        "f.yaml:3:23: role/dev: metadata.naem: is not a known key\n"
        "f.yaml:2:10: role/dev: version: must be one of v3 to v8, not \"v9\"\n"
        "f.yaml:6:30: role/dev: spec.allow.kubernetes_labels.env: has no value\n"
        "f.yaml:8:42: role/dev: spec.allow.kubernetes_resources[0].name: begins with ^ or ends "
        "with $, but not both (byte 0)\n"
        "f.yaml:9:42: role/dev: spec.allow.kubernetes_resources[1].name: does not compile: missing "
        "): ^a($ (byte 0)\n"
        "f.yaml:9:63: role/dev: spec.allow.kubernetes_resources[1].verbs[1]: unknown verb \"fly\"\n"
        "f.yaml:10:25: role/dev: spec.allow.kubernetes_groups[0]: is empty\n"
        "f.yaml:14:15: user/alice: spec.roles: is not a list\n"
        "f.yaml:14:20: user/alice: spec.colour: is not a known key\n"
        "f.yaml:16:7: kind: must be role or user, not \"house\"\n");
  const LoadResult result =
      load_documents("f.yaml", "kind: house\n---\n" + with_spec("v8", "  {}"));
  CHECK(result.roles.size() == 1);
  CHECK(result.errors.at(0).document == 1);
}

TEST_CASE("YAML that is not accepted") {
  has(errors_of("kind: [role"), "f.yaml:1:");
  has(errors_of("kind: [role"), "is not YAML");
  has(errors_of("kind: role\nkind: user\n"), "f.yaml:2:1: kind: is written twice");
  has(errors_of(with_spec("v8", "  allow: {logins: [a], logins: [b]}\n")),
      "spec.allow.logins: is written twice");
  has(errors_of("kind: &a role\n"), "anchors are not supported");
  has(errors_of("a: &x 1\nb: *x\n"), "anchors are not supported");
  has(errors_of("kind: !!str role\n"), "tags are not supported");
  has(errors_of("? [a]\n: b\n"), "has a key that is no string");
  has(errors_of("- kind: role\n"), "is not a map");
  has(errors_of(std::string(70, '[') + std::string(70, ']')), "is nested too deeply");
  has(errors_of(std::string(9 * 1024 * 1024, ' ')), "is larger than 8 MiB");
  has(errors_of("metadata: {name: x}\n"), "kind: is missing");
  has(errors_of("kind: role\nversion: v8\nmetadata: {name: x}\n"), "spec: is missing");
  has(errors_of("kind: role\nversion: v8\nspec: {}\n"), "metadata: is missing");
  has(errors_of("kind: role\nmetadata: {name: x}\nspec: {}\n"), "version: is missing");
  has(errors_of("kind: role\nversion: v8\nmetadata: {name: \"a\\u202eb\"}\nspec: {}\n"),
      "has control or bidirectional characters");
  CHECK(errors_of("") == "");
  CHECK(errors_of("---\n---\n# nothing\n") == "");
}

TEST_CASE("keys without a meaning: permitting ones warn, restricting and unknown ones refuse") {
  CHECK(warnings_of(with_spec("v7", "  allow: {aws_role_arns: [a], host_groups: []}\n")) ==
        "f.yaml:5:26: role/dev: spec.allow.aws_role_arns: has no meaning here and is left out\n");
  CHECK(warnings_of(
            with_spec("v7", "  options: {forward_agent: true, disconnect_expired_cert: true}\n"))
            .find("spec.options.forward_agent") != std::string::npos);
  for (const char* options :
       {"require_session_mfa: true", "require_session_mfa: session", "device_trust_mode: required",
        "client_idle_timeout: 30m", "lock: strict", "max_kubernetes_connections: 3",
        "max_connections: 1", "max_sessions: 2", "pin_source_ip: true",
        "mfa_verification_interval: 1h", "port_forwarding: false",
        "record_session: {default: strict}", "ssh_port_forwarding: {local: {enabled: false}}",
        "desktop_clipboard: false"}) {
    CAPTURE(options);
    has(errors_of(with_spec("v7", "  options: {" + std::string(options) + "}\n")),
        "restricts in a way that postern does not have");
  }
  for (const char* options :
       {"require_session_mfa: false", "device_trust_mode: ''", "client_idle_timeout: 0s",
        "lock: best_effort", "max_connections: 0", "pin_source_ip: false", "port_forwarding: true",
        "record_session: {default: best_effort, desktop: true}", "disconnect_expired_cert: false",
        "ssh_port_forwarding: {remote: {enabled: true}}"}) {
    CAPTURE(options);
    CHECK(errors_of(with_spec("v7", "  options: {" + std::string(options) + "}\n")) == "");
  }
  for (const char* allow : {"kubernetes_labels_expression: 'x'", "node_labels_expression: 'x'",
                            "require_session_join: [{name: a}]"}) {
    CAPTURE(allow);
    has(errors_of(with_spec("v7", "  allow: {" + std::string(allow) + "}\n")), "restricts");
  }
  CHECK(errors_of(with_spec("v7", "  allow: {kubernetes_labels_expression: ''}\n")) == "");
  has(errors_of(with_spec("v7", "  deny: {aws_role_arns: [a]}\n")), "restricts");
  CHECK(errors_of(with_spec("v7", "  deny: {aws_role_arns: [], logins: [root]}\n")) == "");
  has(errors_of(with_spec("v7", "  deny: {kubernets_groups: [a]}\n")), "is not a known key");
  has(errors_of(with_spec("v7", "  alow: {}\n")), "spec.alow: is not a known key");
  has(errors_of(with_spec("v7", "  allow: {kubernetes_rules: []}\n")), "is not a known key");
  has(errors_of(with_spec("v7", "  options: {max_sesion_ttl: 1h}\n")), "is not a known key");
  has(errors_of(
          with_spec("v7", "  allow: {rules: [{resources: [role], verbs: [read], where: x}]}\n")),
      "rules[0].where: restricts");
  has(warnings_of(with_spec("v7", "  allow: {rules: [{resources: [node], verbs: [read]}]}\n")),
      "rules[0].resources[0]: has no meaning");
  has(errors_of(with_spec("v7", "  deny: {rules: [{resources: [node], verbs: [read]}]}\n")),
      "denies what postern does not have");
  has(errors_of("kind: role\nversion: v8\nmetadata: {name: x, expires: "
                "'2030-01-01T00:00:00Z'}\nspec: {}\n"),
      "metadata.expires: is not supported");
}

TEST_CASE("behaviour 1.7: kubernetes_resources by version") {
  const auto ok = [](const char* version, const char* rule) {
    CAPTURE(version);
    CAPTURE(rule);
    CHECK(errors_of(resource(version, rule)) == "");
  };
  const auto bad = [](const char* version, const char* rule, const char* message) {
    CAPTURE(version);
    CAPTURE(rule);
    has(errors_of(resource(version, rule)), message);
  };
  for (const char* version : {"v3", "v4", "v5", "v6"}) {
    ok(version, "{kind: pod, namespace: dev, name: x}");
    ok(version, "{kind: pod, namespace: dev, name: x, verbs: ['*']}");
    bad(version, "{kind: secret, namespace: dev, name: x}", "must be pod in a role of version");
    bad(version, "{kind: '*', namespace: dev, name: x}", "must be pod in a role of version");
    bad(version, "{kind: pod, namespace: dev, name: x, verbs: [get]}", "must be [*]");
    bad(version, "{kind: pod, name: x}", "needs a namespace");
  }
  ok("v7", "{kind: pod, namespace: dev, name: x, verbs: [get]}");
  ok("v7", "{kind: '*', namespace: '*', name: x, verbs: [get]}");
  ok("v7", "{kind: clusterrole, name: x, verbs: [get]}");
  ok("v7", "{kind: namespace, name: x, verbs: [get]}");
  bad("v7", "{kind: pods, namespace: dev, name: x, verbs: [get]}", "unknown kind \"pods\"");
  bad("v7", "{kind: other_type, namespace: dev, name: x}", "unknown kind \"other_type\"");
  bad("v7", "{kind: pod, namespace: dev, name: x, verbs: [fly]}", "unknown verb \"fly\"");
  ok("v7", "{kind: pod, namespace: dev, name: x, verbs: ['{{external.verbs}}']}");
  bad("v7", "{kind: pod, api_group: apps, namespace: dev, name: x}", "must be empty");
  bad("v7", "{kind: pod, name: x, verbs: [get]}", "needs a namespace");
  bad("v7", "{kind: '*', name: x, verbs: [get]}", "needs a namespace");
  bad("v7", "{kind: pod, namespace: dev, verbs: [get]}", "name: is missing");
  bad("v7", "{kind: pod, namespace: dev, name: '', verbs: [get]}", "name: is empty");
  bad("v7", "{kind: pod, namespace: dev, name: x, verbs: ['*', get]}", "* must be the only verb");
  ok("v8", "{kind: pods, namespace: dev, name: x, verbs: [get]}");
  ok("v8", "{kind: deployments, api_group: apps, namespace: dev, name: x, verbs: [get]}");
  ok("v8", "{kind: '*', api_group: '*', namespace: '', name: x, verbs: [get]}");
  ok("v8", "{kind: '*', api_group: '*.e.com', name: x, verbs: [get]}");
  ok("v8", "{kind: clusterroles, api_group: rbac.authorization.k8s.io, name: x, verbs: [get]}");
  bad("v8", "{kind: deployments, namespace: dev, name: x, verbs: [get]}", "needs an api_group");
  bad("v8", "{kind: '*', namespace: dev, name: x, verbs: [get]}", "needs an api_group");
  bad("v8", "{kind: pods, name: x, verbs: [get]}", "needs a namespace");
  bad("v8", "{kind: pod, api_group: '', namespace: dev, name: x}", "is written \"pods\"");
  bad("v8", "{kind: deployment, api_group: '*', namespace: dev, name: x}",
      "is written \"deployments\"");
  for (const char* kind : {"TeleportRole", "'*/x'", "group/v8/x", "group/", "'pod*'", "''"}) {
    bad("v8",
        ("{kind: " + std::string(kind) + ", api_group: e.com, namespace: d, name: x}").c_str(),
        "must be a plural in lower case or *");
  }
}

TEST_CASE("rules that give less than one may think are named in a warning") {
  has(warnings_of(resource("v7", "{kind: '*', namespace: dev, name: '*', verbs: [get]}")),
      "gives nothing cluster-scoped here");
  has(warnings_of(resource("v7", "{kind: pod, namespace: dev, name: '*', verbs: []}")),
      "has no verbs and gives nothing");
  has(warnings_of(resource("v8", "{kind: nodes, namespace: dev, name: '*', verbs: [get]}")),
      "gives nothing: the kind has none");
  has(warnings_of(resource("v8", "{kind: events, namespace: dev, name: '*', verbs: [get]}")),
      "events are readable where what they are about is");
  has(warnings_of(resource(
          "v8",
          "{kind: pods, api_group: metrics.k8s.io, namespace: dev, name: '*', verbs: [get]}")),
      "metrics are readable where what they are about is");
  CHECK(warnings_of(resource("v7", "{kind: '*', namespace: '*', name: '*', verbs: [get]}")) == "");
  CHECK(warnings_of(resource("v7", "{kind: '*', namespace: dev, name: '*'}", "deny")) == "");
}

TEST_CASE("principals") {
  has(errors_of(with_spec("v8", "  allow: {kubernetes_users: [' a']}\n")),
      "has spaces at its edges");
  has(errors_of(with_spec("v8", "  allow: {kubernetes_groups: [\"a\\tb\"]}\n")), "control");
  has(errors_of(with_spec("v8", "  deny: {kubernetes_groups: ['^a(b$']}\n")), "does not compile");
  has(errors_of(with_spec("v8", "  allow: {kubernetes_users: ['{{f(x)}}']}\n")), "uses a function");
  has(errors_of(with_spec("v8", "  allow: {kubernetes_labels: {'*': x}}\n")), "must be '*' under");
}

TEST_CASE("references between documents") {
  LoadResult first = load_documents("a.yaml", with_spec("v8", "  {}"));
  first.merge(load_documents("b.yaml", with_spec("v8", "  {}") +
                                           "\n---\nkind: user\nmetadata: {name: u}\nspec: {roles: "
                                           "[dev, nobody]}\n---\nkind: user\nmetadata: {name: "
                                           "u}\nspec: {}\n"));
  REQUIRE(first.ok());
  CHECK(lines(check_references(first.roles, first.users, {{"g", {"dev", "none"}}})) ==
        "b.yaml:1: role/dev: another role has this name\n"
        "b.yaml:7: user/u: there is no role \"nobody\"\n"
        "b.yaml:11: user/u: another user has this name\n"
        "authentication.groupRoles: g: there is no role \"none\"\n");
}

TEST_CASE("the presets load") {
  const std::vector<Role> presets = preset_roles();
  std::vector<std::string> names;
  for (const Role& role : presets) names.push_back(role.name);
  CHECK(names == std::vector<std::string>{"access", "requester", "reviewer", "editor", "auditor"});
}

TEST_CASE("the source of a role tells whether it changed") {
  const auto source = [](std::string_view spec) {
    return load_documents("f", with_spec("v8", spec)).roles.at(0).source;
  };
  CHECK(source("  allow: {logins: [a]}") == source("  allow:\n    logins:\n    - a"));
  CHECK(source("  allow: {logins: [a]}") != source("  allow: {logins: [b]}"));
  CHECK(source("  allow: {logins: [a]}") != source("  deny: {logins: [a]}"));
}
