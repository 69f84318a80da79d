#include "rbac/request/make_grant.h"
#include "tests/rbac/request/fixture.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

namespace {

const std::string kRoles =
    pod_role("dev", "{kind: pod, namespace: '{{external.ns}}', name: '*', verbs: [get]}") +
    role("seek", "allow: {request: {search_as_roles: [dev], max_duration: 10d}}") +
    role("seek-secrets",
         "allow: {request: {search_as_roles: [dev], kubernetes_resources: [{kind: secret}]}}") +
    role("no-search", "deny: {request: {search_as_roles: [dev]}}") +
    role("asks", "allow: {request: {roles: [dev]}}") +
    role("review", "allow: {review_requests: {roles: [dev]}}");

struct World {
  Directory directory = directory_of(kRoles);
  Person alice = person_of(directory, "alice", {"seek", "asks"}, {{"ns", {"dev"}}});

  AccessRequest approved(const NewRequest& asked) const {
    auto request = create_as(directory, alice, asked);
    REQUIRE_MESSAGE(request.has_value(), said(request));
    auto next = apply(*request,
                      review_of(*request, person_of(directory, "bob", {"review"}), Vote::kApprove),
                      kNow + 1min, {});
    REQUIRE_MESSAGE(next.has_value(), said(next));
    return *next;
  }
  AccessRequest for_pods() const {
    NewRequest asked;
    asked.resource_ids = {"/mycluster/pod/k/dev/web-*", "/mycluster/pod/prod/dev/db"};
    asked.times.max_duration = 2 * kDay;
    return approved(asked);
  }
};

}  // namespace

TEST_CASE("grant: what an approved request gives") {
  const World world;
  const AccessRequest request = world.for_pods();
  const auto grant = make_grant(request, world.alice, world.directory, kNow + 2min);
  REQUIRE_MESSAGE(grant.has_value(), said(grant));
  CHECK(grant->request == "r-1");
  CHECK(grant->expires_at == kNow + 2 * kDay);
  CHECK(grant->resource_ids.size() == 2);
  REQUIRE(grant->roles.size() == 1);
  CHECK(grant->roles[0]->name == "dev");
  CHECK(grant->roles[0]->origin == "accessrequest/r-1");
  CHECK(grant->roles[0]->source == frozen_role_json(request.effective.roles[0]));
  // The traits are those of the day it was filed.
  const auto& rule = grant->roles[0]->allow.kubernetes_resources.at(0);
  CHECK(!rule.namespace_.has_trait());
  CHECK(rule.namespace_.expand({}).patterns.at(0).text() == "dev");
  // It conveys no rights on postern's own objects.
  CHECK(grant->roles[0]->allow.rules.empty());
  CHECK(grant->roles[0]->allow.request.roles.empty());
}

TEST_CASE("behaviour 2.2 assume: not before, not after, not in another state") {
  const World world;
  const AccessRequest request = world.for_pods();
  const auto at = [&](const AccessRequest& which, TimePoint now) {
    return said(make_grant(which, world.alice, world.directory, now));
  };
  CHECK(at(request, kNow + 2 * kDay - 1s) == "ok");
  CHECK_HAS(at(request, kNow + 2 * kDay), "has expired");
  CHECK_HAS(at(request, kNow + 2 * kDay + 1ms), "has expired");
  for (const State state : {State::kPending, State::kDenied, State::kRevoked, State::kExpired}) {
    AccessRequest other = request;
    other.state = state;
    CHECK_HAS(at(other, kNow + 2min), ", not APPROVED");
  }
  NewRequest asked;
  asked.resource_ids = {"/mycluster/pod/k/dev/web-*"};
  asked.times.assume_start = kNow + 1h;
  const AccessRequest later = world.approved(asked);
  CHECK_HAS(at(later, kNow + 1h - 1s), "cannot be assumed before 20");
  CHECK(at(later, kNow + 1h) == "ok");
}

TEST_CASE("grant: only while its requester could still file it") {
  const World world;
  const AccessRequest request = world.for_pods();
  const auto as = [&](const Person& person) {
    return said(make_grant(request, person, world.directory, kNow + 2min));
  };
  const auto alice = [&](const std::vector<std::string>& roles) {
    return person_of(world.directory, "alice", roles);
  };
  CHECK(as(alice({"seek"})) == "ok");
  CHECK_HAS(as(alice({})), "no longer let \"alice\" request the role \"dev\"");
  CHECK_HAS(as(alice({"asks"})), "no longer let");  // roles as a whole are another matter
  CHECK_HAS(as(alice({"seek", "no-search"})), "no longer let");
  CHECK_HAS(as(alice({"seek-secrets"})), "no longer let");
  CHECK_HAS(as(person_of(world.directory, "bob", {"seek"})), "no longer let");
  Directory without = world.directory;
  without.roles.erase("dev");
  CHECK_HAS(said(make_grant(request, world.alice, without, kNow + 2min)), "no longer let");
}

TEST_CASE("grant: only at the clusters that were approved") {
  const World world;
  const AccessRequest request = world.for_pods();
  Directory today = world.directory;
  today.kube_clusters["k"].uid = "another";
  auto grant = make_grant(request, world.alice, today, kNow + 2min);
  REQUIRE_MESSAGE(grant.has_value(), said(grant));
  REQUIRE(grant->resource_ids.size() == 1);
  CHECK(grant->resource_ids[0].kube_cluster() == "prod");
  today.kube_clusters.erase("prod");
  CHECK_HAS(said(make_grant(request, world.alice, today, kNow + 2min)), "another kube cluster");

  NewRequest asked;
  asked.roles = {"dev"};
  const AccessRequest roles = world.approved(asked);
  CHECK(make_grant(roles, world.alice, world.directory, kNow + 2min)->resource_ids.empty());
  today = world.directory;
  today.kube_clusters["a/b"].uid = "";
  CHECK_HAS(said(make_grant(roles, world.alice, today, kNow + 2min)), "another kube cluster");
}

TEST_CASE("grant: a stored request that does not agree with itself gives nothing") {
  const World world;
  const AccessRequest request = world.for_pods();
  const auto with = [&](auto change) {
    AccessRequest other = request;
    change(other);
    return said(make_grant(other, world.alice, world.directory, kNow + 2min));
  };
  CHECK_HAS(with([](auto& r) { r.spec.resource_ids.clear(); }), "500");
  CHECK_HAS(with([](auto& r) { r.effective.resource_ids.clear(); }), "500");
  CHECK_HAS(with([](auto& r) { r.spec.resource_ids.pop_back(); }), "500");
  CHECK_HAS(with([](auto& r) { r.spec.roles = {"seek"}; }), "500");
  CHECK_HAS(with([](auto& r) { r.effective.roles.clear(); }), "500");
  CHECK_HAS(with([](auto& r) { r.user = "bob"; }), "500");
}
