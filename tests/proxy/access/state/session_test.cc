#include "world.h"

#include <doctest/doctest.h>

namespace postern::proxy::access::test {
namespace {

using Decision = ReviewDocument::Decision;

TEST_CASE_FIXTURE(StoryWorld, "sessions end when they were said to end, by either clock") {
  SessionDocument document;
  document.ttl = 31h;
  const auto refused = state->create_session(as("alice"), document);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == 422);
  CHECK(refused.error().causes.at(0).field == "spec.ttl");
  document.ttl = 1h;
  const auto made = state->create_session(as("alice"), document);
  REQUIRE(made);
  CHECK(made->session->expires == wall + 1h);
  CHECK(session("alice").session->expires == wall + 12h);
  wall -= 10h;
  steady += 1h;
  state->tick();
  CHECK(entry(*made) == nullptr);
  CHECK(state->sessions().size() == 1);
  CHECK(audited("session.end") == 1);
  CHECK(metrics.serialize().find("postern_access_sessions 1") != std::string::npos);
}

TEST_CASE_FIXTURE(StoryWorld, "a session of before what it rests on was kept ends") {
  Caller alice = as("alice");
  alice.basis.token.clear();  // so was that of a certificate stored
  const auto old = state->create_session(alice, {});
  REQUIRE(old);
  const IssuedSession other = session("alice");
  start();
  CHECK(entry(*old) == nullptr);
  CHECK(entry(other) != nullptr);
  state->tick();
  CHECK(state->sessions().size() == 1);
  CHECK(audited("session.end") == 1);
}

TEST_CASE_FIXTURE(StoryWorld, "roles shorten sessions") {
  files += role("short", "options: {max_session_ttl: 30m}");
  const std::string has = "spec: {roles: [reviewer-of-dev]}";
  files.replace(files.find(has), has.size(), "spec: {roles: [reviewer-of-dev, short]}");
  start();
  CHECK(session("bob").session->expires == wall + 30min);
  SessionDocument document;
  document.ttl = 1h;
  CHECK(said(state->create_session(as("bob"), document)).starts_with("422"));
}

TEST_CASE_FIXTURE(StoryWorld, "what can be assumed: one's own, approved") {
  const RequestPtr request = approved_request();
  SessionDocument document;
  document.requests = {request->meta.name};
  CHECK(said(state->create_session(as("bob"), document)).starts_with("403"));
  CHECK(said(state->create_session(as("dave"), document)).starts_with("404"));
  document.requests = {"nothing"};
  CHECK(said(state->create_session(as("alice"), document)).starts_with("404"));
  document.requests = std::vector<std::string>(101, "x");
  for (std::size_t i = 0; i < document.requests.size(); ++i) {
    document.requests[i] += std::to_string(i);
  }
  CHECK(said(state->create_session(as("alice"), document)).starts_with("422"));
}

TEST_CASE_FIXTURE(StoryWorld, "children end no later, and confined ones are no more than a part") {
  const RequestPtr one = approved_request();
  const RequestPtr two = approved_request();
  const IssuedSession parent = session("alice", {one->meta.name, two->meta.name});
  const Caller by_parent = as("alice", parent.session->meta.name);

  SessionDocument document;
  document.ttl = 20h;
  CHECK(said(state->create_session(by_parent, document)).starts_with("422"));
  document = {.requests = {one->meta.name}, .ttl = {}, .confined = true};
  const auto child = state->create_session(by_parent, document);
  REQUIRE_MESSAGE(child, said(child));
  CHECK(child->session->expires == parent.session->expires);
  CHECK(child->session->parent == parent.session->meta.name);
  CHECK(child->session->confined);

  const Caller by_child = as("alice", child->session->meta.name);
  CHECK(said(state->change_session(by_child, {two->meta.name}, {})).starts_with("403"));
  CHECK(said(state->change_session(by_child, {}, {"*"})).starts_with("403"));
  document = {.requests = {two->meta.name}, .ttl = {}, .confined = false};
  CHECK(said(state->create_session(by_child, document)).starts_with("403"));
  document.requests.clear();
  const auto grandchild = state->create_session(by_child, document);
  REQUIRE_MESSAGE(grandchild, said(grandchild));
  CHECK(grandchild->session->requests == std::vector<std::string>{one->meta.name});
  CHECK(grandchild->session->confined);

  CHECK(said(state->delete_session(by_child, parent.session->meta.name, {})).starts_with("403"));
  const auto ended = state->delete_session(by_parent, parent.session->meta.name, {});
  REQUIRE(ended);
  CHECK(state->sessions().empty());
  CHECK(entry(*grandchild) == nullptr);
  CHECK(said(state->create_session(by_parent, {})).starts_with("401"));
}

TEST_CASE_FIXTURE(StoryWorld, "a child of a free session may also have what the session has not") {
  const RequestPtr one = approved_request();
  const IssuedSession parent = session("alice");
  SessionDocument document{.requests = {one->meta.name}, .ttl = 10min, .confined = true};
  const auto child = state->create_session(as("alice", parent.session->meta.name), document);
  REQUIRE_MESSAGE(child, said(child));
  CHECK(may_get(*child, "web-1"));
  CHECK_FALSE(may_get(parent, "web-1"));
}

TEST_CASE_FIXTURE(StoryWorld, "what has ended is not assumed, and hinders no child of who had it") {
  const RequestPtr ended = approved_request();
  pass(std::chrono::duration_cast<std::chrono::seconds>(ended->request.access_expires - wall) -
       10min);
  const RequestPtr other = approved_request();
  SessionDocument document;
  document.requests = {ended->meta.name, other->meta.name};
  const IssuedSession parent = session("alice", document.requests);
  pass(10min);
  REQUIRE(state->requests().at(ended->meta.name)->request.state == rbac::request::State::kExpired);
  const auto refused = state->create_session(as("alice"), document);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == 403);
  CHECK_HAS(refused.error().message, "is EXPIRED, not APPROVED");
  const auto child = state->create_session(as("alice", parent.session->meta.name), document);
  REQUIRE_MESSAGE(child, said(child));
  CHECK(child->session->requests == parent.session->requests);
  CHECK(child->session->assumed_until.at(ended->meta.name) ==
        parent.session->assumed_until.at(ended->meta.name));
  CHECK(may_get(*child, "web-1"));  // by the other one
}

