#include "rbac/request/review.h"
#include "state_world.h"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

using namespace postern::proxy::access;
using namespace postern::proxy::access::api;

std::vector<std::string> names(const Json& list) {
  std::vector<std::string> found;
  for (const Json& item : list["items"]) found.push_back(item["metadata"]["name"]);
  return found;
}

TEST_CASE("requests are seen by their owner, reviewers and administrators alone") {
  World world;
  const std::string name = world.file();
  for (const char* user : {"alice", "bob", "root"}) {
    CAPTURE(user);
    CHECK(names(world.ask(user, "GET", "accessrequests")) == std::vector{name});
    CHECK(world.ask(user, "GET", "accessrequests/" + name)["kind"] == "AccessRequest");
  }
  CHECK(names(world.ask("eve", "GET", "accessrequests")).empty());
  // Hidden and absent are the same words.
  const Json hidden = world.ask("eve", "GET", "accessrequests/" + name);
  CHECK(hidden["code"] == 404);
  CHECK(hidden["message"] == "accessrequests.access.postern.dev \"" + name + "\" not found");
  CHECK(world.ask("eve", "DELETE", "accessrequests/" + name)["code"] == 404);
  CHECK(world.ask("eve", "GET", "accessrequests/" + name + "/review")["code"] == 404);
  CHECK(world.review("eve", name, "Approve")["code"] == 404);
}

TEST_CASE("a viewer sees what may_see says") {
  World world;
  const std::string name = world.file();
  world.review("bob", name, "Deny");
  const RequestObject& object = *world.state().requests().at(name);
  for (const char* user : {"alice", "bob", "eve", "root", ""}) {
    CAPTURE(user);
    const Caller caller{{.name = user, .groups = {}, .uid = ""}, ""};
    CHECK(Viewer(world.state(), caller).sees(object) ==
          postern::rbac::request::may_see(object.request, world.state().person(caller.user)));
  }
}

TEST_CASE("a list shows what looking at each request shows, whatever it is found by") {
  World world;
  const std::string denied = world.file();
  world.file();
  world.review("bob", denied, "Deny");
  for (const char* user : {"alice", "bob", "eve", "root", "nobody"}) {
    CAPTURE(user);
    const Viewer viewer(world.state(), {{.name = user, .groups = {}, .uid = ""}, ""});
    for (const char* query : {"", "spec.user%3Dalice", "spec.user%3Dbob", "status.state%3DPENDING",
                              "status.state%3DDENIED", "status.state!%3DPENDING"}) {
      CAPTURE(query);
      const auto options = read_list_options(
          *postern::kube::Query::parse("fieldSelector=" + std::string(query)), access_requests());
      REQUIRE(options);
      std::vector<std::string> expected;
      for (const auto& [name, object] : world.state().requests()) {
        if (viewer.sees(*object) && options->selection.matches(*object)) expected.push_back(name);
      }
      CHECK(names(world.ask(user, "GET", "accessrequests?fieldSelector=" + std::string(query))) ==
            expected);
    }
  }
}

TEST_CASE("selectors and pages") {
  World world;
  std::vector<std::string> all;
  for (int i = 0; i < 5; ++i) all.push_back(world.file());
  std::sort(all.begin(), all.end());
  CHECK(names(world.ask("alice", "GET", "accessrequests")) == all);
  CHECK(names(world.ask("alice", "GET", "accessrequests?fieldSelector=spec.user%3Dbob")).empty());
  CHECK(
      names(world.ask("alice", "GET", "accessrequests?fieldSelector=metadata.name%3D" + all[1])) ==
      std::vector{all[1]});
  CHECK(names(world.ask("alice", "GET", "accessrequests?fieldSelector=status.state!%3DPENDING"))
            .empty());
  const Json first = world.ask("alice", "GET", "accessrequests?limit=2");
  CHECK(names(first) == std::vector{all[0], all[1]});
  world.file();  // between two pages
  const Json second = world.ask(
      "alice", "GET",
      "accessrequests?limit=3&continue=" + first["metadata"]["continue"].get<std::string>());
  CHECK(second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]);
  CHECK(names(second).at(0) > all[1]);
}

