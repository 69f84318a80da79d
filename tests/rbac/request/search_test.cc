#include "rbac/request/search.h"

#include "fixture.h"

namespace postern::rbac::request {
namespace {

constexpr std::string_view kRoles = R"(
kind: role
version: v7
metadata: {name: dev-pods}
spec: {allow: {kubernetes_labels: {'*': '*'}}}
---
kind: role
version: v7
metadata: {name: everything}
spec: {allow: {kubernetes_labels: {'*': '*'}}}
---
kind: role
version: v7
metadata: {name: requester}
spec:
  allow:
    request:
      search_as_roles: [dev-pods, gone]
      kubernetes_resources: [{kind: pod}]
---
kind: role
version: v7
metadata: {name: reviewer}
spec:
  allow:
    review_requests: {roles: ['*'], preview_as_roles: [everything, dev-pods, gone]}
---
kind: role
version: v7
metadata: {name: no-preview}
spec:
  deny:
    review_requests: {preview_as_roles: [everything]}
)";

std::vector<std::string> names(const RoleSet& roles) {
  std::vector<std::string> found;
  for (const auto& role : roles) found.push_back(role->name);
  return found;
}

using Names = std::vector<std::string>;

TEST_CASE("behaviour 2.2 search: as the search roles with which the kind may be requested") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"requester"});
  const auto pods = ResourceId::parse("/mycluster/pod/k/dev/*");
  const auto secrets = ResourceId::parse("/mycluster/secret/k/dev/*");
  CHECK(names(roles_to_search(alice, directory, *pods)) == Names{"dev-pods"});
  CHECK(names(roles_to_search(alice, directory, *secrets)).empty());
  const Person bob = person_of(directory, "bob", {"reviewer"});
  CHECK(names(roles_to_search(bob, directory, *pods)).empty());
}

TEST_CASE("behaviour 2.2 preview: preview_as_roles without denied ones, and the search roles") {
  const Directory directory = directory_of(kRoles);
  CHECK(names(roles_to_preview(person_of(directory, "bob", {"reviewer"}), directory)) ==
        Names{"dev-pods", "everything"});
  CHECK(names(roles_to_preview(person_of(directory, "bob", {"reviewer", "no-preview"}),
                               directory)) == Names{"dev-pods"});
  CHECK(names(roles_to_preview(person_of(directory, "alice", {"requester"}), directory)) ==
        Names{"dev-pods"});
  CHECK(names(roles_to_preview(person_of(directory, "carol", {}), directory)).empty());
}

}  // namespace
}  // namespace postern::rbac::request
