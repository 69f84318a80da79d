#include "rbac/request/stored_request.h"

#include "rbac/request/agreement.h"
#include "rbac/request/make_grant.h"
#include "tests/rbac/request/fixture.h"

#include <map>
#include <nlohmann/json.hpp>
#include <random>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;
using nlohmann::json;

namespace {

const std::string kRoles =
    pod_role("dev", "{kind: pod, namespace: dev, name: '*', verbs: ['*']}") +
    pod_role("web", "{kind: pod, namespace: '{{external.team}}', name: 'web*', verbs: [get]}",
             "env: dev") +
    role("seek",
         "allow: {request: {search_as_roles: [dev, web], roles: [dev, web], max_duration: 3d, "
         "annotations: {pager: ['{{external.team}}']}, suggested_reviewers: [zoe, bob], "
         "thresholds: [{name: two, approve: 2, deny: 1, filter: "
         "'contains(reviewer.roles,\"ra\")'}, {approve: 3, deny: 2}]}}") +
    role("ra", "allow: {review_requests: {roles: [dev, web]}}") +
    role("rb", "allow: {review_requests: {roles: ['*']}}") +
    role("admin", "allow: {rules: [{resources: [access_request], verbs: ['*']}]}");

bool same(const Review& a, const Review& b) {
  return std::tie(a.author, a.vote, a.reason, a.created, a.assume_start, a.effective_digest,
                  a.counts_for) == std::tie(b.author, b.vote, b.reason, b.created, b.assume_start,
                                            b.effective_digest, b.counts_for);
}

bool same(const ThresholdSet& a, const ThresholdSet& b) {
  return std::tie(a.requester_role, a.roles, a.thresholds) ==
         std::tie(b.requester_role, b.roles, b.thresholds);
}

template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const T& x, const T& y) { return same(x, y); });
}

bool same(const Spec& a, const Spec& b) {
  return std::tie(a.resource_ids, a.roles, a.reason, a.suggested_reviewers, a.max_duration,
                  a.assume_start, a.request_ttl, a.session_ttl) ==
         std::tie(b.resource_ids, b.roles, b.reason, b.suggested_reviewers, b.max_duration,
                  b.assume_start, b.request_ttl, b.session_ttl);
}

/// Member by member, but for resource_version, which is the store's.
bool same(const AccessRequest& a, const AccessRequest& b) {
  return same(a.spec, b.spec) && same(a.reviews, b.reviews) &&
         same(a.threshold_sets, b.threshold_sets) &&
         std::tie(a.name, a.uid, a.user, a.state, a.thresholds, a.system_annotations, a.effective,
                  a.created, a.access_expires, a.pending_expires, a.session_ttl, a.assume_start,
                  a.approved, a.denied, a.revoked, a.expired, a.revoked_by, a.revoke_reason) ==
             std::tie(b.name, b.uid, b.user, b.state, b.thresholds, b.system_annotations,
                      b.effective, b.created, b.access_expires, b.pending_expires, b.session_ttl,
                      b.assume_start, b.approved, b.denied, b.revoked, b.expired, b.revoked_by,
                      b.revoke_reason);
}

/// Files requests and lets reviewers at them.
class World {
 public:
  Directory directory = directory_of(kRoles);
  Person alice = person_of(directory, "alice", {"seek"}, {{"team", {"dev", "a\"b\\\u00e9"}}});

  AccessRequest filed(const NewRequest& asked) const {
    auto request = create_as(directory, alice, asked);
    REQUIRE_MESSAGE(request.has_value(), said(request));
    return *request;
  }
  AccessRequest filed() const {
    NewRequest asked;
    asked.resource_ids = {"/mycluster/pod/k/dev/web-1", "/mycluster/pod/k/dev/a*"};
    asked.reason = "because \"it\" burns";
    asked.times = {2h, 1h, 30min, kNow + 10min};
    return filed(asked);
  }
  AccessRequest reviewed(AccessRequest request, const std::string& name, Vote vote,
                         std::optional<TimePoint> start = std::nullopt) const {
    ReviewEvent review = review_of(request, person_of(directory, name, {"ra"}), vote, "fine");
    review.assume_start = start;
    auto next = apply(std::move(request), review, kNow + 1s + 7ns, {});
    REQUIRE_MESSAGE(next.has_value(), said(next));
    return *next;
  }
  AccessRequest approved() const {
    return reviewed(reviewed(filed(), "bob", Vote::kApprove, kNow + 20min), "carol",
                    Vote::kApprove);
  }
};

AccessRequest read(const std::string& text) {
  auto request = from_stored(text);
  REQUIRE_MESSAGE(request.has_value(), said(request));
  return *request;
}

}  // namespace

