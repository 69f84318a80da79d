#include "tests/rbac/request/fixture.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

namespace {

const std::string kRoles =
    pod_role("pods", "{kind: pod, namespace: dev, name: '*', verbs: ['*']}") +
    pod_role("nginx", "{kind: pod, namespace: '*', name: 'nginx*', verbs: [get]}") +
    pod_role("spaces", "{kind: namespace, name: 'dev*', verbs: ['*']}", "env: dev") +
    pod_role("secrets", "{kind: secret, namespace: '*', name: '*', verbs: [get]}", "env: prod") +
    pod_role("all", "{kind: '*', namespace: '*', name: '*', verbs: ['*']}") +
    role("widgets",
         "allow: {kubernetes_labels: {env: dev}, kubernetes_resources: [{kind: widgets, api_group: "
         "e.com, namespace: '*', name: '*', verbs: [get]}, {kind: zones, api_group: e.com, name: "
         "'z*', verbs: [get]}]}",
         "v8") +
    role("seek-pods", "allow: {request: {search_as_roles: [pods]}}") +
    role("seek-more", "allow: {request: {search_as_roles: [nginx, secrets, spaces, widgets]}}") +
    role("seek-all", "allow: {request: {search_as_roles: [all]}}") +
    role("no-pods", "deny: {request: {search_as_roles: [pods]}}") +
    role("no-pods-role", "deny: {request: {roles: ['po*']}}") +
    role("asks", "allow: {request: {roles: [pods, 'sec*']}}") +
    role("asks-own", "allow: {request: {roles: ['{{external.own}}']}}") +
    role("asks-any", "allow: {request: {roles: ['*']}}") + role("nothing", "");

std::string roles_of(const Result<AccessRequest>& request) {
  if (!request) {
    return said(request);
  }
  std::string text;
  for (const std::string& name : request->spec.roles) {
    text += (text.empty() ? "" : " ") + name;
  }
  return text;
}

NewRequest for_ids(std::vector<std::string> ids, std::vector<std::string> roles = {}) {
  NewRequest asked;
  asked.resource_ids = std::move(ids);
  asked.roles = std::move(roles);
  return asked;
}

NewRequest for_roles(std::vector<std::string> roles) {
  return for_ids({}, std::move(roles));
}

}  // namespace

