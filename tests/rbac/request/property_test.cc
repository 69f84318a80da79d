#include "rbac/request/make_grant.h"
#include "rbac/request/review.h"
#include "tests/rbac/request/fixture.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

namespace {

const std::string kRoles =
    pod_role("dev", "{kind: pod, namespace: dev, name: '*', verbs: ['*']}") +
    pod_role("web", "{kind: pod, namespace: '*', name: 'web*', verbs: [get]}", "env: dev") +
    pod_role("ops", "{kind: '*', namespace: '*', name: '*', verbs: ['*']}", "env: prod") +
    role("seek-dev",
         "allow: {request: {search_as_roles: [dev, web], roles: [dev], thresholds: "
         "[{approve: 2, deny: 1, filter: 'contains(reviewer.roles,\"ra\")'}, {approve: "
         "3, deny: 2}]}}") +
    role("seek-ops",
         "allow: {request: {search_as_roles: [ops], roles: [ops, web], max_duration: "
         "3d, reason: {mode: required}, thresholds: [{approve: 1, deny: 0, filter: "
         "'regexp.match(review.reason,\"ok*\")'}, {approve: 0, deny: 2}]}}") +
    role("seek-one", "allow: {request: {roles: [dev, web, ops]}}") +
    role("no-ops", "deny: {request: {roles: [ops]}}") +
    role("no-secret", "deny: {request: {kubernetes_resources: [{kind: secret}]}}") +
    role("ra", "allow: {review_requests: {roles: [dev, web]}}") +
    role("rb", "allow: {review_requests: {roles: ['*']}}") +
    role("admin", "allow: {rules: [{resources: [access_request], verbs: ['*']}]}");

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  bool chance(std::size_t percent) { return below(100) < percent; }
  template <typename T>
  const T& one_of(const std::vector<T>& values) {
    return values[below(values.size())];
  }
  template <typename T>
  std::vector<T> some_of(const std::vector<T>& values, std::size_t percent) {
    std::vector<T> some;
    std::copy_if(values.begin(), values.end(), std::back_inserter(some),
                 [&](const T&) { return chance(percent); });
    return some;
  }

 private:
  std::mt19937 engine_;
};

const std::vector<std::string> kRequesterRoles = {"seek-dev", "seek-ops", "seek-one", "no-ops",
                                                  "no-secret"};
const std::vector<std::string> kIds = {"/mycluster/pod/k/dev/web-1",
                                       "/mycluster/pod/k/dev/*",
                                       "/mycluster/pod/prod/x/web-1",
                                       "/mycluster/secret/prod/x/s",
                                       "/mycluster/kube_cluster/prod",
                                       "/mycluster/namespace/k/dev",
                                       "/mycluster/pod/nope/dev/a",
                                       "/other/pod/k/dev/a",
                                       "/mycluster/node/n",
                                       "/mycluster/widgets.e.com/prod/x/w",
                                       "nonsense"};

NewRequest random_request(Dice& dice) {
  NewRequest asked;
  asked.resource_ids = dice.some_of(kIds, dice.chance(50) ? 0 : 15);
  asked.roles = dice.some_of<std::string>({"dev", "web", "ops", "*", "seek-dev", "none"},
                                          dice.chance(50) ? 0 : 20);
  asked.reason = dice.one_of<std::string>({"", " ", "because", "ok", "a\nb"});
  const auto duration = [&]() -> std::optional<seconds> {
    return dice.chance(60) ? std::nullopt
                           : std::optional(dice.one_of<seconds>({-1s, 0s, 1s, 2h, 40h, 15 * kDay}));
  };
  asked.times = {duration(), duration(), duration(), {}};
  if (dice.chance(20)) asked.times.assume_start = kNow + dice.one_of<seconds>({-1s, 1h, 3 * kDay});
  return asked;
}

/// What the requester may ask for at most, by the roles' text above: the slow obvious way.
std::set<std::string> at_most(const std::vector<std::string>& held, bool with_ids) {
  const auto has = [&](const char* role) {
    return std::find(held.begin(), held.end(), role) != held.end();
  };
  std::set<std::string> roles;
  if (has("seek-dev")) roles.insert("dev");
  if (has("seek-dev") && with_ids) roles.insert("web");
  if (has("seek-ops")) roles.insert("ops");
  if (has("seek-ops") && !with_ids) roles.insert("web");
  if (has("seek-one") && !with_ids) roles.insert({"dev", "web", "ops"});
  if (has("no-ops")) roles.erase("ops");
  return roles;
}

/// Counts a request's reviews from nothing but who said what when, and the roles' text above.
class SlowCounter {
 public:
  struct Word {
    std::set<std::string> roles;
    bool approves;
    std::string reason;
  };

  SlowCounter(std::vector<std::string> held, std::vector<std::string> requested)
      : held_(std::move(held)), requested_(std::move(requested)) {}

  State after(const std::vector<Word>& words) const {
    std::vector<Word> so_far;
    for (const Word& word : words) {
      so_far.push_back(word);
      const State state = count(so_far);
      if (state != State::kPending) return state;
    }
    return State::kPending;
  }

