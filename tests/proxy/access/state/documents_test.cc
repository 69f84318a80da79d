#include "proxy/access/state/documents.h"

#include <doctest/doctest.h>

namespace postern::proxy::access {
namespace {

TEST_CASE("documents of files are kept as JSON that reads back to the same") {
  const LoadedFile loaded = load_file_objects("r.yaml", R"(# a comment
kind: role
version: v8
metadata: {name: dev, labels: {a: "1", b: 'true'}}
spec:
  allow:
    kubernetes_labels: {env: [dev, "010"]}
    request: {thresholds: [{approve: 2, deny: 1, name: "two"}]}
    kubernetes_resources:
    - {kind: pods, api_group: "", namespace: 007, name: '*', verbs: [get]}
---
kind: user
metadata: {name: alice}
spec: {roles: [dev], traits: {team: [x, 1.10, yes]}}
)");
  REQUIRE(loaded.errors.empty());
  REQUIRE(loaded.objects.roles.size() == 1);
  const RoleObject& role = loaded.objects.roles[0];
  CHECK(role.file == "r.yaml:2");
  CHECK(role.document.find(R"("labels":{"a":"1","b":"true"})") != std::string::npos);
  CHECK(role.document.find(R"("approve":2)") != std::string::npos);
  CHECK(role.document.find(R"("namespace":"007")") != std::string::npos);
  const auto again = read_role(role.document);
  REQUIRE(again);
  CHECK(again->role->allow.kubernetes_resources[0].namespace_.text() == "007");
  CHECK(again->document == role.document);
  REQUIRE(loaded.objects.users.size() == 1);
  const auto alice = read_user(loaded.objects.users[0].document);
  REQUIRE(alice);
  CHECK(alice->user->traits.at("team") == std::vector<std::string>{"x", "1.10", "yes"});
}

TEST_CASE("bad documents of files are told apart from good ones") {
  const LoadedFile loaded = load_file_objects("r.yaml", R"(kind: role
version: v8
metadata: {name: good}
spec: {}
---
kind: role
version: v8
metadata: {name: bad}
spec: {allow: {request: {roles: [x], thresholds: [{filter: 'nonsense('}]}}}
)");
  REQUIRE(loaded.errors.size() == 1);
  CHECK(loaded.errors[0].object == "role/bad");
  CHECK(loaded.errors[0].key_path == "spec.allow.request.thresholds[0].filter");
}

TEST_CASE("presets stand aside") {
  CHECK(presets_beside({}).size() == 5);
  RoleObject mine;
  mine.meta.name = "editor";
  std::vector<RoleObject> roles{mine};
  const auto presets = presets_beside(roles);
  CHECK(presets.size() == 4);
  for (const RoleObject& preset : presets) {
    CHECK(preset.origin == Origin::kPreset);
    CHECK(read_role(preset.document));
  }
}

}  // namespace
}  // namespace postern::proxy::access