TEST_CASE("create: roles of a request for resources") {
  const Directory directory = directory_of(kRoles);
  struct Row {
    std::vector<std::string> held;
    std::vector<std::string> ids;
    std::vector<std::string> asked;
    std::string want;  ///< roles, or a part of the refusal
  };
  for (const Row& row : std::vector<Row>{
           {{"seek-pods"}, {"/mycluster/pod/k/dev/web-1"}, {}, "pods"},
           {{"seek-pods"}, {"/mycluster/pod/k/dev/web-*"}, {}, "pods"},
           {{"seek-pods"}, {"/mycluster/pod/k/prod/web-1"}, {}, "no role that you may request"},
           {{"seek-pods"}, {"/mycluster/pod/k/*/web-1"}, {}, "no role that you may request"},
           {{"seek-pods"}, {"/mycluster/namespace/k/dev"}, {}, "pods"},
           {{"seek-pods"}, {"/mycluster/namespace/k/prod"}, {}, "no role that you may request"},
           {{"seek-pods"}, {"/mycluster/kube_cluster/k"}, {}, "pods"},
           // Two teams: the union, each where it reaches something.
           {{"seek-pods", "seek-more"}, {"/mycluster/pod/k/dev/nginx-1"}, {}, "nginx pods spaces"},
           {{"seek-pods", "seek-more"}, {"/mycluster/pod/k/dev/web-1"}, {}, "pods spaces"},
           {{"seek-pods", "seek-more"},
            {"/mycluster/pod/prod/dev/web-1"},
            {},
            "pods"},  // spaces is for env=dev
           {{"seek-pods", "seek-more"},
            {"/mycluster/pod/prod/dev/web-1", "/mycluster/secret/prod/x/s"},
            {},
            "pods secrets"},
           {{"seek-pods", "seek-more"},
            {"/mycluster/pod/k/dev/web-1", "/mycluster/secret/k/x/s"},
            {},
            "reaches \"/mycluster/secret/k/x/s\""},  // one that nobody reaches refuses it all
           // Patterns are compared as texts.
           {{"seek-more"}, {"/mycluster/pod/k/x/nginx-*"}, {}, "nginx"},
           {{"seek-more"}, {"/mycluster/pod/k/x/nginx-1"}, {}, "nginx"},
           {{"seek-more"}, {"/mycluster/pod/k/x/*"}, {}, "no role that you may request"},
           {{"seek-more"}, {"/mycluster/pod/k/x/^n.*$"}, {}, "no role that you may request"},
           {{"seek-more"}, {"/mycluster/pod/k/x/web"}, {}, "perhaps you have access already"},
           // Custom resources; a kube cluster's name with a slash.
           {{"seek-more"}, {"/mycluster/widgets.e.com/k/x/w1"}, {}, "widgets"},
           {{"seek-more"}, {"/mycluster/widgets.e.com/a/b/x/w1"}, {}, "widgets"},
           {{"seek-more"}, {"/mycluster/widgets.e.com/k/dev/w1"}, {}, "spaces widgets"},
           {{"seek-more"}, {"/mycluster/zones.e.com/k/z1"}, {}, "widgets"},
           {{"seek-more"}, {"/mycluster/zones.e.com/k/a1"}, {}, "no role that you may request"},
           {{"seek-all"}, {"/mycluster/zones.e.com/k/a1"}, {}, "all"},
           {{"seek-all"}, {"/mycluster/kube_node/k/n1", "/mycluster/namespace/k/dev"}, {}, "all"},
           {{"seek-pods"}, {"/mycluster/kube_node/k/n1"}, {}, "no role that you may request"},
           // Explicit roles: only search roles, and all of them stay.
           {{"seek-pods", "seek-more"},
            {"/mycluster/pod/k/dev/nginx-1"},
            {"secrets", "nginx"},
            "nginx secrets"},
           {{"seek-pods"}, {"/mycluster/pod/k/dev/a"}, {"pods", "all"}, "with the role \"all\""},
           {{"seek-pods"}, {"/mycluster/pod/k/dev/a"}, {"*"}, "with the role \"*\""},
           {{"seek-pods"}, {"/mycluster/pod/k/dev/a"}, {"no-such"}, "with the role \"no-such\""},
           // Denies.
           {{"seek-pods", "no-pods", "pods"}, {"/mycluster/pod/k/dev/a"}, {}, "(search_as_roles)"},
           {{"seek-pods", "no-pods-role", "pods"},
            {"/mycluster/pod/k/dev/a"},
            {},
            "(search_as_roles)"},
           {{"seek-pods", "no-pods"},
            {"/mycluster/pod/k/dev/a"},
            {},
            "there is no kube cluster \"k\""},  // no role of theirs matches it
           {{"seek-pods", "no-pods", "seek-all"}, {"/mycluster/pod/k/dev/a"}, {}, "all"},
           // A role for requests of roles is not one for resources.
           {{"asks"}, {"/mycluster/pod/k/dev/a"}, {}, "there is no kube cluster \"k\""},
           {{"asks", "pods"}, {"/mycluster/pod/k/dev/a"}, {}, "(search_as_roles)"},
       }) {
    const Person alice = person_of(directory, "alice", row.held);
    const auto request = create_as(directory, alice, for_ids(row.ids, row.asked));
    const std::string got = roles_of(request);
    INFO(row.ids.front());
    CHECK_HAS(got, row.want);
    CHECK((request.has_value() ? got == row.want : request.error().code >= 400));
  }
}

