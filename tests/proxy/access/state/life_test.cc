#include "kube/forbidden.h"
#include "world.h"

#include <doctest/doctest.h>

namespace postern::proxy::access::test {
namespace {

using Decision = ReviewDocument::Decision;
using rbac::request::State;

TEST_CASE_FIXTURE(StoryWorld, "a request is filed, approved, assumed, and gives exactly that") {
  const RequestPtr request = file_request();
  CHECK(request->request.state == State::kPending);
  CHECK(request->meta.name.size() == 10);
  CHECK(request->meta.uid.size() == 36);
  CHECK(request->meta.version == state->version(StateChange::Kind::kRequest));
  const IssuedSession session = this->session("alice");
  CHECK_FALSE(may_get(session, "web-1"));
  CHECK(
      said(state->change_session(as("alice", session.session->meta.name), {request->meta.name}, {}))
          .starts_with("403"));

  CHECK(said(review("alice", request, Decision::kApprove)).starts_with("403"));
  CHECK(said(review("nobody", request, Decision::kApprove)).starts_with("404"));
  const auto approved = review("bob", request, Decision::kApprove);
  REQUIRE(approved);
  CHECK((*approved)->request.state == State::kApproved);
  CHECK_FALSE(may_get(session, "web-1"));

  const Caller caller = as("alice", session.session->meta.name);
  REQUIRE(state->change_session(caller, {request->meta.name}, {}));
  CHECK(may_get(session, "web-1"));
  CHECK_FALSE(may_get(session, "db-0"));
  REQUIRE(entry(session)->grants.size() == 1);
  CHECK(entry(session)->grants[0].request == request->meta.name);
  REQUIRE(state->change_session(caller, {}, {"*"}));
  CHECK_FALSE(may_get(session, "web-1"));
  CHECK(entry(session)->grants.empty());

  for (const char* event : {"accessrequest.create", "accessrequest.review", "accessrequest.approve",
                            "session.create", "session.assume", "session.drop"}) {
    CAPTURE(std::string(event));
    CHECK(audited(event) == 1);
  }
}

TEST_CASE_FIXTURE(StoryWorld,
                  "what another replica has just made is looked for before it is denied") {
  options.shared_store = true;
  start();
  const RequestPtr request = file_request();
  const auto stored = kept->get("accessrequest", request->meta.name);
  REQUIRE(stored);
  REQUIRE(kept->remove("accessrequest", request->meta.name));
  state->catch_up();
  int looks = 0;
  store.on_look = [&](std::string_view kind, std::string_view name) {
    ++looks;
    if (name == stored->name) REQUIRE(kept->create(kind, name, stored->data));
  };
  const auto missed = review("bob", request, Decision::kApprove);
  REQUIRE_FALSE(missed);
  CHECK(missed.error().code == 404);
  CHECK(state->found_elsewhere(missed.error()));
  CHECK(looks == 1);
  CHECK(review("bob", request, Decision::kApprove));

  // What is here and not for the caller to see is no reason to ask, nor is any other error.
  const auto hidden = review("nobody", request, Decision::kApprove);
  REQUIRE_FALSE(hidden);
  CHECK_FALSE(state->found_elsewhere(hidden.error()));
  CHECK_FALSE(state->found_elsewhere(kube::Status::conflict("later")));
  CHECK(looks == 1);

  // Nobody makes this ask without end.
  const auto nowhere = kube::object_not_found("access.postern.dev", "accessrequests", "nowhere");
  for (int i = 0; i < 100; ++i) CHECK_FALSE(state->found_elsewhere(nowhere));
  CHECK(looks <= 21);
  pass(1s);
  CHECK_FALSE(state->found_elsewhere(nowhere));
  CHECK(looks <= 22);
}

TEST_CASE_FIXTURE(StoryWorld, "what another replica has just approved can be assumed here") {
  options.shared_store = true;
  start();
  const RequestPtr request = file_request();
  const std::string name = request->meta.name;
  const std::string pending = kept->get("accessrequest", name)->data;
  REQUIRE(review("bob", request, Decision::kApprove));
  const std::string approved = kept->get("accessrequest", name)->data;
  REQUIRE(kept->update("accessrequest", name, pending, {}));
  state->catch_up();
  SessionDocument document;
  document.requests = {name};
  CHECK(said(state->create_session(as("alice"), document)).starts_with("403"));
  store.on_look = [&](std::string_view kind, std::string_view looked) {
    REQUIRE(kept->update(kind, looked, approved, {}));
  };
  CHECK(state->create_session(as("alice"), document));
}

TEST_CASE_FIXTURE(StoryWorld, "a session that has assumed something has nothing else, also later") {
  files += role("everything",
                "allow: {kubernetes_labels: {'*': '*'}, kubernetes_resources: [{kind: '*', "
                "namespace: '*', name: '*', verbs: ['*']}]}");
  const std::string plain = "metadata: {name: alice}\nspec: {roles: [requester-of-dev";
  files.replace(files.find(plain), plain.size(), plain + ", everything");
  start();
  const IssuedSession standing = session("alice");
  CHECK(may_get(standing, "db-0"));
  const RequestPtr request = approved_request();
  const IssuedSession confined = session("alice", {request->meta.name});
  CHECK(may_get(confined, "web-1"));
  CHECK_FALSE(may_get(confined, "db-0"));

  REQUIRE(review("bob", request, Decision::kRevoke));
  CHECK_FALSE(may_get(confined, "web-1"));
  CHECK_FALSE(may_get(confined, "db-0"));
  CHECK(entry(confined)->grants.size() == 1);
  CHECK(may_get(standing, "db-0"));
}

TEST_CASE_FIXTURE(StoryWorld, "revoked, dropped for good, deleted: the session loses it at once") {
  const auto begun = state->sessions_in_force().version();
  const RequestPtr revoked = approved_request();
  const IssuedSession session = this->session("alice", {revoked->meta.name});
  CHECK(state->sessions_in_force().version() == begun);  // a new entry asks nobody again
  const auto gone = review("carol", revoked, Decision::kRevoke);
  REQUIRE_MESSAGE(gone, said(gone));
  CHECK((*gone)->request.revoked_by == "carol");
  CHECK_FALSE(may_get(session, "web-1"));
  CHECK(state->sessions_in_force().version() > begun);

  const RequestPtr dropped = approved_request();
  const IssuedSession second = this->session("alice", {dropped->meta.name});
  CHECK(may_get(second, "web-1"));
  REQUIRE(review("alice", dropped, Decision::kRevoke));
  CHECK_FALSE(may_get(second, "web-1"));

  const RequestPtr deleted = approved_request();
  const IssuedSession third = this->session("alice", {deleted->meta.name});
  CHECK(said(state->delete_request(as("bob"), deleted->meta.name, {}, false)).starts_with("403"));
  CHECK(may_get(third, "web-1"));
  REQUIRE(state->delete_request(as("alice"), deleted->meta.name, {}, false));
  CHECK_FALSE(may_get(third, "web-1"));
  CHECK(state->requests().size() == 2);
}

TEST_CASE_FIXTURE(StoryWorld,
                  "access ends in time, by either clock, and is kept and then removed") {
  const RequestPtr request = approved_request();
  const IssuedSession session = this->session("alice", {request->meta.name});
  const auto left =
      std::chrono::duration_cast<std::chrono::seconds>(request->request.access_expires - wall);
  pass(left - 1s);
  CHECK(state->requests().at(request->meta.name)->request.state == State::kApproved);
  wall -= 24h;  // somebody sets the clock back
  steady += 1s;
  state->tick();
  const RequestPtr ended = state->requests().at(request->meta.name);
  CHECK(ended->request.state == State::kExpired);
  CHECK(audited("accessrequest.expire") == 1);
  CHECK_FALSE(may_get(session, "web-1"));

  pass(options.retention - 1s);
  CHECK(state->requests().size() == 1);
  pass(24h + 1s);
  CHECK(state->requests().empty());
  CHECK(state->sessions().empty());
}

TEST_CASE_FIXTURE(StoryWorld, "what nobody decides expires") {
  const RequestPtr request = file_request();
  wall = request->request.pending_expires;  // by the wall clock alone
  CHECK(said(review("bob", request, Decision::kApprove)).starts_with("403"));
  state->tick();
  CHECK(state->requests().at(request->meta.name)->request.state == State::kExpired);
}

TEST_CASE_FIXTURE(StoryWorld, "access begins when it was said to begin") {
  RequestDocument document;
  document.spec.resource_ids = {"/mycluster/pod/k/dev/web-*"};
  document.spec.times.assume_start = wall + 1h;
  const auto made = state->create_request(as("alice"), document, false);
  REQUIRE_MESSAGE(made, said(made));
  REQUIRE(review("bob", *made, Decision::kApprove));
  SessionDocument wanted;
  wanted.requests = {(*made)->meta.name};
  CHECK(said(state->create_session(as("alice"), wanted)).find("cannot be assumed before 20") !=
        std::string::npos);
  pass(1h);
  const IssuedSession session = this->session("alice", {(*made)->meta.name});
  CHECK(may_get(session, "web-1"));
}

TEST_CASE_FIXTURE(StoryWorld, "a restart loses nothing") {
  const RequestPtr pending = file_request();
  const RequestPtr request = approved_request();
  const IssuedSession session = this->session("alice", {request->meta.name});
  const Version version = state->version(StateChange::Kind::kRequest);
  start();
  CHECK(state->version(StateChange::Kind::kRequest) == version);  // the same files are no change
  CHECK(may_get(session, "web-1"));
  CHECK_FALSE(may_get(session, "db-0"));
  CHECK(state->requests().at(pending->meta.name)->request.state == State::kPending);
  CHECK(state->requests().at(request->meta.name)->meta.version == request->meta.version);

  // What came to its end meanwhile.
  state.reset();
  wall += 40 * 24h;
  start();
  CHECK(entry(session) == nullptr);
  state->tick();
  CHECK(state->requests().at(request->meta.name)->request.state == State::kExpired);
  CHECK(state->sessions().empty());
}

TEST_CASE_FIXTURE(StoryWorld, "another cluster under the name gets nothing") {
  const RequestPtr request = approved_request();
  const IssuedSession session = this->session("alice", {request->meta.name});
  CHECK(may_get(session, "web-1"));
  cluster.uid = "another";
  state->set_clusters({cluster});
  CHECK_FALSE(may_get(session, "web-1"));
  cluster.uid = "uid-k";
  state->set_clusters({cluster});
  CHECK(may_get(session, "web-1"));
}

TEST_CASE_FIXTURE(StoryWorld, "what the requester could not ask for today gives nothing") {
  const RequestPtr request = approved_request();
  const IssuedSession session = this->session("alice", {request->meta.name});
  const std::string before = files;
  const std::string has = "spec: {roles: [requester-of-dev]}";
  files.replace(files.find(has), has.size(), "spec: {roles: []}");
  state->set_files(file_objects(files));
  CHECK_FALSE(may_get(session, "web-1"));
  state->set_files(file_objects(before));
  CHECK(may_get(session, "web-1"));
  // And what the role no longer allows.
  files = before;
  const std::string rule = "namespace: dev, name: '*'";
  files.replace(files.find(rule), rule.size(), "namespace: dev, name: 'web-2'");
  state->set_files(file_objects(files));
  CHECK_FALSE(may_get(session, "web-1"));
  CHECK(may_get(session, "web-2"));
}

TEST_CASE_FIXTURE(StoryWorld, "an error of the store leaves everything as it was") {
  const RequestPtr request = file_request();
  CHECK_FALSE(state->store_fault());
  store.broken = true;
  CHECK(said(review("bob", request, Decision::kApprove)).starts_with("503"));
  CHECK(state->requests().at(request->meta.name)->request.state == State::kPending);
  CHECK(state->store_fault());
  CHECK(metrics.serialize().find("postern_store_write_errors_total 1") != std::string::npos);
  store.broken = false;
  CHECK(review("bob", request, Decision::kApprove));
  CHECK_FALSE(state->store_fault());
}

TEST_CASE_FIXTURE(StoryWorld, "a store that works again is noticed without anybody's write") {
  store.broken = true;
  CHECK_FALSE(state->create_session(as("alice"), {}));
  state->tick();
  CHECK(state->store_fault());
  store.broken = false;
  pass(1s);
  CHECK(state->store_fault());
  pass(5s);
  CHECK_FALSE(state->store_fault());
}

TEST_CASE_FIXTURE(StoryWorld, "what has come to its end gives nothing while the store is broken") {
  const RequestPtr request = approved_request();
  SessionDocument wanted;
  wanted.requests = {request->meta.name};
  const IssuedSession session = this->session("alice", {request->meta.name});
  store.broken = true;
  steady +=
      std::chrono::duration_cast<std::chrono::seconds>(request->request.access_expires - wall);
  state->tick();
  CHECK_FALSE(may_get(session, "web-1"));
  store.broken = false;
  pass(11s);
  CHECK(state->requests().at(request->meta.name)->request.state == State::kExpired);
}

TEST_CASE_FIXTURE(StoryWorld, "what has ended keeps its rules as text, and shows them") {
  const RequestPtr request = approved_request();
  const std::string name = request->meta.name;
  pass(std::chrono::duration_cast<std::chrono::seconds>(request->request.access_expires - wall) +
       1s);
  for (int i = 0; i < 2; ++i) {
    const RequestPtr ended = state->requests().at(name);
    CHECK(ended->request.state == State::kExpired);
    CHECK(ended->request.effective == rbac::request::EffectiveRules());
    CHECK(ended->kept_effective == request->effective_json());
    CHECK(ended->effective_digest() == request->request.effective.digest());
    CHECK(*ended->effective_rules() == request->request.effective);
    const auto late = review("bob", request, Decision::kApprove);
    REQUIRE_FALSE(late);
    CHECK_MESSAGE(late.error().message.find("expired") != std::string::npos, late.error().message);
    start();
  }
  pass(std::chrono::hours(721));
  CHECK_FALSE(state->requests().contains(name));
}

TEST_CASE_FIXTURE(StoryWorld, "a review is of what was seen") {
  const RequestPtr request = file_request();
  ReviewDocument blind;
  blind.decision = Decision::kApprove;
  const auto refused = state->review_request(as("bob"), request->meta.name, blind, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == 422);
  CHECK(refused.error().causes.size() == 2);
  blind.uid = request->meta.uid;
  blind.effective_digest = "sha256:0";
  CHECK(
      said(state->review_request(as("bob"), request->meta.name, blind, false)).starts_with("409"));
  blind.effective_digest = request->request.effective.digest();
  const auto tried = state->review_request(as("bob"), request->meta.name, blind, true);
  REQUIRE(tried);
  CHECK((*tried)->request.state == State::kApproved);
  CHECK(state->requests().at(request->meta.name)->request.state == State::kPending);
}

TEST_CASE_FIXTURE(StoryWorld, "dry runs, other people's names and bad metadata") {
  RequestDocument document;
  document.spec.resource_ids = {"/mycluster/pod/k/dev/web-*"};
  const auto tried = state->create_request(as("alice"), document, true);
  REQUIRE(tried);
  CHECK(state->requests().empty());
  document.user = "bob";
  document.generate_name = "No Name";
  document.labels[""] = "x";
  const auto refused = state->create_request(as("alice"), document, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == 422);
  CHECK(refused.error().causes.size() == 3);
  document.user = "alice";
  document.generate_name = "fix-";
  document.labels = {{"ticket", "7"}};
  const auto made = state->create_request(as("alice"), document, false);
  REQUIRE_MESSAGE(made, said(made));
  CHECK((*made)->meta.name.starts_with("fix-"));
  CHECK((*made)->meta.labels.at("ticket") == "7");
  start();
  CHECK(state->requests().at((*made)->meta.name)->meta.labels.at("ticket") == "7");
}

TEST_CASE_FIXTURE(StoryWorld, "nobody fills the store with open requests") {
  options.max_requests_per_user = 2;
  start();
  file_request();
  const RequestPtr second = file_request();
  RequestDocument document;
  document.spec.resource_ids = {"/mycluster/pod/k/dev/web-*"};
  CHECK(said(state->create_request(as("alice"), document, false)).starts_with("429"));
  REQUIRE(state->delete_request(as("alice"), second->meta.name, {}, false));
  CHECK(state->create_request(as("alice"), document, false));
}

}  // namespace
}  // namespace postern::proxy::access::test
