// Sentences of the behaviour reference (§2.2) that belong to no table: bounds, what counts when a
// request is filed, and the states. What differs on purpose is said where it is tested.

#include "rbac/request/make_grant.h"
#include "rbac/request/stored_request.h"
#include "tests/rbac/request/asking.h"

#include <set>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

namespace {

/// A role that may request `pods`, with so many different thresholds.
std::string many_thresholds(std::size_t count) {
  std::string text;
  for (std::size_t i = 1; i <= count; ++i) {
    text += (text.empty() ? "" : ", ") + ("{approve: " + std::to_string(i) + "}");
  }
  return role("many", "allow: {request: {roles: [pods], thresholds: [" + text + "]}}");
}

}  // namespace

// PROMOTED (a request that becomes a membership) is missing: there are no access lists. REVOKED and
// EXPIRED are there beside the model's, so that what has ended is not told from its times alone.
TEST_CASE("behaviour 2.2 states: five, and who follows whom") {
  const std::vector<State> states = {State::kPending, State::kApproved, State::kDenied,
                                     State::kRevoked, State::kExpired};
  std::set<std::string> names;
  std::set<std::pair<std::string, std::string>> steps;
  for (const State from : states) {
    names.emplace(state_name(from));
    for (const State to : states) {
      if (may_follow(from, to)) steps.emplace(state_name(from), state_name(to));
    }
  }
  CHECK(names == std::set<std::string>{"APPROVED", "DENIED", "EXPIRED", "PENDING", "REVOKED"});
  CHECK(steps == std::set<std::pair<std::string, std::string>>{{"PENDING", "APPROVED"},
                                                               {"PENDING", "DENIED"},
                                                               {"PENDING", "EXPIRED"},
                                                               {"APPROVED", "REVOKED"},
                                                               {"APPROVED", "EXPIRED"},
                                                               {"DENIED", "EXPIRED"},
                                                               {"REVOKED", "EXPIRED"}});
}

TEST_CASE("behaviour 2.2 limits: as they are without a setting") {
  const Limits limits;
  CHECK(limits.reason_bytes == 4096);
  CHECK(limits.resource_ids == 300);
  CHECK(limits.resource_id_bytes == 2048);
  CHECK(limits.thresholds == 4096);
  CHECK(limits.access == 14 * kDay);
  CHECK(limits.pending == 7 * kDay);
  CHECK(limits.assume_start == 7 * kDay);
  CHECK(limits.session == 30h);
}

TEST_CASE("behaviour 2.2 limits: 4096 different thresholds") {
  for (const std::size_t count : {4096U, 4097U}) {
    const Directory directory = directory_of(kRoles + many_thresholds(count));
    const auto request =
        create_as(directory, person_of(directory, "alice", {"many"}), for_roles({"pods"}));
    CHECK(request.has_value() == (count == 4096));
    if (!request) {
      CHECK_HAS(said(request), "Too many: 4097: must have at most 4096 items");
    }
  }
}

// The same IDs may be written 300 times over; what counts are different ones.
TEST_CASE("behaviour 2.2 limits: 300 IDs, of 2048 bytes together") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-all"});
  Limits roomy;
  roomy.resource_id_bytes = 1 << 20;
  std::vector<std::string> ids;
  for (int i = 0; i < 300; ++i) {
    ids.push_back("/mycluster/pod/k/dev/p" + std::to_string(i));
  }
  CHECK(said(create_as(directory, alice, for_ids(ids), roomy)) == "ok");
  ids.push_back("/mycluster/pod/k/dev/p300");
  CHECK_HAS(said(create_as(directory, alice, for_ids(ids), roomy)), "must have at most 300");

  const std::string head = "/mycluster/pod/k/dev/";
  ids.clear();
  for (int i = 0; i < 16; ++i) {
    ids.push_back(head + std::string(1, static_cast<char>('a' + i)) +
                  std::string(128 - head.size() - 1, 'x'));
  }
  CHECK(said(create_as(directory, alice, for_ids(ids))) == "ok");  // 16 × 128 = 2048
  ids.back() += "x";
  CHECK_HAS(said(create_as(directory, alice, for_ids(ids))), "may not be more than 2048 bytes");
}