TEST_CASE("create: requests for roles") {
  const Directory directory = directory_of(kRoles);
  struct Row {
    std::vector<std::string> held;
    std::vector<std::string> asked;
    std::string want;
  };
  for (const Row& row : std::vector<Row>{
           {{"asks"}, {"pods"}, "pods"},
           {{"asks"}, {"secrets", "pods", "pods"}, "pods secrets"},
           {{"asks"}, {"all"}, "you cannot request the role \"all\""},
           {{"asks"}, {"sect"}, "you cannot request the role \"sect\""},  // allowed, not there
           {{"asks"}, {"*"}, "pods secrets"},
           {{"asks", "pods"}, {"*"}, "secrets"},
           {{"asks", "pods"}, {"pods"}, "pods"},
           {{"asks"}, {"*", "pods"}, "you cannot request the role \"*\""},
           {{"asks", "no-pods-role"}, {"pods"}, "you cannot request the role \"pods\""},
           {{"asks", "no-pods-role"}, {"*"}, "secrets"},
           {{"nothing"}, {"*"}, "there is no role that you may request"},
           {{"asks-own"}, {"pods"}, "you cannot request"},
           {{"seek-pods"}, {"pods"}, "you cannot request"},  // only with resource IDs
           {{}, {"pods"}, "you cannot request"},
       }) {
    const Person alice = person_of(directory, "alice", row.held);
    const auto request = create_as(directory, alice, for_roles(row.asked));
    CHECK_HAS(roles_of(request), row.want);
    CHECK((request.has_value() ? roles_of(request) == row.want : request.error().code == 403));
  }
  const Person owner = person_of(directory, "alice", {"asks-own"}, {{"own", {"pods", "a*"}}});
  CHECK(roles_of(create_as(directory, owner, for_roles({"pods"}))) == "pods");
  CHECK_HAS(roles_of(create_as(directory, owner, for_roles({"all"}))), "you cannot request");
  // A role that does not exist is refused in the words for one that may not be requested.
  const Person alice = person_of(directory, "alice", {"asks"});
  auto unknown = create_as(directory, alice, for_roles({"nosuch"})).error().message;
  auto other = create_as(directory, alice, for_roles({"widgets"})).error().message;
  other.replace(other.find("widgets"), 7, "nosuch");
  CHECK(unknown == other);
}

