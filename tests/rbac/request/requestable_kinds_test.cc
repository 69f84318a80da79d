#include "tests/rbac/request/asking.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

TEST_CASE("behaviour 3.12 request.kubernetes_resources: which kinds may be asked for") {
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
      role("denies-a-search", "deny: {request: {search_as_roles: [secrets]}}") +
      seek("elsewhere", "{kind: pod}", "secrets") +
      role("kinds-alone", "allow: {request: {kubernetes_resources: [{kind: pod}]}}"));
  const std::string pod = "/mycluster/pod/k/dev/nginx";
  const std::string secret = "/mycluster/secret/k/dev/s";
  const std::string space = "/mycluster/namespace/k/dev";
  const std::string cluster = "/mycluster/kube_cluster/k";
  const std::string widget = "/mycluster/widgets.e.com/k/dev/w";
  const std::string node = "/mycluster/kube_node/k/n";
  const std::string leaf_pod = "/mycluster/pod/prod/dev/nginx";
  const std::string leaf_secret = "/mycluster/secret/prod/dev/s";
  const std::string leaf_cluster = "/mycluster/kube_cluster/prod";
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
           // At every cluster, and for all of a request's clusters together.
           {{"pod-only"}, {leaf_pod}, "all"},
           {{"pod-only"}, {leaf_secret}, kNoKinds},
           {{"pod-only"}, {pod, leaf_secret}, kNoKinds},
           {{"pod-only"}, {leaf_pod, secret}, kNoKinds},
           {{"star"}, {leaf_secret, pod}, "all"},
           {{"star"}, {leaf_cluster}, kNoKinds},
           {{"star"}, {pod, leaf_cluster}, kNoKinds},
           // The kind may be asked for, but the search role has nothing of it.
           {{"nginx-pod"}, {"/mycluster/pod/k/dev/web"}, "no role that you may request reaches"},
           {{"elsewhere"}, {leaf_pod}, "no role that you may request reaches"},
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
           // The model prunes no further where a leaf cluster is concerned; here every one is
           // known.
           {{"any", "nginx-secret"}, {leaf_pod}, "all"},
           {{"any", "elsewhere"}, {pod, leaf_pod}, "all"},
           // Denies are global, and by effect.
           {{"any", "no-secret"}, {pod}, "all"},
           {{"any", "no-secret"}, {secret}, kNoKinds},
           {{"any", "no-secret"}, {space}, kNoKinds},
           {{"any", "no-secret"}, {cluster}, kNoKinds},
           {{"any", "no-secret", "denies-a-search"},
            {secret},
            kNoKinds},  // whoever says nothing takes nothing back
           {{"secret-only", "no-secret"}, {secret}, kNoKinds},
           {{"any", "no-secret"}, {leaf_secret}, kNoKinds},
           {{"any", "no-node"}, {space}, "all"},
           {{"any", "no-node"}, {node}, kNoKinds},
           {{"any", "no-node"}, {cluster}, kNoKinds},
           {{"any", "no-space"}, {pod}, "all"},
           {{"any", "no-space"}, {space}, kNoKinds},
           {{"any", "no-cluster"}, {cluster}, kNoKinds},
           {{"any", "no-cluster"}, {space, pod}, "all"},
           {{"star", "no-any"}, {pod}, kNoKinds},
           {{"any", "no-any"}, {space}, kNoKinds},
           {{"star", "no-any"}, {secret}, kNoKinds},
           {{"star", "no-any"}, {leaf_pod}, kNoKinds},
           {{"star", "no-any"}, {cluster}, kNoKinds},
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
  CHECK_HAS(said(create_as(directory, alice, for_ids({pod, secret}, {"nginx"}))),
            "with the role \"nginx\" not all of these kinds");
  CHECK_HAS(said(create_as(directory, alice, for_ids({pod}, {"all", "nginx"}))),
            "with the role \"nginx\" not all of these kinds");
}