 private:
  bool asks(const char* role) const {
    return std::find(requested_.begin(), requested_.end(), role) != requested_.end();
  }
  bool holds(const char* role) const {
    return std::find(held_.begin(), held_.end(), role) != held_.end();
  }

  State count(const std::vector<Word>& words) const {
    const auto number = [&](bool approves, auto counts) {
      return std::count_if(words.begin(), words.end(), [&](const Word& word) {
        return word.approves == approves && counts(word);
      });
    };
    const auto any = [](const Word&) { return true; };
    const auto ra = [](const Word& word) { return word.roles.contains("ra"); };
    const auto ok = [](const Word& word) { return word.reason.starts_with("ok"); };
    bool approved = true;
    bool denied = false;
    if (holds("seek-dev") && (asks("dev") || asks("web"))) {
      approved &= number(true, ra) >= 2 || number(true, any) >= 3;
      denied |= number(false, ra) >= 1 || number(false, any) >= 2;
    }
    if (holds("seek-ops") && (asks("ops") || asks("web"))) {
      approved &= number(true, ok) >= 1;
      denied |= number(false, any) >= 2;
    }
    if (holds("seek-one")) {
      approved &= number(true, any) >= 1;
      denied |= number(false, any) >= 1;
    }
    return denied ? State::kDenied : approved ? State::kApproved : State::kPending;
  }

  std::vector<std::string> held_;
  std::vector<std::string> requested_;
};

}  // namespace

TEST_CASE("property: a request is never wider than what may be asked for, errors included") {
  const Directory directory = directory_of(kRoles);
  Dice dice(1);
  int made = 0;
  for (int round = 0; round < 10'000; ++round) {
    const auto held = dice.some_of(kRequesterRoles, 40);
    const Person alice = person_of(directory, "alice", held);
    const NewRequest asked = random_request(dice);
    const std::optional<TimePoint> ends = dice.chance(50) ? std::nullopt : std::optional(kNow + 8h);
    const auto request = create_as(directory, alice, asked, {}, ends, dice.chance(20));
    if (!request) {
      CHECK((request.error().code == 422 || request.error().code == 403));
      continue;
    }
    ++made;
    const bool with_ids = !asked.resource_ids.empty();
    const auto allowed = at_most(held, with_ids);
    REQUIRE(!request->spec.roles.empty());
    for (const std::string& role : request->spec.roles) CHECK(allowed.contains(role));
    // The IDs are those that were asked for, every one of them.
    std::set<std::string> ids;
    for (const ResourceId& id : request->spec.resource_ids) ids.insert(id.str());
    CHECK(ids == std::set<std::string>(asked.resource_ids.begin(), asked.resource_ids.end()));
    CHECK(ids.size() == request->effective.resource_ids.size());
    CHECK(request->effective.roles.size() == request->spec.roles.size());
    // And no time is longer than what is allowed.
    CHECK(request->access_expires > kNow);
    CHECK(request->access_expires <= kNow + 14 * kDay);
    CHECK(request->pending_expires <= request->access_expires);
    CHECK(request->pending_expires <= kNow + 7 * kDay);
    CHECK(request->session_ttl <= 30h);
    CHECK((!ends || request->session_ttl <= 8h));
    CHECK(kNow + request->session_ttl <= request->access_expires);
    CHECK(!request->threshold_sets.empty());
    CHECK(request->state == State::kPending);
    CHECK(could_still_file(*request, alice, directory).has_value());
    CHECK(!make_grant(*request, alice, directory, kNow).has_value());
    CHECK(EffectiveRules::from_json(request->effective.to_json()) == request->effective);
  }
  CHECK(made > 150);
}