TEST_CASE_FIXTURE(
    StoryWorld, "a confined session is confined at clusters; the access API goes by static roles") {
  const RequestPtr request = file_request();
  SessionDocument document{.requests = {}, .ttl = {}, .confined = true};
  const auto bobs = state->create_session(as("bob"), document);
  REQUIRE(bobs);
  ReviewDocument approval;
  approval.decision = ReviewDocument::Decision::kApprove;
  approval.uid = request->meta.uid;
  approval.effective_digest = request->request.effective.digest();
  const Caller bob = as("bob", bobs->session->meta.name);
  CHECK(state->review_request(bob, request->meta.name, approval, false));
  const auto carols = state->create_session(as("carol"), document);
  REQUIRE(carols);
  const char* erin = R"({"kind":"user","metadata":{"name":"erin"},"spec":{"roles":[]}})";
  CHECK(state->create_user(as("carol", carols->session->meta.name), erin, false));
}

TEST_CASE_FIXTURE(StoryWorld, "who may end whose session") {
  const IssuedSession alices = session("alice");
  const std::string& id = alices.session->meta.name;
  CHECK(said(state->delete_session(as("bob"), id, {})).starts_with("404"));
  CHECK(said(state->delete_session(as("carol"), "nothing", {})).starts_with("404"));
  CHECK(
      said(state->delete_session(as("carol"), id, {.uid = "x", .version = {}})).starts_with("409"));
  CHECK(entry(alices) != nullptr);
  CHECK(state->delete_session(as("carol"), id, {}));
  CHECK(entry(alices) == nullptr);
  const IssuedSession another = session("alice");
  CHECK(state->delete_session(as("alice"), another.session->meta.name, {}));
}

