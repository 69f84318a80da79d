#include "rbac/request/directory.h"
#include "world.h"

#include <doctest/doctest.h>

namespace postern::proxy::access::test {
namespace {

constexpr const char* kReader =
    R"({"kind":"role","version":"v8","metadata":{"name":"reader","labels":{"team":"x"},)"
    R"("annotations":{"note":"hello"}},"spec":{"allow":{"kubernetes_labels":{"*":"*"}}}})";

std::string user(const std::string& name, const std::string& roles) {
  return R"({"kind":"user","version":"v2","metadata":{"name":")" + name +
         R"("},"spec":{"roles":[)" + roles + "]}}";
}

std::string fields_of(const kube::Status& status) {
  std::string fields;
  for (const kube::StatusCause& cause : status.causes) fields += cause.field + " ";
  return fields;
}

TEST_CASE_FIXTURE(StoryWorld, "roles and users of the store count from the next request on") {
  const auto role = state->create_role(as("carol"), kReader, false);
  REQUIRE_MESSAGE(role, said(role));
  CHECK((*role)->meta.labels.at("team") == "x");
  CHECK((*role)->meta.annotations.at("note") == "hello");
  CHECK((*role)->document.find("annotations") == std::string::npos);
  CHECK(state->policy().load()->role("reader") != nullptr);
  CHECK(state->directory().load()->role("reader") != nullptr);
  REQUIRE(state->create_user(as("carol"), user("erin", "\"reader\""), false));
  CHECK(state->person({"erin", {}, ""}).role_names() == std::vector<std::string>{"reader"});
  start();
  CHECK(state->roles().at("reader")->meta.uid == (*role)->meta.uid);
  CHECK(state->roles().at("reader")->meta.annotations.at("note") == "hello");
  CHECK(state->person({"erin", {}, ""}).role_names() == std::vector<std::string>{"reader"});
  CHECK(audited("role.create") == 1);
  CHECK(audited("user.create") == 1);
}

TEST_CASE_FIXTURE(StoryWorld, "only who administers writes roles and users") {
  const auto refused = state->create_role(as("bob"), kReader, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == 403);
  CHECK(refused.error().message.find("User \"bob\" cannot create resource \"accessroles\" in API "
                                     "group \"access.postern.dev\" at the cluster scope") !=
        std::string::npos);
  CHECK(said(state->update_role(as("bob"), "dev-pods", kReader, {}, false)).starts_with("403"));
  CHECK(said(state->delete_user(as("bob"), "alice", {}, false)).starts_with("403"));
  CHECK(said(state->invite(as("bob"), "alice")).starts_with("403"));
}

TEST_CASE_FIXTURE(StoryWorld, "what is written wrongly is told by key path") {
  const auto role = state->create_role(
      as("carol"),
      R"({"kind":"role","version":"v8","metadata":{"name":"x"},"spec":{"allow":{"nonsense":1,)"
      R"("review_requests":{"roles":["a"]}},"deny":{"kubernetes_resources":[{"kind":"pods",)"
      R"("api_group":"","name":"^(","verbs":["*"]}]}}})",
      false);
  REQUIRE_FALSE(role);
  CHECK(role.error().code == 422);
  CHECK(role.error().message.starts_with("AccessRole.access.postern.dev \"x\" is invalid: ["));
  CHECK(fields_of(role.error()).find("spec.allow.nonsense") != std::string::npos);
  CHECK(fields_of(role.error()).find("spec.deny.kubernetes_resources[0].name") !=
        std::string::npos);
  const auto condition = state->create_role(
      as("carol"),
      R"({"kind":"role","version":"v8","metadata":{"name":"x"},"spec":{"allow":{)"
      R"("review_requests":{"roles":["a"],"where":"has(x) "}}}})",
      false);
  REQUIRE_FALSE(condition);
  CHECK(fields_of(condition.error()) == "spec.allow.review_requests.where ");
  const auto erin = state->create_user(as("carol"), user("erin", R"("editor","gone")"), false);
  REQUIRE_FALSE(erin);
  CHECK(fields_of(erin.error()) == "spec.roles[1] ");
  CHECK(said(state->create_role(as("carol"), user("erin", ""), false)).starts_with("422"));
  CHECK(said(state->create_role(as("carol"), "[]", false)).starts_with("400"));
}

TEST_CASE_FIXTURE(StoryWorld, "a file's objects are read-only and stand before the store's") {
  const std::string mine =
      R"({"kind":"role","version":"v8","metadata":{"name":"dev-pods"},"spec":{}})";
  const auto refused = state->create_role(as("carol"), mine, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == 403);
  CHECK(refused.error().message.find("files.yaml:") != std::string::npos);
  CHECK(said(state->update_role(as("carol"), "dev-pods", mine, {}, false)).starts_with("403"));
  CHECK(said(state->delete_user(as("carol"), "alice", {}, false)).starts_with("403"));
  CHECK(said(state->delete_role(as("carol"), "requester", {}, false)).starts_with("403"));

  REQUIRE(state->create_role(as("carol"), kReader, false));
  lines.clear();
  state->set_files(file_objects(files + role("reader", "")));
  CHECK(state->roles().at("reader")->origin == Origin::kFile);
  CHECK(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("counts no more") != std::string::npos;
  }));
  state->set_files(file_objects(files));
  CHECK(state->roles().at("reader")->origin == Origin::kStore);
}

