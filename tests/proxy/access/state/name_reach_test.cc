#include "proxy/access/state/name_reach.h"

#include "world.h"

#include <doctest/doctest.h>

namespace postern::proxy::access::test {
namespace {

using Decision = ReviewDocument::Decision;

/// The story at two clusters, k and l, and callers whom one of them knows.
struct TwoClusters : StoryWorld {
  TwoClusters() {
    ClusterFacts second = cluster;
    second.name = "l";
    second.uid = "uid-l";
    second.is_default = false;
    state->set_clusters({cluster, second});
  }
  static Caller of(const std::string& user, const std::string& kube_cluster) {
    Caller caller = as(user);
    caller.user.kube_cluster = kube_cluster;
    return caller;
  }
  Result<RequestPtr> file_as(const Caller& caller, const std::vector<std::string>& ids) {
    RequestDocument document;
    document.spec.resource_ids = ids;
    if (ids.empty()) document.spec.roles = {"dev-pods"};
    document.spec.reason = "it is broken";
    return state->create_request(caller, document, false);
  }
  Result<RequestPtr> approve_as(const Caller& caller, const RequestPtr& request) {
    ReviewDocument document;
    document.decision = Decision::kApprove;
    document.uid = request->meta.uid;
    document.effective_digest = request->request.effective.digest();
    return state->review_request(caller, request->meta.name, document, false);
  }
};

const char* kAtK = "/mycluster/pod/k/dev/web-*";
const char* kAtL = "/mycluster/pod/l/dev/web-*";

TEST_CASE_FIXTURE(TwoClusters, "requests of a cluster's own name stay at that cluster") {
  const Caller alice = of("alice", "k");
  CHECK(file_as(alice, {kAtK}));
  const auto elsewhere = file_as(alice, {kAtL});
  REQUIRE_FALSE(elsewhere);
  CHECK(elsewhere.error().code == 403);
  CHECK(elsewhere.error().message.find("the name counts at the kube cluster \"k\" only") !=
        std::string::npos);
  CHECK(said(file_as(alice, {kAtK, kAtL})).starts_with("403"));
  CHECK(file_as(as("alice"), {kAtL}));
}

TEST_CASE_FIXTURE(TwoClusters, "reviews too: what reaches further is not even there") {
  const auto at_k = file_as(as("alice"), {kAtK});
  const auto at_l = file_as(as("alice"), {kAtL});
  REQUIRE(at_k);
  REQUIRE(at_l);
  const Caller bob = of("bob", "k");
  CHECK(said(approve_as(bob, *at_l)).starts_with("404"));
  CHECK(approve_as(bob, *at_k));
  // Nor may another cluster's alice drop or assume them.
  const Caller alice_of_l = of("alice", "l");
  CHECK(said(state->delete_request(alice_of_l, (*at_k)->meta.name, {}, false)).starts_with("404"));
  SessionDocument document;
  document.requests = {(*at_k)->meta.name};
  CHECK(said(state->create_session(alice_of_l, document)).starts_with("404"));
}

TEST_CASE_FIXTURE(TwoClusters, "a session goes no further than who made it, also after a restart") {
  const auto made = state->create_session(of("alice", "k"), {});
  REQUIRE(made);
  CHECK(entry(*made)->user.kube_cluster == "k");
  start();
  REQUIRE(entry(*made) != nullptr);
  CHECK(entry(*made)->user.kube_cluster == "k");
  Caller child = of("alice", "k");
  child.session = made->session->meta.name;
  const auto below = state->create_session(child, {});
  REQUIRE(below);
  CHECK(entry(*below)->user.kube_cluster == "k");
  // One's name at another cluster does not end it; one's name everywhere does.
  CHECK(said(state->delete_session(of("alice", "l"), made->session->meta.name, {}))
            .starts_with("404"));
  CHECK(state->delete_session(as("alice"), made->session->meta.name, {}));
}

TEST_CASE_FIXTURE(TwoClusters, "whoever administers does so for all clusters, or not at all") {
  const std::string document =
      R"({"kind":"user","metadata":{"name":"eve"},"spec":{"roles":["editor"]}})";
  CHECK(said(state->create_user(of("carol", "k"), document, false)).starts_with("403"));
  CHECK(state->create_user(as("carol"), document, false));
}

TEST_CASE_FIXTURE(StoryWorld, "where there is one cluster, its names count for everything") {
  Caller carol = as("carol");
  carol.user.kube_cluster = "k";
  CHECK(state->create_user(
      carol, R"({"kind":"user","metadata":{"name":"eve"},"spec":{"roles":[]}})", false));
  CHECK(reaches_all(carol.user, state->clusters()));
  CHECK_FALSE(reaches_all(carol.user, {}));
  carol.user.kube_cluster = "gone";
  CHECK_FALSE(reaches_all(carol.user, state->clusters()));
}

}  // namespace
}  // namespace postern::proxy::access::test
