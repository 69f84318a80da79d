#include "rbac/load.h"
#include "rbac/policy.h"

#include <doctest/doctest.h>

using namespace postern::rbac;

namespace {

constexpr const char* kDocuments = R"(
{kind: role, version: v8, metadata: {name: a}, spec: {allow: {kubernetes_labels: {'*': '*'}}}}
---
{kind: role, version: v8, metadata: {name: b}, spec: {}}
---
{kind: user, metadata: {name: alice}, spec: {roles: [b], traits: {team: [x]}}}
---
{kind: user, metadata: {name: bob}, spec: {roles: [b], locked: true}}
---
{kind: user, metadata: {name: carol}, spec: {roles: [b, gone]}}
)";

struct Shared {
  std::vector<std::shared_ptr<const Role>> roles;
  std::vector<std::shared_ptr<const User>> users;
};

Shared load() {
  LoadResult loaded = load_documents("test.yaml", kDocuments);
  REQUIRE(loaded.ok());
  Shared shared;
  for (Role& role : loaded.roles) {
    shared.roles.push_back(std::make_shared<const Role>(std::move(role)));
  }
  for (User& user : loaded.users) {
    shared.users.push_back(std::make_shared<const User>(std::move(user)));
  }
  return shared;
}

std::string names(const StaticRights& rights) {
  std::string text;
  for (const auto& role : rights.roles) {
    text += role->name + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("static rights are those of the user's document and groups, all or none") {
  const Shared shared = load();
  const Policy policy("c", shared.roles, shared.users, {{"devs", {"a"}}}, {}, nullptr);
  const StaticRights alice = policy.static_rights({"alice", {"devs"}, ""});
  CHECK(names(alice) == "a b ");
  CHECK(alice.known);
  CHECK(alice.traits.at("team") == std::vector<std::string>{"x"});
  const StaticRights bob = policy.static_rights({"bob", {"devs"}, ""});
  CHECK(names(bob) == "");
  CHECK(bob.locked);
  CHECK(names(policy.static_rights({"carol", {"devs"}, ""})) == "");
  const StaticRights nobody = policy.static_rights({"nobody", {"devs"}, ""});
  CHECK(names(nobody) == "a ");
  CHECK_FALSE(nobody.known);
}

TEST_CASE("a policy takes over what the one before has compiled") {
  const Shared shared = load();
  const Policy first("c", shared.roles, shared.users, {}, {}, nullptr);
  Shared changed = shared;
  changed.roles[1] = std::make_shared<const Role>(*shared.roles[1]);
  const Policy second("c", changed.roles, shared.users, {}, {}, &first);
  CHECK(second.roles().size() == 2);
  CHECK(second.role("a") == first.role("a"));
  CHECK(second.role("b") != first.role("b"));
  const UserInfo alice{"alice", {}, ""};
  CHECK(second.subject(alice)->fingerprint() == first.subject(alice)->fingerprint());
}