TEST_CASE("a request is written like this, for ever") {
  const World world;
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
  const World world;
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
  const World world;
  AccessRequest request = world.filed();
  const std::string text = to_stored(request).value();
  request.resource_version = "17";
  CHECK(to_stored(request).value() == text);
  CHECK(read(text).resource_version.empty());
}

TEST_CASE("property: whatever becomes of a request, it is read back as it was") {
  const World world;
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

TEST_CASE("nothing is read but what was written") {
  const World world;
  const std::string text = to_stored(world.approved()).value();
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK(from_stored(std::string_view(text).substr(0, size)).error().code == 500);
  }
  CHECK_HAS(said(from_stored(text + " ")), "not in its canonical form");
  CHECK_HAS(said(from_stored(text + text)), "a stored access request cannot be read: ");
  const json value = json::parse(text);
  CHECK_HAS(said(from_stored(value.dump(1))), "not in its canonical form");

  const auto with = [&](const char* pointer, const json& member) {
    json changed = value;
    changed[json::json_pointer(pointer)] = member;
    return said(from_stored(changed.dump()));
  };
  CHECK_HAS(with("/format", 2), "its format 2 is not known to this version");
  CHECK_HAS(with("/format", "1"), "its format \"1\" is not known");
  CHECK_HAS(with("/format", 1.0), "not in its canonical form");
  CHECK_HAS(with("/more", true), "not in its canonical form");
  CHECK_HAS(with("/reviews/0/more", 1), "not in its canonical form");
  CHECK_HAS(with("/created", 1e300), "not in its canonical form");
  CHECK_HAS(with("/created", "2024-01-01T00:00:00Z"), "requested type");
  CHECK_HAS(with("/created", UINT64_MAX), "not in its canonical form");
  std::string huge = text;
  huge.insert(huge.find(R"("created":1)") + 11, 30, '0');
  CHECK_HAS(said(from_stored(huge)), "not in its canonical form");
  CHECK_HAS(with("/session_ttl", true), "not in its canonical form");
  CHECK_HAS(with("/thresholds/0/approve", 4294967298), "not in its canonical form");
  CHECK_HAS(with("/thresholds/0/approve", -1), "too large or too small");
  CHECK_HAS(with("/thresholds/0/filter", "contains("), "a filter does not compile: column ");
  CHECK_HAS(with("/spec/resources/0", "/mycluster/pod"), "cannot be read: ");
  CHECK_HAS(with("/state", "approved"), "an unknown state");
  CHECK_HAS(with("/reviews/0/vote", "Approve"), "not in its canonical form");
  CHECK_HAS(with("/reviews", json::object()), "requested type");
  CHECK_HAS(with("/effective/format", 2), "stored effective rules cannot be read");
  CHECK_HAS(with("/effective", "text"), "it has no effective rules");
  CHECK_HAS(said(from_stored("{\"format\":1,\"format\":1}")), "cannot be read");
  CHECK_HAS(said(from_stored("[]")), "cannot be read");
  CHECK_HAS(said(from_stored(std::string(1'000'000, '['))), "nested too deeply");
  CHECK_HAS(said(from_stored(R"({"access_expires":1,)" + text.substr(1))),
            "not in its canonical form");
}

