#include "tests/rbac/request/stored_world.h"

#include <map>
#include <random>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

TEST_CASE("a request is written like this, for ever") {
  const StoredWorld world;
  NewRequest asked;
  asked.resource_ids = {"/mycluster/pod/k/dev/web-1"};
  asked.roles = {"dev"};
  const auto request = world.reviewed(world.filed(asked), "bob", Vote::kApprove);
  const std::string digest = request.effective.digest();
  const std::string written =
      R"({"access_expires":1800108000000000000,)"
      R"("annotations":{"pager":["a\"b\\é","dev"]},"created":1800000000000000000,)"
      R"("effective":)" +
      request.effective.to_json() +
      R"(,"format":1,"name":"r-1","pending_expires":1800108000000000000,"reviews":[)"
      R"({"author":"bob","counts_for":[0,1],"created":1800000001000000007,"effective_digest":")" +
      digest +
      R"(","reason":"fine","vote":"approve"}],"session_ttl":108000,)"
      R"("spec":{"resources":["/mycluster/pod/k/dev/web-1"],"reviewers":["bob","zoe"],)"
      R"("roles":["dev"]},"state":"PENDING",)"
      R"("threshold_sets":[{"role":"seek","roles":["dev"],"thresholds":[0,1]}],"thresholds":[)"
      R"-({"approve":2,"deny":1,"filter":"contains(reviewer.roles,\"ra\")","name":"two"},)-"
      R"({"approve":3,"deny":2}],"uid":"uid-1","user":"alice"})";
  CHECK(to_stored(request).value() == written);
  CHECK(same(read(written), request));
}

TEST_CASE("a request is read back as it was in every state") {
  const StoredWorld world;
  const AccessRequest approved = world.approved();
  CHECK(approved.state == State::kApproved);
  CHECK(approved.assume_start == kNow + 20min);
  const Person admin = person_of(world.directory, "root", {"admin"});
  const auto step = [](const AccessRequest& from, const Event& event, TimePoint now) {
    return apply(from, event, now, {}).value();
  };
  const AccessRequest revoked = step(approved, RevokeEvent{admin, "enough"}, kNow + 1min);
  for (const AccessRequest& request :
       {world.filed(), approved, revoked, world.reviewed(world.filed(), "bob", Vote::kDeny),
        step(approved, DropEvent{"alice"}, kNow + 1min),
        step(world.filed(), ExpireEvent{}, kNow + 3h), step(revoked, ExpireEvent{}, kNow + 3h),
        step(approved, ExpireEvent{true}, kNow)}) {
    CAPTURE(state_name(request.state));
    const AccessRequest again = read(to_stored(request).value());
    CHECK(same(again, request));
    CHECK(to_stored(again).value() == to_stored(request).value());
    CHECK(again.effective.digest() == request.effective.digest());
  }
  // And it gives the same grant.
  const auto before = make_grant(approved, world.alice, world.directory, kNow + 30min);
  const auto after =
      make_grant(read(to_stored(approved).value()), world.alice, world.directory, kNow + 30min);
  REQUIRE(before.has_value());
  REQUIRE(after.has_value());
  CHECK(after->resource_ids == before->resource_ids);
  CHECK(after->expires_at == before->expires_at);
  CHECK(after->roles.size() == before->roles.size());
}

TEST_CASE("the store's version is not part of it") {
  const StoredWorld world;
  AccessRequest request = world.filed();
  const std::string text = to_stored(request).value();
  request.resource_version = "17";
  CHECK(to_stored(request).value() == text);
  CHECK(read(text).resource_version.empty());
}

TEST_CASE("property: whatever becomes of a request, it is read back as it was") {
  const StoredWorld world;
  std::mt19937 random(20240601);
  const auto below = [&](std::size_t n) { return random() % n; };
  std::map<State, int> seen;
  for (int round = 0; round < 300; ++round) {
    NewRequest asked;
    if (below(2) == 0) asked.resource_ids.push_back("/mycluster/pod/k/dev/web-1");
    if (below(3) == 0) asked.resource_ids.push_back("/mycluster/pod/a/b/dev/^web.*$");
    if (asked.resource_ids.empty()) asked.roles = {below(2) == 0 ? "dev" : "*"};
    if (below(2) == 0) asked.reason = "caf\u00e9 \\ \"quoted\" </script>";
    if (below(2) == 0) asked.suggested_reviewers = {"z", "b"};
    if (below(2) == 0) asked.times.max_duration = 5h;
    if (below(2) == 0) asked.times.assume_start = kNow + 1h;
    if (below(2) == 0) asked.times.session_ttl = 1h;
    const auto filed = create_as(world.directory, world.alice, asked);
    if (!filed) continue;
    AccessRequest request = *filed;
    TimePoint now = kNow;
    for (int step = 0; step < 6; ++step) {
      now += std::chrono::nanoseconds(random());
      const Person who =
          person_of(world.directory, std::string(1, static_cast<char>('b' + below(5))),
                    {below(2) == 0 ? "ra" : "rb"});
      Event event = ExpireEvent{below(8) == 0};
      if (below(6) != 0) {
        ReviewEvent review =
            review_of(request, who, below(6) != 0 ? Vote::kApprove : Vote::kDeny, "ok");
        if (review.vote == Vote::kApprove && below(3) == 0) review.assume_start = kNow + 2h;
        event = review;
      } else if (below(2) == 0) {
        event = DropEvent{"alice"};
      }
      if (auto next = apply(request, event, now, {})) request = *next;
      ++seen[request.state];
      const auto text = to_stored(request);
      REQUIRE_MESSAGE(text.has_value(), said(text));
      const AccessRequest again = read(*text);
      CHECK(same(again, request));
      CHECK(to_stored(again).value() == *text);
    }
  }
  for (const State state :
       {State::kPending, State::kApproved, State::kDenied, State::kRevoked, State::kExpired}) {
    CHECK_MESSAGE(seen[state] > 20, state_name(state));
  }
}

TEST_CASE("what has ended is read without its effective rules, and nothing else is") {
  const StoredWorld world;
  for (const AccessRequest& open : {world.filed(), world.approved()}) {
    const auto ended = ended_from_stored(*to_stored(open));
    REQUIRE(ended);
    CHECK_FALSE(ended->has_value());
  }
  auto over = apply(world.approved(), ExpireEvent{true}, kNow + 24h * 20, {});
  REQUIRE_MESSAGE(over.has_value(), said(over));
  const std::string text = *to_stored(*over);
  const auto ended = ended_from_stored(text);
  REQUIRE(ended);
  REQUIRE(ended->has_value());
  CHECK((*ended)->effective == over->effective.to_json());
  AccessRequest whole = (*ended)->request;
  CHECK(whole.effective == EffectiveRules());
  whole.effective = *EffectiveRules::from_json((*ended)->effective);
  CHECK(same(whole, *over));
}

TEST_CASE("the state of a text is not to be had by a word in it") {
  const StoredWorld world;
  NewRequest asked;
  asked.resource_ids = {"/mycluster/pod/k/dev/web-1"};
  asked.reason = R"("state":"EXPIRED")";
  const auto ended = ended_from_stored(*to_stored(world.filed(asked)));
  REQUIRE(ended);
  CHECK_FALSE(ended->has_value());
  for (const char* broken :
       {R"({"state":"EXPIRED"})", R"({"effective":{},"state":"EXPIRED"})", R"({"effective":{"a":1)",
        R"({"effective":{},"format":2,"state":"EXPIRED"})"}) {
    CAPTURE(broken);
    const auto read = ended_from_stored(broken);
    CHECK((!read || !read->has_value()));
  }
}