TEST_CASE("requests that one may review now") {
  World world;
  const std::string first = world.file();
  const std::string second = world.file();
  const char* const mine = "accessrequests?fieldSelector=status.reviewable%3Dtrue";
  CHECK(names(world.ask("bob", "GET", mine)).size() == 2);
  CHECK(names(world.ask("alice", "GET", mine)).empty());
  CHECK(names(world.ask("root", "GET", mine)).empty());  // who reads all is no reviewer by it
  world.review("bob", first, "Deny");
  CHECK(names(world.ask("bob", "GET", mine)) == std::vector{second});
  CHECK(names(world.ask("bob", "GET", std::string(mine) + "%2Cspec.user%3Deve")).empty());
  CHECK(world.ask("bob", "GET", "accessrequests?fieldSelector=status.reviewable%3Dno")["code"] ==
        400);
  CHECK(world.ask("root", "GET", "accessroles?fieldSelector=status.reviewable%3Dtrue")["code"] ==
        400);
  const auto watched = world.watch("bob", std::string(mine) + "&");
  REQUIRE_FALSE(watched);
  CHECK(watched.error().code == 400);
}

TEST_CASE("versions that cannot be had") {
  World world;
  const std::string now =
      world.ask("alice", "GET", "accessrequests")["metadata"]["resourceVersion"];
  const std::string ahead = std::to_string(std::stoull(now) + 1000);
  CHECK(world.ask("alice", "GET", "accessrequests?resourceVersion=" + ahead)["code"] == 504);
  CHECK(world.ask("alice", "GET",
                  "accessrequests?resourceVersionMatch=Exact&resourceVersion=" + now)["kind"] ==
        "AccessRequestList");
  world.file();
  CHECK(world.ask("alice", "GET",
                  "accessrequests?resourceVersionMatch=Exact&resourceVersion=" + now)["code"] ==
        410);
}

TEST_CASE("roles and users are for administrators, whether they exist or not") {
  World world;
  for (const char* path : {"accessroles", "accessroles/dev", "accessroles/none", "accessusers",
                           "accessusers/alice", "accessroles/dev"}) {
    CAPTURE(path);
    CHECK(world.ask("eve", "GET", path)["code"] == 403);
  }
  CHECK(world.ask("root", "GET", "accessroles/none")["code"] == 404);
  const Json role = world.ask("root", "GET", "accessroles/dev");
  CHECK(role["metadata"]["annotations"]["access.postern.dev/origin"] == "file");
  CHECK(role["version"] == "v7");
  CHECK(role["spec"]["allow"]["kubernetes_groups"] == Json({"dev-team"}));
  CHECK(world.ask("root", "GET",
                  "accessroles/editor")["metadata"]["annotations"]["access.postern.dev/origin"] ==
        "preset");
}

TEST_CASE("clusters are seen by those whose roles reach them, or may be searched as") {
  World world;
  CHECK(names(world.ask("alice", "GET", "kubeclusters")) == std::vector<std::string>{"k"});
  CHECK(names(world.ask("eve", "GET", "kubeclusters")).empty());
  CHECK(world.ask("eve", "GET", "kubeclusters/k")["message"] ==
        "kubeclusters.access.postern.dev \"k\" not found");
  CHECK(world.ask("alice", "GET", "kubeclusters/k")["status"]["version"] == "v1.34.0");
}

TEST_CASE("the life of a request") {
  World world;
  const std::string name = world.file();
  CHECK(world.ask("alice", "GET", "accessrequests/" + name + "/review")["status"]["mayReview"] ==
        false);
  CHECK(world.ask("alice", "GET", "accessrequests/" + name + "/review")["status"]["why"] ==
        "nobody reviews a request of their own");
  CHECK(world.ask("bob", "GET", "accessrequests/" + name + "/review")["status"]["mayReview"] ==
        true);
  CHECK(world.review("alice", name, "Approve")["code"] == 403);
  const Json approved = world.review("bob", name, "Approve");
  CHECK(approved["status"]["state"] == "APPROVED");
  CHECK(world.review("bob", name, "Approve")["code"] == 403);
  const Json gone = world.ask("alice", "DELETE", "accessrequests/" + name);
  CHECK(gone["status"] == "Success");
  CHECK(gone["details"]["uid"] == approved["metadata"]["uid"]);
  CHECK(world.ask("alice", "GET", "accessrequests/" + name)["code"] == 404);
}

TEST_CASE("a trial stores nothing") {
  World world;
  const Json made = world.ask("alice", "POST", "accessrequests?dryRun=All",
                              R"({"spec":{"resources":["/c/pod/k/dev/web-*"],"reason":"x"}})");
  CHECK(made["kind"] == "AccessRequest");
  CHECK(names(world.ask("alice", "GET", "accessrequests")).empty());
  const std::string name = world.file();
  CHECK(world.ask("alice", "DELETE", "accessrequests/" + name + "?dryRun=All")["status"] ==
        "Success");
  CHECK(names(world.ask("alice", "GET", "accessrequests")) == std::vector{name});
}

