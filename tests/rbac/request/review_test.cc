#include "rbac/request/review.h"

#include "rbac/request/agreement.h"
#include "rbac/request/check_roles.h"
#include "rbac/request/removed_user.h"
#include "tests/rbac/request/fixture.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

namespace {

const std::string kRoles =
    role("dev", "") + role("ops", "") +
    role("asks", "allow: {request: {roles: [dev, ops], max_duration: 10d}}") +
    role("two", "allow: {request: {roles: [dev], thresholds: [{approve: 2, deny: 1}]}}") +
    role("review-dev", "allow: {review_requests: {roles: [dev]}}") +
    role("review-all", "allow: {review_requests: {roles: ['*']}}") +
    role("review-own", "allow: {review_requests: {roles: ['{{external.teams}}']}}") +
    role("review-blue",
         "allow: {review_requests: {roles: [dev], where: "
         "'contains(reviewer.traits[\"team\"], \"blue\")'}}") +
    role("review-broken", "allow: {review_requests: {roles: [dev], where: 'oops'}}") +
    role("deny-ops", "deny: {review_requests: {roles: [ops]}}") +
    role("deny-red",
         "deny: {review_requests: {roles: [dev], where: "
         "'contains(reviewer.traits[\"team\"], \"red\")'}}") +
    role("deny-broken", "deny: {review_requests: {roles: [dev], where: 'oops'}}") +
    role("deny-own", "deny: {review_requests: {roles: ['{{external.none}}']}}") +
    role("admin", "allow: {rules: [{resources: [access_request], verbs: [read, update]}]}") +
    role("auditor", "allow: {rules: [{resources: ['*'], verbs: [read, list]}]}") +
    role("no-admin", "deny: {rules: [{resources: [access_request], verbs: ['*']}]}");

struct World {
  Directory directory = directory_of(kRoles);
  Person person(std::string name, const std::vector<std::string>& roles, Traits traits = {}) const {
    return person_of(directory, std::move(name), roles, std::move(traits));
  }
  AccessRequest request(std::vector<std::string> roles = {"dev"}, seconds duration = 8h,
                        const char* held = "asks") const {
    NewRequest asked;
    asked.roles = std::move(roles);
    asked.times.max_duration = duration;
    return *create_as(directory, person("alice", {held}), asked);
  }
  AccessRequest approved(seconds duration = 8h) const {
    const AccessRequest asked = request({"dev"}, duration);
    return *apply(asked, review_of(asked, person("bob", {"review-dev"}), Vote::kApprove),
                  kNow + 1min, {});
  }
};

}  // namespace

TEST_CASE("behaviour 2.2 review: who may, and why not") {
  const World world;
  struct Row {
    std::string name;
    std::vector<std::string> held;
    Traits traits;
    std::vector<std::string> asked;
    std::string want;
  };
  for (const Row& row : std::vector<Row>{
           {"bob", {"review-dev"}, {}, {"dev"}, "ok"},
           {"alice", {"review-all"}, {}, {"dev"}, "nobody reviews a request of their own"},
           {"", {"review-all"}, {}, {"dev"}, "403"},
           {"bob",
            {},
            {},
            {"dev"},
            "none of your roles lets you review requests for the role \"dev\""},
           {"bob", {"review-dev"}, {}, {"dev", "ops"}, "for the role \"ops\""},
           {"bob", {"review-all"}, {}, {"dev", "ops"}, "ok"},
           {"bob",
            {"review-dev", "review-all", "deny-ops"},
            {},
            {"dev", "ops"},
            "your role \"deny-ops\" denies reviews of requests for the role \"ops\""},
           {"bob", {"review-all", "deny-ops"}, {}, {"dev"}, "ok"},
           {"bob", {"review-own"}, {{"teams", {"dev"}}}, {"dev"}, "ok"},
           {"bob", {"review-own"}, {{"teams", {"*"}}}, {"dev"}, "none of your roles"},
           {"bob", {"review-own"}, {}, {"dev"}, "none of your roles"},
           {"bob", {"review-blue"}, {{"team", {"blue"}}}, {"dev"}, "ok"},
           {"bob", {"review-blue"}, {{"team", {"red"}}}, {"dev"}, "only where contains("},
           {"bob", {"review-blue", "review-dev"}, {}, {"dev"}, "ok"},
           {"bob", {"review-broken"}, {}, {"dev"}, "only where oops"},
           {"bob", {"review-dev", "deny-red"}, {}, {"dev"}, "ok"},
           {"bob", {"review-dev", "deny-red"}, {{"team", {"red"}}}, {"dev"}, "denies reviews"},
           {"bob", {"review-dev", "deny-broken"}, {}, {"dev"}, "denies reviews"},
           {"bob", {"review-dev", "deny-own"}, {}, {"dev"}, "denies reviews"},
           {"bob", {"admin"}, {}, {"dev"}, "none of your roles"},
       }) {
    const auto allowed =
        may_review(world.request(row.asked), world.person(row.name, row.held, row.traits));
    CHECK_HAS(said(allowed), row.want);
    CHECK((allowed.has_value() ? row.want == "ok" : allowed.error().code == 403));
  }
  CHECK(said(may_review(world.request(), world.person("alice", {}))) ==
        "403 accessrequests.access.postern.dev \"r-1\" is forbidden: User \"alice\" cannot create "
        "resource \"accessrequests/reviews\" in API group \"access.postern.dev\" at the cluster "
        "scope: nobody reviews a request of their own");
}