TEST_CASE("behaviour 2.2 dry run: the same checks, the longest duration") {
  const Directory directory =
      directory_of(kRoles + role("week", "allow: {request: {roles: [pods], max_duration: 7d}}") +
                   role("why", "options: {request_access: reason}"));
  const auto trial = [&](const std::vector<std::string>& held, const std::string& role) {
    return create_as(directory, person_of(directory, "alice", held), for_roles({role}), {},
                     kNow + 8h, true);
  };
  CHECK(trial({"week"}, "pods")->access_expires == kNow + 7 * kDay);
  CHECK(trial({"asks"}, "pods")->access_expires == kNow + 8h);
  CHECK_HAS(said(trial({"week"}, "secrets")), "you cannot request the role");
  CHECK_HAS(said(trial({"week", "why"}, "pods")), "spec.reason: Required value");
}

// No claim of an identity provider is a role here: what it would have given is named in a warning,
// and a role that would deny by it is refused.
TEST_CASE("behaviour 2.2 create: claims_to_roles gives nothing, and cannot deny") {
  for (const char* section : {"request", "review_requests"}) {
    INFO(section);
    const auto load = [&](const char* effect) {
      return load_documents("roles.yaml",
                            role("claims", std::string(effect) + ": {" + section +
                                               ": {claims_to_roles: [{claim: group, value: dev, "
                                               "roles: [pods]}]}}"));
    };
    const LoadResult allows = load("allow");
    CHECK(allows.errors.empty());
    REQUIRE(allows.warnings.size() == 1);
    CHECK(allows.warnings[0].key_path == "spec.allow." + std::string(section) + ".claims_to_roles");
    const LoadResult denies = load("deny");
    REQUIRE(denies.errors.size() == 1);
    CHECK(denies.errors[0].key_path == "spec.deny." + std::string(section) + ".claims_to_roles");
    CHECK(denies.roles.empty());
  }
}

// The model's filter of requestable roles follows the resources that a session has been granted
// already, and has to stop there. Here nothing of a grant is ever asked: `request` of a role counts
// only where it is a static one, and what is granted has none left.
TEST_CASE("behaviour 3.12 requestable roles: nothing that was granted widens them") {
  const Directory directory = directory_of(
      kRoles + role("door", "allow: {request: {roles: [all], search_as_roles: [all]}}") +
      role("asks-door", "allow: {request: {roles: [door]}}") +
      role("boss", "allow: {review_requests: {roles: [door]}}"));
  const Person alice = person_of(directory, "alice", {"asks-door"});
  const AccessRequest filed = *create_as(directory, alice, for_roles({"door"}));
  const AccessRequest approved = *apply(
      filed, review_of(filed, person_of(directory, "bob", {"boss"}), Vote::kApprove), kNow, {});
  const auto grant = make_grant(approved, alice, directory, kNow + 1min);
  REQUIRE_MESSAGE(grant.has_value(), said(grant));
  REQUIRE(grant->roles.size() == 1);
  CHECK(grant->roles[0]->name == "door");
  CHECK(grant->roles[0]->allow.request.roles.empty());
  CHECK(grant->roles[0]->allow.request.search_as_roles.empty());
  // Even a person made of what the grant has could ask for nothing.
  const Person granted{"alice", {}, grant->roles};
  CHECK_HAS(said(create_as(directory, granted, for_roles({"all"}))), "you cannot request");
  CHECK_HAS(said(create_as(directory, alice, for_roles({"all"}))), "you cannot request");
}

// Names are random and the server's, not UUIDs; what is asked for stays as it was written.
TEST_CASE("behaviour 2.1 resource IDs: odd characters survive the stored form") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-all"});
  for (const std::string name : {"a \"quoted\" one", "back\\slash", "com,ma", "it's", "{\"a\":[1]}",
                                 "*.?+(x)|[y]", "ünï-🚀", "^[a-z\\\"',]{1,3}$"}) {
    INFO(name);
    const auto request = create_as(directory, alice, for_ids({"/mycluster/pod/k/dev/" + name}));
    REQUIRE_MESSAGE(request.has_value(), said(request));
    const auto stored = to_stored(*request);
    REQUIRE_MESSAGE(stored.has_value(), said(stored));
    const auto again = from_stored(*stored);
    REQUIRE_MESSAGE(again.has_value(), said(again));
    CHECK(again->spec.resource_ids == request->spec.resource_ids);
    CHECK(again->spec.resource_ids[0].name_pattern().text() == name);
    CHECK(again->effective.resource_ids == request->effective.resource_ids);
  }
}
