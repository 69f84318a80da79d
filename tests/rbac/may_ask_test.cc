#include "rbac/may_ask.h"

#include "world.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

constexpr const char* kHelpless =
    "none of your roles lets you ask for access to it: ask your administrator";

/// alice, who may ask for `searched` (a role_v8 of that name) by a role with this `request`.
std::string asker(const std::string& request, const std::vector<std::string>& searched) {
  return role_v8(searched, {}, "searched") +
         "kind: role\nversion: v8\nmetadata: {name: asks}\nspec:\n  allow:\n    request: " +
         request + "\n---\nkind: user\nmetadata: {name: alice}\nspec: {roles: [asks]}\n---\n";
}

/// "ID" when the refusal tells how to ask for it, "helpless" when whom else, "search …" with what
/// may be asked for instead, else what it says.
std::string way_out_of(const World& world, const char* target, const char* method = "GET") {
  const kube::Status refused = world.ask(method, target).status;
  CHECK(refused.code == 403);
  const std::string& said = refused.message;
  const bool tells = said.find("postern request create --resource ") != said.npos;
  CHECK(refused.causes.size() == 1);  // for audit logs, in either case
  if (tells) return refused.causes.front().message;
  constexpr std::string_view kSearch =
      ": look for what you may ask for with: postern request search";
  if (const std::size_t at = said.find(kSearch); at != said.npos) {
    return "search" + said.substr(at + kSearch.size());
  }
  return said.ends_with(kHelpless) ? "helpless" : said;
}

}  // namespace

TEST_CASE("who may ask for nothing is told whom to ask") {
  const World world(role_v8({"{kind: pods, namespace: dev, name: a, verbs: [get]}"}));
  CHECK(way_out_of(world, "/api/v1/namespaces/dev/pods/b") == "helpless");
  CHECK(way_out_of(world, "/api/v1/namespaces/dev/events") == "helpless");
  CHECK(way_out_of(world, "/api/v1/namespaces/dev", "DELETE") == "helpless");
  CHECK(world.ask("GET", "/api/v1/namespaces/dev/pods/b").status.message ==
        "pods \"b\" is forbidden: User \"alice\" cannot get resource \"pods\" in API group \"\" in "
        "the namespace \"dev\": " +
            std::string(kHelpless));
}

TEST_CASE("who may ask is told how, and who may ask for less is told how to look for that") {
  const World world(asker("{search_as_roles: [searched]}",
                          {"{kind: pods, namespace: dev, name: 'web-*', verbs: [get]}",
                           "{kind: widgets, api_group: e.com, namespace: dev, name: '*', verbs: "
                           "[get]}",
                           "{kind: nodes, name: n1, verbs: [get]}"}));
  constexpr const char* kPods = "search --kind pod --kube-cluster k --all-kube-namespaces";
  CHECK(way_out_of(world, "/api/v1/namespaces/dev/pods/web-1") == "/c/pod/k/dev/web-1");
  CHECK(way_out_of(world, "/api/v1/namespaces/dev/pods/db-0") == kPods);
  CHECK(way_out_of(world, "/api/v1/namespaces/prod/pods/web-1") == kPods);
  CHECK(way_out_of(world, "/api/v1/namespaces/prod/pods") == kPods);
  CHECK(way_out_of(world, "/api/v1/pods") == kPods);
  CHECK(way_out_of(world, "/apis/e.com/v1/namespaces/dev/widgets") == "/c/widgets.e.com/k/dev/*");
  CHECK(way_out_of(world, "/apis/e.com/v1/widgets") ==
        "search --kind widgets.e.com --kube-cluster k --all-kube-namespaces");
  CHECK(way_out_of(world, "/api/v1/nodes/n1") == "/c/kube_node/k/n1");
  CHECK(way_out_of(world, "/api/v1/nodes/n2") == "search --kind kube_node --kube-cluster k");
  CHECK(way_out_of(world, "/api/v1/namespaces/dev/secrets/s") == "helpless");
  CHECK(way_out_of(world, "/apis/e.com/v1/namespaces/dev/pods/p") == "helpless");
  CHECK(way_out_of(world, "/api/v1/namespaces/dev/events") == "/c/namespace/k/dev");
  CHECK(way_out_of(world, "/api/v1/namespaces/prod/events") ==
        "search --kind namespace --kube-cluster k");
  CHECK(way_out_of(world, "/api/v1/namespaces/prod") == "search --kind namespace --kube-cluster k");
}