TEST_CASE("create: what is written wrongly, with its field") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-all", "asks"});
  struct Row {
    NewRequest asked;
    std::string field;
    std::string type;
    std::string message;
  };
  const auto with = [](NewRequest asked, auto change) {
    change(asked);
    return asked;
  };
  const std::string kPod = "/mycluster/pod/k/dev/a";
  for (const Row& row : std::vector<Row>{
           {for_ids({}), "spec.resources", "FieldValueRequired", "names resources, roles or both"},
           {for_ids({"pod/x"}), "spec.resources[0]", "FieldValueInvalid", "begin with /"},
           {for_ids({kPod, "/mycluster/po/k/dev/a"}), "spec.resources[1]", "FieldValueInvalid",
            "unknown kind"},
           {for_ids({"/mycluster/pods/k/dev/a"}), "spec.resources[0]", "FieldValueInvalid",
            "unknown kind"},
           {for_ids({"/mycluster/Pod/k/dev/a"}), "spec.resources[0]", "FieldValueInvalid",
            "unknown kind"},
           {for_ids({"/mycluster/pod/k/dev/^($"}), "spec.resources[0]", "FieldValueInvalid",
            "does not compile"},
           {for_ids({"/mycluster/pod/k/dev/" + std::string(254, 'a')}), "spec.resources[0]",
            "FieldValueInvalid", "longer than 253"},
           {for_ids({"/mycluster/pod/k/dev/\x1b[31m"}), "spec.resources[0]", "FieldValueInvalid",
            "\\x1b[31m"},
           {for_ids({"/other/pod/k/dev/a"}), "spec.resources[0]", "FieldValueNotFound",
            "no cluster \"other\""},
           {for_ids({"/mycluster/pod/q/dev/a"}), "spec.resources[0]", "FieldValueNotFound",
            "no kube cluster \"q\""},
           {for_ids({"/mycluster/kube_cluster/q"}), "spec.resources[0]", "FieldValueNotFound",
            "no kube cluster \"q\""},
           {for_ids({"/mycluster/gadgets.e.com/k/dev/a"}), "spec.resources[0]",
            "FieldValueNotFound", "serves no such kind"},
           {for_ids({"/mycluster/ingress/k/dev/a"}), "spec.resources[0]", "FieldValueNotFound",
            "serves no such kind"},
           {for_ids({"/mycluster/zones.e.com/k/dev/a"}), "spec.resources[0]", "FieldValueNotFound",
            "in no namespace"},
           {for_ids({"/mycluster/widgets.e.com/k/a"}), "spec.resources[0]", "FieldValueNotFound",
            "are in namespaces"},
           {for_ids({"/mycluster/accessrequests.access.postern.dev/k/a"}), "spec.resources[0]",
            "FieldValueNotFound", "access.postern.dev"},
           {for_ids({"/mycluster/node/n1"}), "spec.resources[0]", "FieldValueInvalid",
            "this installation has no inventory of the kind node"},
           {for_ids({"/mycluster/db/main"}), "spec.resources[0]", "FieldValueInvalid",
            "no inventory of the kind db"},
           {for_ids({"/mycluster/app/grafana"}), "spec.resources[0]", "FieldValueInvalid",
            "no inventory of the kind app"},
           {for_ids({"/mycluster/windows_desktop/w"}), "spec.resources[0]", "FieldValueInvalid",
            "no inventory of the kind windows_desktop"},
           {with(for_ids({kPod}), [](auto& r) { r.reason = std::string(4097, 'r'); }),
            "spec.reason", "FieldValueTooLong", "4096 bytes"},
           {with(for_ids({kPod}), [](auto& r) { r.reason = "a\nb"; }), "spec.reason",
            "FieldValueInvalid", "control characters"},
           {with(for_ids({kPod}), [](auto& r) { r.reason = "a\u202eb"; }), "spec.reason",
            "FieldValueInvalid", "control characters"},
           {with(for_ids({kPod}),
                 [](auto& r) {
                   r.suggested_reviewers = {"bob", " "};
                 }),
            "spec.suggestedReviewers[1]", "FieldValueRequired", "name is missing"},
           {with(for_ids({kPod}), [](auto& r) { r.suggested_reviewers = {"b\tb"}; }),
            "spec.suggestedReviewers[0]", "FieldValueInvalid", "control characters"},
           {with(for_ids({kPod}), [](auto& r) { r.suggested_reviewers.assign(101, "bob"); }),
            "spec.suggestedReviewers", "FieldValueTooMany", "at most 100"},
           {for_roles({std::string(254, 'r')}), "spec.roles[0]", "FieldValueTooLong", "253"},
           {for_roles(std::vector<std::string>(101, "pods")), "spec.roles", "FieldValueTooMany",
            "at most 100"},
       }) {
    const auto request = create_as(directory, alice, row.asked);
    INFO(row.field << " " << row.message);
    REQUIRE(!request.has_value());
    CHECK(request.error().code == 422);
    CHECK(request.error().reason == "Invalid");
    REQUIRE(request.error().causes.size() == 1);
    CHECK(request.error().causes[0].field == row.field);
    CHECK(request.error().causes[0].type == row.type);
    CHECK_HAS(request.error().causes[0].message, row.message);
    CHECK(request.error().details_kind == "AccessRequest");
    CHECK(request.error().message.find('\x1b') == std::string::npos);
  }
  // All at once.
  NewRequest bad = for_ids({"x", "y"});
  bad.reason = "\x01";
  CHECK(create_as(directory, alice, bad).error().causes.size() == 3);
  CHECK_HAS(create_as(directory, alice, bad).error().message,
            "AccessRequest.access.postern.dev \"r-1\" is invalid: [spec.reason: Invalid value: ");
}