TEST_CASE_FIXTURE(StoryWorld, "presets may be overridden, and come back") {
  const char* mine =
      R"({"kind":"role","version":"v8","metadata":{"name":"reviewer"},"spec":{"allow":{}}})";
  const auto made = state->create_role(as("carol"), mine, false);
  REQUIRE_MESSAGE(made, said(made));
  CHECK(state->roles().at("reviewer")->origin == Origin::kStore);
  REQUIRE(state->delete_role(as("carol"), "reviewer", {}, false));
  CHECK(state->roles().at("reviewer")->origin == Origin::kPreset);
  CHECK(state->roles().at("reviewer")->meta.version == state->version(StateChange::Kind::kRole));
}

TEST_CASE_FIXTURE(StoryWorld, "changes rest on the version that was seen") {
  const auto made = state->create_role(as("carol"), kReader, false);
  REQUIRE(made);
  CHECK(said(state->create_role(as("carol"), kReader, false)).starts_with("409"));
  std::string changed = kReader;
  changed.replace(changed.find("hello"), 5, "again");
  const Preconditions seen{"", (*made)->meta.version};
  const auto tried = state->update_role(as("carol"), "reader", changed, seen, true);
  REQUIRE(tried);
  CHECK(state->roles().at("reader")->meta.annotations.at("note") == "hello");
  const auto updated = state->update_role(as("carol"), "reader", changed, seen, false);
  REQUIRE(updated);
  CHECK((*updated)->meta.uid == (*made)->meta.uid);
  CHECK((*updated)->meta.annotations.at("note") == "again");
  CHECK(said(state->update_role(as("carol"), "reader", kReader, seen, false)).starts_with("409"));
  CHECK(said(state->delete_role(as("carol"), "reader", seen, false)).starts_with("409"));
  CHECK(said(state->update_role(as("carol"), "other", kReader, {}, false)).starts_with("404"));

  REQUIRE(state->create_user(as("carol"), user("erin", "\"reader\""), false));
  CHECK(said(state->delete_role(as("carol"), "reader", {}, false)).starts_with("409"));
  REQUIRE(state->delete_user(as("carol"), "erin", {}, false));
  CHECK(state->delete_role(as("carol"), "reader", {}, false));
  CHECK(state->policy().load()->role("reader") == nullptr);
}

TEST_CASE_FIXTURE(StoryWorld, "watchers get every change once, in order, and its version") {
  using Kind = StateChange::Kind;
  const Version begin = state->version(Kind::kRole);
  std::string seen;
  const auto watching = state->observe([&](const StateChange& change) {
    seen += change.name + (change.role.before ? "-" : "+") + (change.role.now ? "+ " : "- ");
  });
  REQUIRE(state->create_role(as("carol"), kReader, false));
  state->set_files(file_objects(files + role("other", "")));
  const Version middle = state->version(Kind::kRole);
  state->set_files(file_objects(files));
  REQUIRE(state->delete_role(as("carol"), "reader", {}, false));
  CHECK(seen == "reader++ other++ other-- reader-- ");
  const auto all = state->changes_since(Kind::kRole, begin);
  REQUIRE(all);
  REQUIRE(all->size() == 4);
  CHECK(all->front().version > begin);
  CHECK(all->back().version == state->version(Kind::kRole));
  CHECK(state->changes_since(Kind::kRole, middle)->size() == 2);
  CHECK(state->changes_since(Kind::kUser, begin)->empty());
  CHECK(
      said(state->changes_since(Kind::kRole, state->version(Kind::kRole) + 1)).starts_with("410"));
  start();
  CHECK(said(state->changes_since(Kind::kRole, begin)).starts_with("410"));
}

TEST_CASE_FIXTURE(StoryWorld, "clusters are shown as they are known") {
  const ClusterPtr before = state->clusters().at("k");
  CHECK(before->ready);
  CHECK(before->is_default);
  const Version version = state->version(StateChange::Kind::kCluster);
  state->set_clusters({cluster});
  CHECK(state->version(StateChange::Kind::kCluster) == version);
  cluster.version = "v1.34.1";
  state->set_clusters({cluster});
  CHECK(state->clusters().at("k")->version == "v1.34.1");
  CHECK(state->clusters().at("k")->meta.uid == before->meta.uid);
  CHECK(state->changes_since(StateChange::Kind::kCluster, version)->size() == 1);
}

TEST_CASE_FIXTURE(StoryWorld, "what cannot be read in the store gives nothing, and is told") {
  REQUIRE(state->create_user(as("carol"), user("erin", R"("editor")"), false));
  REQUIRE(store.create("accessrequest", "broken", "{}"));
  REQUIRE(store.update("accessuser", "erin", "nonsense", std::nullopt));
  lines.clear();
  state->catch_up();
  CHECK(state->requests().empty());
  CHECK_FALSE(state->users().contains("erin"));
  CHECK(lines.size() == 2);
  start();
  CHECK_FALSE(state->users().contains("erin"));
}

}  // namespace
}  // namespace postern::proxy::access::test