TEST_CASE("roles are made, changed, patched and removed") {
  World world;
  const auto role = [](const char* name, const char* group) {
    return Json({{"metadata", {{"name", name}, {"annotations", {{"e.com/a", "b"}}}}},
                 {"version", "v7"},
                 {"spec", {{"allow", {{"kubernetes_groups", {group}}}}}}})
        .dump();
  };
  const Json made = world.ask("root", "POST", "accessroles", role("mine", "a"));
  CAPTURE(made.dump());
  REQUIRE(made["kind"] == "AccessRole");
  CHECK(made["metadata"]["annotations"] == Json({{"e.com/a", "b"}}));
  CHECK(world.ask("eve", "POST", "accessroles", role("other", "a"))["code"] == 403);
  CHECK(world.ask("root", "POST", "accessroles", role("mine", "a"))["code"] == 409);
  CHECK(world.ask("root", "POST", "accessroles", role("dev", "a"))["code"] == 403);  // a file's
  const Json bad = world.ask("root", "POST", "accessroles",
                             R"({"metadata":{"name":"bad"},"version":"v7",
                                 "spec":{"allow":{"kubernetes_group":["a"]}}})");
  CHECK(bad["code"] == 422);
  CHECK(bad["details"]["causes"][0]["field"] == "spec.allow.kubernetes_group");

  const Json patched = world.ask("root", "PATCH", "accessroles/mine",
                                 R"({"spec":{"allow":{"kubernetes_groups":["b"]}}})",
                                 "application/merge-patch+json");
  CAPTURE(patched.dump());
  CHECK(patched["spec"]["allow"]["kubernetes_groups"] == Json({"b"}));
  CHECK(patched["metadata"]["annotations"] == Json({{"e.com/a", "b"}}));
  Json stale = made;
  CHECK(world.ask("root", "PUT", "accessroles/mine", stale.dump())["code"] == 409);
  CHECK(world.ask("root", "PUT", "accessroles/mine", role("other", "c"))["code"] == 422);
  CHECK(world.ask("root", "PUT", "accessroles/mine",
                  role("mine", "c"))["spec"]["allow"]["kubernetes_groups"] == Json({"c"}));
  CHECK(world.ask("root", "DELETE", "accessroles/mine",
                  R"({"preconditions":{"uid":"another"}})")["code"] == 409);
  CHECK(world.ask("root", "DELETE", "accessroles/mine")["status"] == "Success");
  CHECK(world.ask("root", "GET", "accessroles/mine")["code"] == 404);
}

TEST_CASE("users are invited and locked") {
  World world;
  const Json made = world.ask("root", "POST", "accessusers",
                              R"({"metadata":{"name":"carol"},"spec":{"roles":["asks"]}})");
  CAPTURE(made.dump());
  REQUIRE(made["kind"] == "AccessUser");
  const Json invite = world.ask("root", "POST", "accessusers/carol/invite");
  CAPTURE(invite.dump());
  CHECK(invite["kind"] == "AccessInvite");
  CHECK_FALSE(invite["status"]["token"].get<std::string>().empty());
  CHECK(world.ask("eve", "POST", "accessusers/carol/invite")["code"] == 403);
  const Json locked = world.ask("root", "PATCH", "accessusers/carol", R"({"spec":{"locked":true}})",
                                "application/merge-patch+json");
  CHECK(locked["spec"]["locked"] == true);
  CHECK(world.state().is_locked("carol"));
  CHECK(world.ask("root", "POST", "accessusers",
                  R"({"metadata":{"name":"dan"},"spec":{"roles":["none"]}})")["code"] == 422);
}

TEST_CASE("sessions are one's own") {
  World world;
  const Json made = world.ask("alice", "POST", "sessions", R"({"spec":{"ttl":"1h"}})");
  CAPTURE(made.dump());
  REQUIRE(made["kind"] == "Session");
  const std::string id = made["metadata"]["name"];
  CHECK(made["status"]["token"].get<std::string>().starts_with("pst_"));
  CHECK_FALSE(world.ask("alice", "GET", "sessions/" + id)["status"].contains("token"));
  CHECK(world.ask("eve", "GET", "sessions/" + id)["code"] == 404);
  CHECK(names(world.ask("eve", "GET", "sessions")).empty());
  CHECK(names(world.ask("root", "GET", "sessions")) == std::vector{id});
  CHECK(world.ask("alice", "GET", "sessions/" + id + "/refusals")["items"] == Json::array());
  CHECK(world.ask("eve", "GET", "sessions/" + id + "/refusals")["code"] == 404);
  CHECK(world.ask("eve", "DELETE", "sessions/" + id)["code"] == 404);
  CHECK(world.ask("alice", "DELETE", "sessions/" + id)["status"] == "Success");
}

}  // namespace