TEST_CASE("behaviour 2.2 review: once per author, with the time and the thresholds") {
  const World world;
  const AccessRequest request = world.request({"dev"}, 8h, "two");
  const auto once =
      apply(request,
            review_of(request, world.person("bob", {"review-dev"}), Vote::kApprove, "looks right"),
            kNow + 5min, {});
  REQUIRE(once.has_value());
  CHECK(once->state == State::kPending);
  REQUIRE(once->reviews.size() == 1);
  CHECK(once->reviews[0].author == "bob");
  CHECK(once->reviews[0].reason == "looks right");
  CHECK(once->reviews[0].created == kNow + 5min);
  CHECK(once->reviews[0].effective_digest == request.effective.digest());
  CHECK(once->reviews[0].counts_for == std::vector<std::size_t>{0});

  const auto again = apply(
      *once, review_of(request, world.person("bob", {"review-dev"}), Vote::kDeny), kNow + 6min, {});
  CHECK_HAS(said(again), "you have reviewed it already");
  const auto twice =
      apply(*once, review_of(request, world.person("carol", {"review-dev"}), Vote::kApprove),
            kNow + 6min, {});
  REQUIRE(twice.has_value());
  CHECK(twice->state == State::kApproved);
  CHECK(twice->approved == kNow + 6min);
  CHECK(twice->expires() == request.access_expires);
  const auto denied =
      apply(*once, review_of(request, world.person("carol", {"review-dev"}), Vote::kDeny),
            kNow + 6min, {});
  CHECK(denied->state == State::kDenied);
  CHECK(denied->denied == kNow + 6min);
}

TEST_CASE("review: it is bound to what was shown") {
  const World world;
  const Person bob = world.person("bob", {"review-dev"});
  const AccessRequest request = world.request();
  ReviewEvent event = review_of(request, bob, Vote::kApprove);
  event.uid = "uid-of-another";
  CHECK(apply(request, event, kNow, {}).error().code == 409);
  event.uid = "";
  CHECK(apply(request, event, kNow, {}).error().code == 409);
  event = review_of(request, bob, Vote::kApprove);
  event.effective_digest = world.request({"ops"}).effective.digest();
  CHECK(apply(request, event, kNow, {}).error().code == 409);
  CHECK_HAS(said(apply(request, event, kNow, {})), "look at it again");
  event.effective_digest = "";
  CHECK(apply(request, event, kNow, {}).error().code == 409);
  CHECK(said(apply(request, review_of(request, bob, Vote::kApprove), kNow, {})) == "ok");
}

TEST_CASE("behaviour 2.2 review: after the end it is refused") {
  const World world;
  const Person bob = world.person("bob", {"review-dev"});
  const Person carol = world.person("carol", {"review-dev"});
  const AccessRequest request = world.request();
  const AccessRequest approved = world.approved();
  const AccessRequest denied = *apply(request, review_of(request, bob, Vote::kDeny), kNow, {});
  const AccessRequest revoked = *apply(approved, DropEvent{"alice"}, kNow + 2min, {});
  const AccessRequest expired = *apply(request, ExpireEvent{}, request.pending_expires, {});
  const auto why = [&](const AccessRequest& resolved, TimePoint now = kNow + 2min) {
    const auto next = apply(resolved, review_of(resolved, carol, Vote::kApprove), now, {});
    REQUIRE(!next.has_value());
    CHECK(next.error().code == 403);
    return next.error().message;
  };
  CHECK_HAS(why(approved), "it has already been approved");
  CHECK_HAS(why(denied), "it has already been denied");
  CHECK_HAS(why(revoked), "it has been revoked");
  CHECK_HAS(why(expired), "it has expired");
  // Its time is over, though nobody has noted so yet.
  CHECK_HAS(why(request, request.pending_expires), "it has expired");
  CHECK(said(apply(request, review_of(request, carol, Vote::kApprove), request.pending_expires - 1s,
                   {})) == "ok");
}