TEST_CASE_FIXTURE(StoryWorld, "a locked user's sessions are refused, and come back") {
  REQUIRE(state->create_user(
      as("carol"), R"({"kind":"user","metadata":{"name":"erin"},"spec":{"roles":[]}})", false));
  const IssuedSession session = this->session("erin");
  REQUIRE(entry(session));
  const char* locked =
      R"({"kind":"user","metadata":{"name":"erin"},"spec":{"roles":[],"locked":true}})";
  REQUIRE(state->update_user(as("carol"), "erin", locked, {}, false));
  CHECK(state->is_locked("erin"));
  state->tick();
  CHECK(entry(session) == nullptr);
  CHECK(said(state->create_session(as("erin"), {})).starts_with("403"));
  CHECK(said(state->create_request(as("erin"), {}, false)).starts_with("403"));
  const char* unlocked = R"({"kind":"user","metadata":{"name":"erin"},"spec":{"roles":[]}})";
  REQUIRE(state->update_user(as("carol"), "erin", unlocked, {}, false));
  state->tick();
  CHECK(entry(session) != nullptr);
  REQUIRE(state->delete_user(as("carol"), "erin", {}, false));
  CHECK(entry(session) == nullptr);
  CHECK(state->sessions().empty());
}

TEST_CASE_FIXTURE(StoryWorld, "refusals stay with the session while its entries change") {
  const RequestPtr request = approved_request();
  const IssuedSession session = this->session("alice");
  const std::string id = session.session->meta.name;
  for (int i = 0; i < 70; ++i) {
    entry(session)->refusals->add({wall, "get", "/id/" + std::to_string(i), "no"});
  }
  REQUIRE(state->change_session(as("alice", id), {request->meta.name}, {}));
  entry(session)->refusals->add({wall, "list", "", "no"});
  const auto refusals = state->refusals(id);
  REQUIRE(refusals.size() == 64);
  CHECK(refusals.front().resource_id == "/id/7");
  CHECK(refusals.back().verb == "list");
  CHECK(state->refusals("nothing").empty());
}

TEST_CASE_FIXTURE(StoryWorld, "a session tells what its requests give at present") {
  const RequestPtr request = approved_request();
  const IssuedSession session = this->session("alice", {request->meta.name});
  const std::string id = session.session->meta.name;
  const auto only = [&] {
    const auto grants = state->grants(id);
    REQUIRE(grants.size() == 1);
    CHECK(grants[0].request == request->meta.name);
    return grants[0];
  };
  CHECK(only().problem.empty());
  CHECK(only().expires == std::min(request->request.access_expires,
                                   wall + TimePoint::duration(request->request.session_ttl)));
  const std::string before = files;
  const std::string has = "spec: {roles: [requester-of-dev]}";
  files.replace(files.find(has), has.size(), "spec: {roles: []}");
  state->set_files(file_objects(files));
  CHECK(only().problem.find("today's roles no longer let \"alice\" request") != std::string::npos);
  state->set_files(file_objects(before));
  CHECK(only().problem.empty());
  REQUIRE(review("bob", request, Decision::kRevoke));
  CHECK(only().problem.find("is REVOKED") != std::string::npos);
  CHECK(state->grants("nothing").empty());
}

TEST_CASE_FIXTURE(StoryWorld, "a request is in force for as long as its session_ttl says") {
  RequestDocument document;
  document.spec.resource_ids = {"/mycluster/pod/k/dev/web-1"};
  document.spec.reason = "for an hour";
  document.spec.times.session_ttl = 1h;
  const auto filed = state->create_request(as("alice"), document, false);
  REQUIRE(filed);
  REQUIRE(review("bob", *filed, Decision::kApprove));
  const IssuedSession session = this->session("alice", {(*filed)->meta.name});
  CHECK(may_get(session, "web-1"));
  CHECK(state->grants(session.session->meta.name).at(0).problem.empty());
  pass(1h);
  CHECK_FALSE(may_get(session, "web-1"));
  CHECK(state->grants(session.session->meta.name).at(0).problem == "it has ended");
}

TEST_CASE_FIXTURE(StoryWorld, "nobody fills the store with sessions") {
  options.max_sessions_per_user = 2;
  start();
  session("alice");
  session("alice");
  CHECK(said(state->create_session(as("alice"), {})).starts_with("429"));
  CHECK(state->create_session(as("bob"), {}));
}

}  // namespace
}  // namespace postern::proxy::access::test