TEST_CASE("a role limited to namespaces is no way to what has none, nor the other way round") {
  const World inside(asker("{search_as_roles: [searched]}",
                           {"{kind: '*', api_group: '*', namespace: dev, name: '*', verbs: "
                            "[get]}"}));
  CHECK(way_out_of(inside, "/api/v1/nodes/n1") == "helpless");
  CHECK(way_out_of(inside, "/api/v1/namespaces/dev/secrets") == "/c/secret/k/dev/*");
  const World outside(asker("{search_as_roles: [searched]}",
                            {"{kind: '*', api_group: '*', namespace: '', name: '*', verbs: "
                             "[get]}"}));
  CHECK(way_out_of(outside, "/api/v1/nodes/n1") == "/c/kube_node/k/n1");
  CHECK(way_out_of(outside, "/api/v1/namespaces/dev/secrets") == "helpless");
}

TEST_CASE("a list of kinds says which") {
  const std::vector<std::string> all = {
      "{kind: '*', api_group: '*', namespace: dev, name: '*', verbs: [get]}"};
  struct Row {
    const char* kinds;
    bool pods;
    bool widgets;
  };
  for (const Row& row :
       {Row{"[]", true, true}, Row{"[{kind: '*'}]", true, true}, Row{"[{kind: pod}]", true, false},
        Row{"[{kind: pods, api_group: core}]", true, false},
        Row{"[{kind: widgets, api_group: e.com}]", false, true},
        Row{"[{kind: secret}, {kind: '*', api_group: e.com}]", false, true},
        Row{"[{kind: secret}]", false, false}}) {
    CAPTURE(row.kinds);
    const World world(
        asker("{search_as_roles: [searched], kubernetes_resources: " + std::string(row.kinds) + "}",
              all));
    CHECK((way_out_of(world, "/api/v1/namespaces/dev/pods/p") != "helpless") == row.pods);
    CHECK((way_out_of(world, "/apis/e.com/v1/namespaces/dev/widgets/w") != "helpless") ==
          row.widgets);
  }
}

TEST_CASE("roles of other clusters, roles that are gone or denied are no way") {
  const std::vector<std::string> pods = {"{kind: pods, namespace: dev, name: '*', verbs: [get]}"};
  World world(asker("{search_as_roles: [searched]}", pods));
  CHECK(way_out_of(world, "/api/v1/namespaces/dev/pods/p") == "/c/pod/k/dev/p");
  const World gone(asker("{search_as_roles: [nothing]}", pods));
  CHECK(way_out_of(gone, "/api/v1/namespaces/dev/pods/p") == "helpless");
  std::string elsewhere = asker("{search_as_roles: [searched]}", pods);
  elsewhere.replace(elsewhere.find("{'*': '*'}"), 10, "{env: prod}");
  CHECK(way_out_of(World(elsewhere), "/api/v1/namespaces/dev/pods/p") == "helpless");
}

TEST_CASE("in a session that works with what it has assumed it is the static roles that ask") {
  World world(asker("{search_as_roles: [searched]}",
                    {"{kind: pods, namespace: dev, name: '*', verbs: [get]}"}));
  world.assume({grant("r1",
                      {load_role(role_v8({"{kind: secrets, namespace: dev, name: s, verbs: "
                                          "[get]}"}))},
                      {"/c/secret/k/dev/s"})});
  CHECK(way_out_of(world, "/api/v1/namespaces/dev/pods/p") == "/c/pod/k/dev/p");
  CHECK(way_out_of(world, "/api/v1/namespaces/dev/configmaps/c") == "helpless");
}