TEST_CASE("behaviour 2.2 review: reasons and start times") {
  const World world;
  const Person bob = world.person("bob", {"review-dev"});
  const AccessRequest request = world.request({"dev"}, 10 * kDay);
  struct Row {
    Vote vote;
    std::string reason;
    std::optional<TimePoint> start;
    std::string want;
  };
  for (const Row& row : std::vector<Row>{
           {Vote::kApprove, std::string(4096, 'x'), {}, "ok"},
           {Vote::kApprove, std::string(4097, 'x'), {}, "spec.reason: Too long"},
           {Vote::kDeny, "a\x07", {}, "spec.reason: Invalid value"},
           {Vote::kApprove, "", kNow + 1h, "ok"},
           {Vote::kApprove, "", kNow - 1s, "before the request was made"},
           {Vote::kApprove, "", kNow + 10 * kDay, "would end before it starts"},
           {Vote::kApprove, "", kNow + 8 * kDay, "must start within 168h"},
           {Vote::kDeny, "", kNow + 1h, "only an approval"},
       }) {
    ReviewEvent event = review_of(request, bob, row.vote, row.reason);
    event.assume_start = row.start;
    const auto next = apply(request, event, kNow + 1min, {});
    CHECK_HAS(said(next), row.want);
    CHECK((next.has_value() || next.error().code == 422));
    if (next) CHECK(next->assume_start == row.start);
  }
}

TEST_CASE("review: the last of the start times stands") {
  const World world;
  NewRequest asked;
  asked.roles = {"dev"};
  asked.times.assume_start = kNow + 2h;
  asked.times.max_duration = 8h;
  const AccessRequest request = *create_as(world.directory, world.person("alice", {"two"}), asked);
  ReviewEvent first = review_of(request, world.person("bob", {"review-dev"}), Vote::kApprove);
  ReviewEvent second = review_of(request, world.person("carol", {"review-dev"}), Vote::kApprove);
  const auto start = [&](std::optional<TimePoint> a, std::optional<TimePoint> b) {
    first.assume_start = a;
    second.assume_start = b;
    const auto once = apply(request, first, kNow, {});
    REQUIRE(once.has_value());
    CHECK(once->assume_start == kNow + 2h);
    return apply(*once, second, kNow, {})->assume_start;
  };
  CHECK(start({}, {}) == kNow + 2h);
  CHECK(start(kNow + 1h, {}) == kNow + 2h);
  CHECK(start(kNow + 3h, kNow + 1h) == kNow + 3h);
  CHECK(start(kNow + 3h, kNow + 4h) == kNow + 4h);
}

TEST_CASE("revoke: by reviewers and administrators, drop by the owner") {
  const World world;
  const AccessRequest approved = world.approved();
  struct Row {
    std::string name;
    std::vector<std::string> held;
    std::string want;
  };
  for (const Row& row : std::vector<Row>{
           {"bob", {"review-dev"}, "ok"},
           {"carol", {"review-all"}, "ok"},  // she could have reviewed it
           {"bob", {}, "ok"},                // he has reviewed it
           {"root", {"admin"}, "ok"},
           {"root", {"admin", "no-admin"}, "none of your roles"},
           {"root", {"auditor"}, "none of your roles"},
           {"mallory", {}, "none of your roles"},
           {"alice", {}, "ok"},  // gives it up, and says why
           {"", {}, "nobody reviews a request of their own"},
           {"alice", {"admin"}, "ok"},
       }) {
    const auto next =
        apply(approved, RevokeEvent{world.person(row.name, row.held), "over"}, kNow + 1h, {});
    CHECK_HAS(said(next), row.want);
    if (next) {
      CHECK(next->state == State::kRevoked);
      CHECK(next->revoked == kNow + 1h);
      CHECK(next->approved == approved.approved);
      CHECK(next->revoked_by == row.name);
      CHECK(next->revoke_reason == "over");
    } else {
      CHECK(next.error().code == 403);
    }
  }
  CHECK(apply(approved, DropEvent{"alice"}, kNow + 1h, {})->revoked_by == "alice");
  CHECK(apply(approved, DropEvent{"bob"}, kNow + 1h, {}).error().code == 403);
  CHECK(apply(approved, DropEvent{""}, kNow + 1h, {}).error().code == 403);
  CHECK(apply(world.request(), DropEvent{"alice"}, kNow + 1h, {}).error().code == 409);
  CHECK(apply(approved, DropEvent{"alice"}, approved.access_expires, {}).error().code == 409);
  CHECK(apply(world.request(), RevokeEvent{world.person("bob", {"review-dev"}), ""}, kNow, {})
            .error()
            .code == 409);
  CHECK(apply(approved, RevokeEvent{world.person("bob", {"review-dev"}), std::string(4097, 'r')},
              kNow, {})
            .error()
            .code == 422);
}