TEST_CASE("create: sizes") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-all"});
  const std::string a = "/mycluster/pod/k/dev/a";
  const std::string b = "/mycluster/pod/k/dev/b";
  CHECK(create_as(directory, alice, for_ids({a, b, a}))->spec.resource_ids.size() == 2);

  std::vector<std::string> ids;
  for (int i = 0; i < 200; ++i) {
    ids.push_back("/mycluster/pod/k/dev/pod-" + std::to_string(i));
  }
  CHECK_HAS(said(create_as(directory, alice, for_ids(ids))), "may not be more than 2048 bytes");
  ids.resize(70);
  CHECK(said(create_as(directory, alice, for_ids(ids))) == "ok");
  std::vector<std::string> same(100'000, a);
  CHECK(said(create_as(directory, alice, for_ids(same))) == "ok");
  for (int i = 0; i < 301; ++i) {
    same.push_back("/c/pod/k/d/" + std::to_string(i));
  }
  CHECK_HAS(said(create_as(directory, alice, for_ids(same))),
            "Too many: 302: must have at most 300");
  CHECK(said(create_as(directory, alice, for_ids({a}), {.reason_bytes = 0})) == "ok");
}

TEST_CASE("create: what one may not know of is what does not exist") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-more"});  // env=prod by secrets
  const Person widget = person_of(directory, "wally", {"widgets"});   // env=dev alone
  const auto unknown = create_as(directory, widget, for_ids({"/mycluster/pod/nope/dev/a"}));
  const auto hidden = create_as(directory, widget, for_ids({"/mycluster/pod/prod/dev/a"}));
  std::string message = hidden.error().message;
  for (std::size_t at = 0; (at = message.find("prod")) != std::string::npos;) {
    message.replace(at, 4, "nope");
  }
  CHECK(message == unknown.error().message);
  CHECK(hidden.error().code == unknown.error().code);
  CHECK_HAS(said(create_as(directory, alice, for_ids({"/mycluster/pod/prod/x/nginx"}))), "ok");
}

TEST_CASE("create: a cluster that has not been reached") {
  Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-all", "asks"});
  directory.kube_clusters["k"].catalog = nullptr;
  CHECK_HAS(said(create_as(directory, alice, for_ids({"/mycluster/pod/k/dev/a"}))), "503");
  CHECK(said(create_as(directory, alice, for_ids({"/mycluster/pod/prod/dev/a"}))) == "ok");
  directory.kube_clusters["prod"].uid = "";
  CHECK_HAS(said(create_as(directory, alice, for_ids({"/mycluster/pod/prod/dev/a"}))), "503");
  CHECK_HAS(said(create_as(directory, alice, for_roles({"pods"}))), "503");
}