TEST_CASE("property: events never leave the state graph, and a slow counter agrees") {
  const Directory directory = directory_of(kRoles);
  Dice dice(2);
  std::map<State, int> seen;
  int refused = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::string> held = dice.some_of(kRequesterRoles, 50);
    const Person alice = person_of(directory, "alice", held);
    NewRequest asked;
    asked.reason = "because";
    if (dice.chance(50)) {
      asked.resource_ids = {dice.one_of(kIds)};
    } else {
      asked.roles = dice.some_of<std::string>({"dev", "web", "ops"}, 60);
    }
    const auto created = create_as(directory, alice, asked);
    if (!created) continue;
    const SlowCounter counter(held, created->spec.roles);
    std::vector<SlowCounter::Word> words;
    AccessRequest request = *created;
    TimePoint now = kNow;
    for (int step = 0; step < 12; ++step) {
      if (dice.chance(90)) now += dice.one_of<seconds>({1s, 1h, -2h, 5h});
      const std::string name = dice.one_of<std::string>({"alice", "b", "c", "d", "e", "f"});
      const auto roles = dice.some_of<std::string>({"ra", "rb", "admin"}, 60);
      const Person who = person_of(directory, name, roles);
      const State before = request.state;
      Event event = ExpireEvent{dice.chance(5)};
      const std::size_t kind = dice.below(10);
      if (kind < 7) {
        ReviewEvent review = review_of(request, who, dice.chance(70) ? Vote::kApprove : Vote::kDeny,
                                       dice.one_of<std::string>({"", "ok then", "no"}));
        if (dice.chance(5)) review.uid = "another";
        if (dice.chance(5)) review.effective_digest = "sha256:0";
        if (dice.chance(5)) review.reason = "\x1b";
        event = review;
      } else if (kind == 7) {
        event = RevokeEvent{who, "over"};
      } else if (kind == 8) {
        event = DropEvent{name};
      }
      const auto next = apply(request, event, now, {});
      if (!next) {
        ++refused;
        CHECK((next.error().code == 403 || next.error().code == 409 || next.error().code == 422));
        continue;
      }
      CHECK((next->state == before || may_follow(before, next->state)));
      // Nothing but the state, its times and the reviews has changed.
      CHECK(next->effective == created->effective);
      CHECK(next->access_expires == created->access_expires);
      CHECK(next->spec.roles == created->spec.roles);
      CHECK(next->spec.resource_ids == created->spec.resource_ids);
      if (const auto* review = std::get_if<ReviewEvent>(&event)) {
        CHECK(before == State::kPending);
        CHECK(name != "alice");
        words.push_back(
            {{roles.begin(), roles.end()}, review->vote == Vote::kApprove, review->reason});
        CHECK(next->reviews.size() == words.size());
        CHECK(next->state == counter.after(words));
      } else {
        CHECK(next->state != State::kApproved);
        CHECK(next->reviews.size() == request.reviews.size());
      }
      std::set<std::string> authors;
      for (const Review& review : next->reviews) CHECK(authors.insert(review.author).second);
      request = *next;
      ++seen[request.state];
      const bool usable = make_grant(request, alice, directory, now).has_value();
      CHECK(usable == (request.state == State::kApproved && now < request.access_expires));
    }
  }
  CHECK(refused > 500);
  for (const State state :
       {State::kPending, State::kApproved, State::kDenied, State::kRevoked, State::kExpired}) {
    CHECK_MESSAGE(seen[state] > 25, state_name(state));
  }
}

TEST_CASE("property: the state graph itself") {
  using S = State;
  const std::vector<State> all = {S::kPending, S::kApproved, S::kDenied, S::kRevoked, S::kExpired};
  const std::set<std::pair<State, State>> edges = {
      {S::kPending, S::kApproved}, {S::kPending, S::kDenied},   {S::kApproved, S::kRevoked},
      {S::kPending, S::kExpired},  {S::kApproved, S::kExpired}, {S::kDenied, S::kExpired},
      {S::kRevoked, S::kExpired}};
  for (const State from : all) {
    for (const State to : all) CHECK(may_follow(from, to) == edges.contains({from, to}));
  }
}

TEST_CASE("property: frozen roles survive their written form, whatever the traits hold") {
  const Directory directory = directory_of(
      role("t",
           "allow: {kubernetes_labels: {env: 'e{{external.a}}'}, kubernetes_groups: "
           "['{{external.b}}'], kubernetes_resources: [{kind: '{{external.k}}', namespace: "
           "'^{{external.a}}.*$', name: 'x*{{external.b}}', verbs: ['{{external.v}}']}]}, deny: "
           "{kubernetes_resources: [{kind: pod, namespace: '{{external.b}}', name: "
           "'{{external.a}}*', verbs: ['{{external.v}}']}]}"));
  Dice dice(3);
  const std::vector<std::string> alphabet = {"a", "*",      "^", "$", "\\",  "(",   "\"", "{",
                                             "}", "\u00e9", " ", "/", "get", "pod", "[",  "."};
  int frozen_count = 0;
  for (int round = 0; round < 2'500; ++round) {
    Traits traits;
    for (const char* key : {"a", "b", "k", "v"}) {
      for (std::size_t n = dice.below(3); n > 0; --n) {
        std::string value;
        for (std::size_t length = dice.below(4); length > 0; --length)
          value += dice.one_of(alphabet);
        traits[key].push_back(value);
      }
    }
    const auto frozen = freeze(*directory.role("t"), traits);
    if (!frozen) {
      CHECK(frozen.error().code == 403);
      continue;
    }
    ++frozen_count;
    CHECK(!frozen->allow.resources.empty());  // none would mean everything
    CHECK(!frozen->deny.resources.empty());
    EffectiveRules effective;
    effective.roles = {*frozen};
    const auto read = EffectiveRules::from_json(effective.to_json());
    REQUIRE_MESSAGE(read.has_value(), said(read));
    CHECK(read->roles[0] == *frozen);
    for (std::size_t i = 0; i < frozen->allow.resources.size(); ++i) {
      CHECK(read->roles[0].allow.resources[i].name.pattern() ==
            frozen->allow.resources[i].name.pattern());
      CHECK(!frozen->allow.resources[i].all_verbs);
      CHECK(frozen->allow.resources[i].kind != "*");
    }
    CHECK(thaw(read->roles[0], "s", "o").has_value());
  }
  CHECK(frozen_count > 1500);
}
