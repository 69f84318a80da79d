#include "tests/rbac/request/asking.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

TEST_CASE("behaviour 2.2 create: suggested reviewers and annotations") {
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