TEST_CASE("create: request.kubernetes_resources") {
  const auto seek = [](std::string_view name, std::string_view kinds, std::string_view as = "all",
                       std::string_view effect = "allow") {
    return role(name,
                std::string(effect) + ": {request: {search_as_roles: [" + std::string(as) + "]" +
                    (kinds.empty() ? "" : ", kubernetes_resources: [" + std::string(kinds) + "]") +
                    "}}");
  };
  const auto deny = [](std::string_view name, std::string_view kinds) {
    return role(name, "deny: {request: {kubernetes_resources: [" + std::string(kinds) + "]}}");
  };
  const Directory directory = directory_of(
      kRoles + seek("any", "") + seek("pod-only", "{kind: pod}") +
      seek("secret-only", "{kind: secret}") + seek("star", "{kind: '*'}") +
      seek("space-only", "{kind: namespace}") + seek("cluster-only", "{kind: kube_cluster}") +
      seek("v8-widgets", "{kind: widgets, api_group: e.com}") +
      seek("v8-pods", "{kind: pods, api_group: ''}") +
      seek("nginx-secret", "{kind: secret}", "nginx") + seek("nginx-pod", "{kind: pod}", "nginx") +
      deny("no-secret", "{kind: secret}") + deny("no-any", "{kind: '*'}") +
      deny("no-node", "{kind: kube_node}") + deny("no-space", "{kind: namespace}") +
      deny("no-cluster", "{kind: kube_cluster}") +
      role("kinds-alone", "allow: {request: {kubernetes_resources: [{kind: pod}]}}"));
  const std::string pod = "/mycluster/pod/k/dev/nginx";
  const std::string secret = "/mycluster/secret/k/dev/s";
  const std::string space = "/mycluster/namespace/k/dev";
  const std::string cluster = "/mycluster/kube_cluster/k";
  const std::string widget = "/mycluster/widgets.e.com/k/dev/w";
  const std::string node = "/mycluster/kube_node/k/n";
  struct Row {
    std::vector<std::string> held;
    std::vector<std::string> ids;
    std::string want;
  };
  const std::string kNoKinds = "no role lets you request all of these kinds";
  for (const Row& row : std::vector<Row>{
           {{"any"}, {pod, secret, space, cluster, widget, node}, "all"},
           {{"pod-only"}, {pod}, "all"},
           {{"pod-only"}, {secret}, "(all: pod)"},
           {{"pod-only"}, {pod, secret}, kNoKinds},
           {{"pod-only"}, {space}, kNoKinds},
           {{"pod-only"}, {cluster}, kNoKinds},
           {{"pod-only", "secret-only"}, {pod, secret}, "all"},  // lists of one search role merge
           {{"pod-only", "any"}, {pod, cluster}, "all"},         // undefined beats configured
           {{"star"}, {space, secret, widget, node}, "all"},
           {{"star"}, {cluster}, "(all: *)"},
           {{"star"}, {pod, cluster}, kNoKinds},
           {{"cluster-only"}, {cluster}, "all"},
           {{"cluster-only"}, {pod}, kNoKinds},
           {{"space-only"}, {space}, "all"},
           {{"space-only"}, {pod}, kNoKinds},
           {{"v8-widgets"}, {widget}, "all"},
           {{"v8-widgets"}, {pod}, kNoKinds},
           {{"v8-pods"}, {pod}, "all"},
           {{"v8-pods"}, {widget}, kNoKinds},
           // Roles that do not allow every kind are pruned.
           {{"any", "nginx-secret"}, {pod}, "all"},
           {{"any", "nginx-pod"}, {pod}, "all nginx"},
           {{"nginx-secret"}, {pod}, "(nginx: secret)"},
           // Denies are global, and by effect.
           {{"any", "no-secret"}, {pod}, "all"},
           {{"any", "no-secret"}, {secret}, kNoKinds},
           {{"any", "no-secret"}, {space}, kNoKinds},
           {{"any", "no-secret"}, {cluster}, kNoKinds},
           {{"any", "no-node"}, {space}, "all"},
           {{"any", "no-node"}, {node}, kNoKinds},
           {{"any", "no-node"}, {cluster}, kNoKinds},
           {{"any", "no-space"}, {pod}, "all"},
           {{"any", "no-space"}, {space}, kNoKinds},
           {{"any", "no-cluster"}, {cluster}, kNoKinds},
           {{"any", "no-cluster"}, {space, pod}, "all"},
           {{"star", "no-any"}, {pod}, kNoKinds},
           {{"any", "no-any"}, {space}, kNoKinds},
           {{"any", "kinds-alone"}, {secret}, "all"},  // without search_as_roles it says nothing
           {{"kinds-alone", "pods"}, {pod}, "(search_as_roles)"},
       }) {
    const Person alice = person_of(directory, "alice", row.held);
    const auto request = create_as(directory, alice, for_ids(row.ids));
    INFO(row.held.front() << " " << row.ids.front());
    CHECK_HAS(roles_of(request), row.want);
    CHECK((request.has_value() ? roles_of(request) == row.want : request.error().code == 403));
  }
  // Explicit roles must each allow all kinds.
  const Person alice = person_of(directory, "alice", {"any", "nginx-secret"});
  CHECK(roles_of(create_as(directory, alice, for_ids({pod}, {"all"}))) == "all");
  CHECK_HAS(said(create_as(directory, alice, for_ids({pod}, {"all", "nginx"}))),
            "with the role \"nginx\" not all of these kinds");
}