TEST_CASE("expire: when its time is over") {
  const World world;
  const AccessRequest request = world.request({"dev"}, 9 * kDay);
  const AccessRequest approved = world.approved(9 * kDay);
  CHECK(request.pending_expires == kNow + 7 * kDay);
  CHECK(apply(request, ExpireEvent{}, kNow + 7 * kDay - 1s, {}).error().code == 409);
  CHECK(apply(request, ExpireEvent{}, kNow + 7 * kDay, {})->state == State::kExpired);
  CHECK(apply(approved, ExpireEvent{}, kNow + 7 * kDay, {}).error().code == 409);
  const auto expired = apply(approved, ExpireEvent{}, kNow + 9 * kDay, {});
  CHECK(expired->state == State::kExpired);
  CHECK(expired->expired == kNow + 9 * kDay);
  CHECK(expired->approved == approved.approved);
  CHECK(apply(*expired, ExpireEvent{true}, kNow + 9 * kDay, {}).error().code == 409);
  // A wall clock that was set back does not keep what a monotonic one saw end.
  CHECK(apply(approved, ExpireEvent{true}, kNow - kDay, {})->state == State::kExpired);
  // Denied and revoked ones expire too, with the access.
  const AccessRequest revoked = *apply(approved, DropEvent{"alice"}, kNow + 1h, {});
  CHECK(apply(revoked, ExpireEvent{}, kNow + 8 * kDay, {}).error().code == 409);
  CHECK(apply(revoked, ExpireEvent{}, kNow + 9 * kDay, {})->state == State::kExpired);
}

TEST_CASE("see: the owner, reviewers, authors and auditors") {
  const World world;
  const AccessRequest approved = world.approved();
  CHECK(may_see(approved, world.person("alice", {})));
  CHECK(may_see(approved, world.person("bob", {})));
  CHECK(may_see(approved, world.person("carol", {"review-dev"})));
  CHECK(may_see(approved, world.person("root", {"auditor"})));
  CHECK(!may_see(approved, world.person("root", {"auditor", "no-admin"})));
  CHECK(!may_see(approved, world.person("mallory", {"asks"})));
  CHECK(!may_see(approved, world.person("", {})));
}

TEST_CASE("expressions of roles are checked when they are loaded") {
  const Directory directory = directory_of(
      role("a",
           "allow: {request: {thresholds: [{approve: 1}, {filter: 'nope'}]}, review_requests: "
           "{roles: [x], where: 'equals(review.reason, \"a\")'}}") +
      role("b", "deny: {review_requests: {roles: [x], where: '!'}}") +
      role("c", "allow: {review_requests: {roles: [x], where: 'equals(\"a\", \"a\")'}}"));
  std::vector<Role> roles;
  for (const auto& [name, each] : directory.roles) roles.push_back(*each);
  const auto messages = check_expressions(roles);
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].object == "role/a");
  CHECK(messages[0].key_path == "spec.allow.request.thresholds[1].filter");
  CHECK_HAS(messages[0].message, "column 1: there is no function \"nope\"");
  CHECK(messages[1].key_path == "spec.allow.review_requests.where");
  CHECK(messages[2].key_path == "spec.deny.review_requests.where");
  CHECK(check_expressions(preset_roles()).empty());
}

TEST_CASE("review: what is open ends with its user, and what has ended stays as it is") {
  const World world;
  const AccessRequest waiting = end_with_user(world.request(), "carol", kNow + 1h);
  CHECK(waiting.state == State::kExpired);
  CHECK(waiting.expired == kNow + 1h);
  CHECK(waiting.revoked_by.empty());

  const AccessRequest revoked = end_with_user(world.approved(), "carol", kNow + 1h);
  CHECK(revoked.state == State::kRevoked);
  CHECK(revoked.revoked == kNow + 1h);
  CHECK(revoked.revoked_by == "carol");
  CHECK(revoked.revoke_reason == "its user was removed");

  const AccessRequest late = end_with_user(world.approved(1h), "carol", kNow + 2h);
  CHECK(late.state == State::kExpired);
  CHECK(!late.revoked);

  const AccessRequest again = end_with_user(revoked, "dave", kNow + 2h);
  CHECK(again.state == State::kRevoked);
  CHECK(again.revoked_by == "carol");
  CHECK(end_with_user(waiting, "dave", kNow + 2h).expired == kNow + 1h);
  for (const AccessRequest& ended : {waiting, revoked, late}) {
    CHECK(said(check_agreement(ended)) == "ok");
  }
}
