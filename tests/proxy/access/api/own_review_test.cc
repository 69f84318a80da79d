#include "proxy/access/api/own_review.h"

#include "state_world.h"

#include <doctest/doctest.h>
#include <string>

namespace {

using namespace postern::proxy::access;
using namespace postern::proxy::access::api;

struct Asked : World {
  OwnAnswer ask_self(const std::string& user, const OwnQuestion& question,
                     const std::string& session = "") {
    const OwnAnswer answer =
        review_own(state(), {{.name = user, .groups = {}, .uid = ""}, session}, question);
    CHECK_FALSE(answer.reason.empty());
    return answer;
  }
  bool can(const std::string& user, const std::string& verb, const std::string& resource,
           const std::string& name = "", const std::string& subresource = "") {
    return ask_self(user, {verb, "", resource, subresource, name}).allowed;
  }
};

TEST_CASE_FIXTURE(Asked, "what everybody may, and what rules give") {
  for (const char* user : {"alice", "bob", "eve"}) {
    CAPTURE(user);
    CHECK(can(user, "create", "accessrequests"));
    CHECK(can(user, "watch", "accessrequests"));
    CHECK(can(user, "create", "sessions"));
    CHECK(can(user, "create", "resourcesearches"));
    CHECK_FALSE(can(user, "get", "accessroles"));
    CHECK_FALSE(can(user, "create", "accessusers"));
    CHECK_FALSE(can(user, "create", "accessusers", "alice", "invite"));
  }
  CHECK(can("root", "create", "accessroles"));
  CHECK(can("root", "create", "accessusers", "alice", "invite"));
  CHECK(ask_self("root", {"create", "", "accessroles", "", ""}).reason ==
        "allowed by role editor (rules: role, create)");
  CHECK(ask_self("root", {"delete", "", "accessroles", "", "dev"}).reason ==
        "it is given by roles.yaml:2 and read-only here");
  CHECK(ask_self("eve", {"create", "", "accessroles", "", ""}).reason ==
        "none of the user's roles has a rule for it (rules: role, create)");
}

TEST_CASE_FIXTURE(Asked, "a request by name") {
  const std::string name = file();
  CHECK(can("alice", "get", "accessrequests", name));
  CHECK(can("alice", "delete", "accessrequests", name));
  CHECK_FALSE(can("alice", "create", "accessrequests", name, "reviews"));
  CHECK(can("bob", "get", "accessrequests", name));
  CHECK(can("bob", "create", "accessrequests", name, "reviews"));
  CHECK_FALSE(can("bob", "delete", "accessrequests", name));
  CHECK(can("root", "delete", "accessrequests", name));
  // Hidden and absent are the same words.
  for (const char* verb : {"get", "delete", "watch"}) {
    const OwnAnswer hidden = ask_self("eve", {verb, "", "accessrequests", "", name});
    CHECK_FALSE(hidden.allowed);
    CHECK(hidden.reason == ask_self("eve", {verb, "", "accessrequests", "", "none"}).reason);
  }
  review("bob", name, "Approve");
  CHECK(can("alice", "create", "accessrequests", name, "reviews"));  // she may give it back
  CHECK(can("bob", "create", "accessrequests", name, "reviews"));    // he may revoke it
  CHECK_FALSE(can("eve", "create", "accessrequests", name, "reviews"));
}

TEST_CASE_FIXTURE(Asked, "what postern has not, nobody may") {
  CHECK_FALSE(can("root", "update", "accessrequests"));
  CHECK_FALSE(can("root", "deletecollection", "accessrequests"));
  CHECK_FALSE(can("root", "get", "accessrequests", "", "status"));
  CHECK_FALSE(can("root", "get", "widgets"));
  CHECK_FALSE(ask_self("root", {"get", "v2", "accessrequests", "", ""}).allowed);
  CHECK(ask_self("root", {"get", "v1alpha1", "accessrequests", "", ""}).allowed);
  CHECK(can("root", "*", "accessusers"));
  CHECK_FALSE(can("alice", "*", "*"));
  CHECK(can("alice", "*", "sessions"));
}

TEST_CASE_FIXTURE(Asked, "a session changes itself") {
  CHECK_FALSE(can("alice", "create", "sessions", "self", "requests"));
  CHECK(ask_self("alice", {"create", "", "sessions", "requests", "self"}, "s1").allowed);
  CHECK_FALSE(ask_self("alice", {"create", "", "sessions", "requests", "s2"}, "s1").allowed);
  CHECK(ask_self("alice", {"delete", "", "sessions", "", "self"}, "s1").allowed);
  CHECK_FALSE(can("alice", "delete", "sessions", "of-somebody"));
}

TEST_CASE_FIXTURE(Asked, "the same as rules") {
  const auto rules = [this](const char* user) {
    std::string text;
    for (const auto& rule : own_rules(state(), {{.name = user, .groups = {}, .uid = ""}, ""})) {
      CHECK(rule.api_groups == std::vector<std::string>{"access.postern.dev"});
      text += rule.resources.at(0) + ":";
      for (const std::string& verb : rule.verbs) text += " " + verb;
      text += "\n";
    }
    return text;
  };
  CHECK(rules("eve") ==
        "accessrequests: create delete get list watch\n"
        "accessrequests/preview: get\n"
        "accessrequests/review: get\n"
        "kubeclusters: get list watch\n"
        "resourcesearches: create\n"
        "sessions: create delete get list watch\n"
        "sessions/refusals: get\n");
  CHECK(rules("bob").find("accessrequests/reviews: create\n") != std::string::npos);
  CHECK(rules("root").find("accessroles: create delete get list patch update watch\n") !=
        std::string::npos);
}

}  // namespace