TEST_CASE("what does not agree with itself is neither written nor read") {
  const World world;
  const AccessRequest approved = world.approved();
  const auto fault = [](AccessRequest request) {
    const auto written = to_stored(request);
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().code == 500);
    CHECK(check_agreement(request).error().message == written.error().message);
    return written.error().message;
  };
  using Change = void (*)(AccessRequest&);
  const std::vector<std::pair<Change, std::string>> changes = {
      {[](AccessRequest& r) { r.user = "mallory"; }, "not those of its user, roles and resources"},
      {[](AccessRequest& r) { r.uid.clear(); }, "no name, uid or user"},
      {[](AccessRequest& r) { r.spec.resource_ids.clear(); }, "not those of its user"},
      {[](AccessRequest& r) { r.spec.resource_ids.pop_back(); }, "not those of its user"},
      {[](AccessRequest& r) { r.effective.resource_ids.clear(); }, "not those of its user"},
      {[](AccessRequest& r) { r.spec.roles = {"dev"}; }, "not those of its user"},
      {[](AccessRequest& r) { r.spec.roles.clear(); }, "its roles or reviewers are missing"},
      {[](AccessRequest& r) {
         r.spec.roles = {"web", "dev"};
       },
       "not in order"},
      {[](AccessRequest& r) { r.effective.roles[0].allow.resources.clear(); },
       "a review is of other effective rules"},
      {[](AccessRequest& r) { r.effective.clusters["k"] = "another"; },
       "a review is of other effective rules"},
      {[](AccessRequest& r) { r.effective.clusters.clear(); }, "has no UID"},
      {[](AccessRequest& r) { r.reviews[0].author = "alice"; }, "of their own"},
      {[](AccessRequest& r) { r.reviews[0].author = "carol"; }, "somebody reviewed it twice"},
      {[](AccessRequest& r) {
         r.reviews[0].counts_for = {0, 2};
       },
       "that there is not"},
      {[](AccessRequest& r) {
         r.reviews[0].counts_for = {1, 0};
       },
       "that there is not"},
      {[](AccessRequest& r) { r.reviews.pop_back(); }, "do not come to its state"},
      {[](AccessRequest& r) { r.reviews[0].vote = Vote::kDeny; }, "a denial has a start time"},
      {[](AccessRequest& r) { r.reviews[1].vote = Vote::kDeny; }, "do not come to its state"},
      {[](AccessRequest& r) { r.thresholds[0].approve = 3; }, "do not come to its state"},
      {[](AccessRequest& r) { r.threshold_sets.clear(); }, "do not come to its state"},
      {[](AccessRequest& r) { r.thresholds.pop_back(); }, "names one that there is not"},
      {[](AccessRequest& r) { r.threshold_sets[0].thresholds.clear(); }, "names one that there is"},
      {[](AccessRequest& r) { r.threshold_sets[0].roles = {"ops"}; }, "about other roles"},
      {[](AccessRequest& r) { r.state = State::kPending; }, "not that of its times"},
      {[](AccessRequest& r) { r.state = State::kRevoked; }, "not that of its times"},
      {[](AccessRequest& r) { r.expired = kNow; }, "not that of its times"},
      {[](AccessRequest& r) { r.denied = kNow; }, "not that of its times"},
      {[](AccessRequest& r) {
         r.approved.reset();
         r.state = State::kPending;
       },
       "do not come to its state"},
      {[](AccessRequest& r) {
         r.revoked = kNow;
         r.state = State::kRevoked;
       },
       "who revoked it"},
      {[](AccessRequest& r) { r.revoke_reason = "x"; }, "who revoked it"},
      {[](AccessRequest& r) { r.assume_start = kNow; }, "its start is not the one"},
      {[](AccessRequest& r) { r.assume_start.reset(); }, "its start is not the one"},
      {[](AccessRequest& r) { r.access_expires = r.pending_expires - 1ns; }, "not in order"},
      {[](AccessRequest& r) { r.created = r.access_expires + 1s; }, "not in order"},
      {[](AccessRequest& r) { r.created = TimePoint(-1s); }, "not in order"},
      {[](AccessRequest& r) { r.session_ttl = 3h; }, "not in order"},
      {[](AccessRequest& r) { r.session_ttl = seconds::max(); }, "not in order"},
      {[](AccessRequest& r) { r.session_ttl = -1s; }, "not in order"},
      {[](AccessRequest& r) { r.spec.max_duration = 0s; }, "not in order"},
  };
  for (const auto& [change, expected] : changes) {
    AccessRequest request = approved;
    change(request);
    CHECK_HAS(fault(request), expected);
  }
  AccessRequest unreadable = world.filed();
  unreadable.spec.reason = "\xff";
  CHECK_HAS(said(to_stored(unreadable)), "500 an access request cannot be stored: ");
}

TEST_CASE("taking anything away from a stored request never makes an approved one of it") {
  // Each member and each element, one at a time.
  const World world;
  const json whole =
      json::parse(to_stored(world.reviewed(world.filed(), "bob", Vote::kApprove)).value());
  const json flat = whole.flatten();
  int refused = 0;
  int read_back = 0;
  for (const auto& [pointer, ignored] : flat.items()) {
    for (json::json_pointer at(pointer); !at.empty(); at = at.parent_pointer()) {
      json changed = whole;
      json& parent = changed[at.parent_pointer()];
      if (parent.is_array()) {
        parent.erase(std::stoul(at.back()));
      } else {
        parent.erase(at.back());
      }
      const auto request = from_stored(changed.dump());
      ++(request ? read_back : refused);
      if (request) {
        CHECK(request->state == State::kPending);
        CHECK(request->spec.resource_ids.size() == 2);
        CHECK(request->effective.roles.size() == 2);
      }
    }
  }
  CHECK(refused > 50);
  CHECK(read_back > 0);  // a reason, a review: what a request may be without
}

TEST_CASE("what has ended is read without its effective rules, and nothing else is") {
  const World world;
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
  const World world;
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