TEST_CASE("create: reasons") {
  const Directory directory = directory_of(
      kRoles + role("always", "options: {request_access: always}") +
      role("optional", "options: {request_access: optional, request_prompt: Why}") +
      role("reason", "options: {request_access: reason, request_prompt: 'Which ticket'}") +
      role("pods-why",
           "allow: {request: {roles: [pods], reason: {mode: required, prompt: 'Pods?'}}}") +
      role("pods-maybe", "allow: {request: {roles: [pods], reason: {mode: optional}}}") +
      role("any-why", "allow: {request: {roles: ['s*'], reason: {mode: required}}}") +
      role("seek-why", "allow: {request: {search_as_roles: [nginx], reason: {mode: required}}}"));
  const std::string nginx = "/mycluster/pod/k/dev/nginx";
  struct Row {
    std::vector<std::string> held;
    NewRequest asked;
    bool required;
  };
  for (const Row& row : std::vector<Row>{
           {{"asks"}, for_roles({"pods"}), false},
           {{"asks", "always"}, for_roles({"pods"}), false},
           {{"asks", "optional"}, for_roles({"pods"}), false},
           {{"asks", "reason"}, for_roles({"pods"}), true},
           {{"seek-more", "reason"}, for_ids({nginx}), true},
           {{"pods-why"}, for_roles({"pods"}), true},
           {{"pods-maybe"}, for_roles({"pods"}), false},
           {{"pods-maybe", "pods-why"}, for_roles({"pods"}), true},
           {{"asks", "pods-why"}, for_roles({"secrets"}), false},
           {{"asks", "pods-why"}, for_roles({"*"}), true},
           {{"asks", "any-why"}, for_roles({"secrets"}), true},  // by a wildcard
           {{"asks", "any-why"}, for_roles({"pods"}), false},
           {{"seek-why"}, for_ids({nginx}), true},
           {{"seek-pods", "seek-why"}, for_ids({"/mycluster/pod/k/dev/a"}), false},
       }) {
    const Person alice = person_of(directory, "alice", row.held);
    for (const char* reason : {"", "   ", "because"}) {
      NewRequest asked = row.asked;
      asked.reason = reason;
      const auto request = create_as(directory, alice, asked);
      INFO(row.held.back() << " '" << reason << "'");
      const bool given = std::string_view(reason) == "because";
      CHECK(request.has_value() == (given || !row.required));
      if (!request) {
        CHECK(request.error().code == 422);
        CHECK(request.error().causes.at(0).field == "spec.reason");
        CHECK(request.error().causes.at(0).type == "FieldValueRequired");
      }
    }
  }
  const Person alice = person_of(directory, "alice", {"reason", "pods-why", "optional"});
  const ReasonDemand demand = reason_demand(alice, {"pods"});
  CHECK(demand.required);
  CHECK(demand.prompts == std::vector<std::string>{"Which ticket", "Pods?", "Why"});
  CHECK_HAS(said(create_as(directory, alice, for_roles({"pods"}))),
            "your roles want a reason: Which ticket: Pods?: Why");
}

