#include "state_world.h"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

using namespace postern::proxy::access;
using namespace postern::proxy::access::api;

std::vector<std::string> types(const WatchQueue::Batch& batch) {
  std::vector<std::string> found;
  for (const WatchEvent& event : batch.events) {
    found.push_back(std::string(event.type) + " " + event.object->meta().name);
  }
  return found;
}

using Events = std::vector<std::string>;

TEST_CASE("a watch begins with what is there and goes on with what happens") {
  World world;
  const std::string first = world.file();
  const auto watch = world.watch("alice", "accessrequests?");
  REQUIRE(watch);
  REQUIRE(watch->initial.size() == 1);
  CHECK(watch->initial[0]->meta().name == first);
  CHECK(types(watch->queue->take()).empty());
  const std::string second = world.file();
  CHECK(types(watch->queue->take()) == Events{"ADDED " + second});
  world.review("bob", first, "Approve");
  CHECK(types(watch->queue->take()) == Events{"MODIFIED " + first});
  world.ask("alice", "DELETE", "accessrequests/" + second);
  const auto gone = watch->queue->take();
  CHECK(types(gone) == Events{"DELETED " + second});
  CHECK(gone.version == world.state().version(StateChange::Kind::kRequest));
}

TEST_CASE("each watcher sees what it may see") {
  World world;
  const auto hers = world.watch("alice", "accessrequests?");
  const auto reviewers = world.watch("bob", "accessrequests?");
  const auto nobodys = world.watch("eve", "accessrequests?");
  REQUIRE((hers && reviewers && nobodys));
  const std::string name = world.file();
  CHECK(types(hers->queue->take()) == Events{"ADDED " + name});
  CHECK(types(reviewers->queue->take()) == Events{"ADDED " + name});
  const auto nothing = nobodys->queue->take();
  CHECK(nothing.events.empty());
  CHECK(nothing.version ==
        world.state().version(StateChange::Kind::kRequest));  // a bookmark may move on
}

TEST_CASE("what leaves a selection is DELETED, what comes into it ADDED") {
  World world;
  const std::string name = world.file();
  const auto pending = world.watch("alice", "accessrequests?fieldSelector=status.state%3DPENDING&");
  const auto approved =
      world.watch("alice", "accessrequests?fieldSelector=status.state%3DAPPROVED&");
  REQUIRE((pending && approved));
  CHECK(pending->initial.size() == 1);
  CHECK(approved->initial.empty());
  world.review("bob", name, "Approve");
  CHECK(types(pending->queue->take()) == Events{"DELETED " + name});
  CHECK(types(approved->queue->take()) == Events{"ADDED " + name});
}

TEST_CASE("a watch from a version brings what came after it") {
  World world;
  world.file();
  const std::string version = std::to_string(world.state().version(StateChange::Kind::kRequest));
  const std::string second = world.file();
  const auto watch = world.watch("alice", "accessrequests?resourceVersion=" + version + "&");
  REQUIRE(watch);
  CHECK(watch->initial.empty());
  CHECK(types(watch->queue->take()) == Events{"ADDED " + second});
}

TEST_CASE("a version that is not known ends with 410") {
  World world;
  world.file();
  const auto watch = world.watch("alice", "accessrequests?resourceVersion=999999&");
  REQUIRE(watch);
  const auto batch = watch->queue->take();
  CHECK(batch.ended);
  REQUIRE(batch.error);
  CHECK(batch.error->code == 410);
}

TEST_CASE("a view is the same as long as the viewer's roles are") {
  World world;
  const auto before = world.state().policy().load();
  std::string changed(kRoles);
  const std::string whole = "spec: {allow: {review_requests: {roles: [dev]}}}";
  changed.replace(changed.find(whole), whole.size(), "spec: {}");
  world.set_files(changed);
  const auto now = world.state().policy().load();
  const auto user = [](const char* name) {
    return postern::rbac::UserInfo{.name = name, .groups = {}, .uid = ""};
  };
  CHECK(same_view(*before, *now, user("alice"), "accessrequests"));
  CHECK_FALSE(same_view(*before, *now, user("bob"), "accessrequests"));
  CHECK_FALSE(same_view(*before, *now, user("alice"), "kubeclusters"));
  CHECK(same_view(*now, *now, user("bob"), "kubeclusters"));
}

TEST_CASE("a reader that does not keep up loses the watch, after what it was told") {
  WatchQueue queue;
  int woken = 0;
  queue.on_news([&woken] { ++woken; });
  World world;
  const ObjectPtr object = make_object(world.state().roles().at("dev"));
  for (std::size_t i = 1; i <= WatchQueue::kMaxEvents + 5; ++i) {
    queue.push({"ADDED", object, i});
  }
  CHECK(woken > 0);
  const auto batch = queue.take();
  CHECK(batch.events.size() == WatchQueue::kMaxEvents);
  CHECK(batch.version == WatchQueue::kMaxEvents);
  CHECK(batch.ended);
  CHECK_FALSE(batch.error);
}

TEST_CASE("roles are watched by administrators only, and who left is forgotten") {
  World world;
  CHECK(world.watch("eve", "accessroles?").error().code == 403);
  {
    const auto watch = world.watch("root", "accessroles?");
    REQUIRE(watch);
    CHECK_FALSE(watch->initial.empty());
    CHECK(world.hub().size() == 1);
  }
  world.file();
  CHECK(world.hub().size() == 0);
}

}  // namespace