TEST_CASE("create: reviewers and annotations") {
  const Directory directory = directory_of(
      kRoles +
      role("team",
           "allow: {request: {roles: [pods], suggested_reviewers: [zoe, bob, alice], annotations: "
           "{team: ['{{external.team}}', core], tier: [one]}}}") +
      role("more",
           "allow: {request: {roles: [secrets], suggested_reviewers: [carol], annotations: "
           "{team: [secret-team]}}}") +
      role("less",
           "deny: {request: {suggested_reviewers: [zoe], annotations: {tier: [one], team: "
           "[core]}}}"));
  const Traits traits = {{"team", {"blue", "amber", "blue"}}};
  const auto request = create_as(directory, person_of(directory, "alice", {"team", "more"}, traits),
                                 for_roles({"pods"}));
  REQUIRE(request.has_value());
  CHECK(request->spec.suggested_reviewers == std::vector<std::string>{"bob", "carol", "zoe"});
  CHECK(request->system_annotations ==
        ValueMap{{"team", {"amber", "blue", "core"}}, {"tier", {"one"}}});

  const auto less =
      create_as(directory, person_of(directory, "alice", {"team", "more", "less"}, traits),
                for_roles({"pods"}));
  REQUIRE(less.has_value());
  CHECK(less->spec.suggested_reviewers == std::vector<std::string>{"bob", "carol"});
  CHECK(less->system_annotations == ValueMap{{"team", {"amber", "blue"}}});

  NewRequest asked = for_roles({"pods"});
  asked.suggested_reviewers = {"mia", "ann", "mia"};
  const auto own = create_as(directory, person_of(directory, "alice", {"team"}), asked);
  REQUIRE(own.has_value());
  CHECK(own->spec.suggested_reviewers == std::vector<std::string>{"ann", "mia"});
}

TEST_CASE("create: what the result is") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-pods"});
  NewRequest asked = for_ids({"/mycluster/pod/k/dev/b", "/mycluster/pod/k/dev/a"});
  asked.reason = "because";
  const auto request = create_as(directory, alice, asked);
  REQUIRE(request.has_value());
  CHECK(request->name == "r-1");
  CHECK(request->uid == "uid-1");
  CHECK(request->user == "alice");
  CHECK(request->state == State::kPending);
  CHECK(request->created == kNow);
  CHECK(request->spec.reason == "because");
  CHECK(request->spec.resource_ids[0].str() == "/mycluster/pod/k/dev/b");
  CHECK(request->effective.resource_ids ==
        std::vector<std::string>{"/mycluster/pod/k/dev/a", "/mycluster/pod/k/dev/b"});
  CHECK(request->effective.clusters == std::map<std::string, std::string>{{"k", "uid-k"}});
  REQUIRE(request->threshold_sets.size() == 1);
  CHECK(request->thresholds.size() == 1);
  CHECK(request->thresholds[0].approve == 1);
  CHECK(request->thresholds[0].deny == 1);

  Person nobody = alice;
  nobody.name = "";
  CHECK_HAS(said(create_as(directory, nobody, asked)), "403");
  nobody.name = "a\x1b";
  CHECK_HAS(said(create_as(directory, nobody, asked)), "403");
  CHECK_HAS(said(create_as(directory, alice, asked, {}, kNow)), "your session has ended");
}

TEST_CASE("create: its times are whole seconds, and none is later than was asked for") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-pods"});
  NewRequest asked = for_ids({"/mycluster/pod/k/dev/a"});
  asked.reason = "because";
  asked.times.max_duration = 1h;
  asked.times.request_ttl = 10min;
  const auto request = create(
      asked, {alice, directory, Limits{}, kNow + 999ms, std::nullopt, "r-1", "uid-1", false});
  REQUIRE(request.has_value());
  CHECK(request->created == kNow);
  CHECK(request->access_expires == kNow + 1h);
  CHECK(request->pending_expires == kNow + 10min);
}
