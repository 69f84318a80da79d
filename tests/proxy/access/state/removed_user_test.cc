#include "proxy/access/state/stored_forms.h"
#include "proxy/access/store/sqlite_store.h"
#include "tests/proxy/temporary_directory.h"
#include "world.h"

namespace postern::proxy::access::test {
namespace {

using rbac::request::State;

const char* const kErin = R"({"kind":"user","metadata":{"name":"erin"},)"
                          R"("spec":{"roles":["requester-of-dev"]}})";

/// erin is of the store, and has something of each kind open.
struct ErinWorld : StoryWorld {
  RequestPtr waiting;
  RequestPtr approved;
  std::optional<IssuedSession> bare;
  std::optional<IssuedSession> assumed;

  explicit ErinWorld(std::unique_ptr<ObjectStore> with = make_memory_store())
      : StoryWorld(std::move(with)) {
    add_erin();
    waiting = file_request("/mycluster/pod/k/dev/db-0", "erin");
    approved = approved_request("erin");
    bare = session("erin");
    assumed = session("erin", {approved->meta.name});
    REQUIRE(may_get(*assumed, "web-1"));
    records.clear();
  }
  void add_erin() {
    const auto made = state->create_user(as("carol"), kErin, false);
    REQUIRE_MESSAGE(made, said(made));
  }
  Result<UserPtr> remove_erin() { return state->delete_user(as("carol"), "erin", {}, false); }
  const rbac::request::AccessRequest& now_of(const RequestPtr& request) const {
    return state->requests().at(request->meta.name)->request;
  }
  bool exists() const { return state->users().contains("erin"); }
  /// What of the old erin could still be used.
  std::size_t open() const {
    std::size_t count = 0;
    for (const auto& [name, request] : state->requests()) {
      const State is = request->request.state;
      count += request->request.user == "erin" && (is == State::kPending || is == State::kApproved);
    }
    for (const auto& [id, session] : state->sessions()) count += session->user.name == "erin";
    return count;
  }
  void check_new_erin_has_nothing() {
    add_erin();
    state->tick();
    CHECK(open() == 0);
    CHECK(entry(*bare) == nullptr);
    CHECK(!may_get(*assumed, "web-1"));
    SessionDocument document;
    document.requests = {approved->meta.name};
    CHECK(said(state->create_session(as("erin"), document)).starts_with("403"));
    const auto late = review("bob", waiting, ReviewDocument::Decision::kApprove);
    CHECK(said(late).starts_with("403"));
    CHECK(!may_get(session("erin"), "web-1"));
  }
};

TEST_CASE_FIXTURE(ErinWorld, "who gets the name of a removed user has nothing of theirs") {
  const RequestPtr alices = approved_request("alice");
  const IssuedSession alices_session = session("alice", {alices->meta.name});
  REQUIRE(remove_erin());
  CHECK(now_of(approved).state == State::kRevoked);
  CHECK(now_of(approved).revoked_by == "carol");
  CHECK(now_of(approved).revoke_reason == "its user was removed");
  CHECK(now_of(waiting).state == State::kExpired);
  CHECK(entry(*assumed) == nullptr);
  CHECK(std::count(records.begin(), records.end(),
                   "accessrequest.revoke carol " + approved->meta.name) == 1);
  CHECK(std::count(records.begin(), records.end(),
                   "accessrequest.expire carol " + waiting->meta.name) == 1);
  CHECK(audited("session.end") == 2);
  CHECK(records.back() == "user.delete carol erin");
  check_new_erin_has_nothing();
  CHECK(may_get(alices_session, "web-1"));
  start();
  CHECK(open() == 1);  // the session that the new erin has just made
  CHECK(now_of(approved).state == State::kRevoked);
}

TEST_CASE("nothing is inherited in a database on disk") {
  const testing::TemporaryDirectory folder;
  auto database = open_sqlite_store({.path = folder.file("access.db"), .history = {}});
  REQUIRE_MESSAGE(database, said(database));
  ErinWorld world(std::move(*database));
  REQUIRE(world.remove_erin());
  world.start();
  CHECK(world.now_of(world.approved).state == State::kRevoked);
  CHECK(world.now_of(world.waiting).state == State::kExpired);
  world.check_new_erin_has_nothing();
}

TEST_CASE("a removal that breaks off has taken access away, and is done by doing it again") {
  bool removed = false;
  for (std::size_t changes = 0; !removed; ++changes) {
    CAPTURE(changes);
    REQUIRE(changes < 10);
    ErinWorld world;
    const std::size_t before = world.open();
    world.store.changes_left = changes;
    removed = world.remove_erin().has_value();
    world.store.changes_left.reset();
    world.start();  // the crash
    CHECK(world.open() == before - std::min(before, changes));
    CHECK(world.exists() != removed);
    if (!removed) REQUIRE(world.remove_erin());
    world.check_new_erin_has_nothing();
  }
}

TEST_CASE_FIXTURE(ErinWorld, "however much a user has open, all of it ends") {
  for (int i = 0; i < 130; ++i) {
    session("erin");
    file_request("/mycluster/pod/k/dev/db-" + std::to_string(i), "erin");
  }
  REQUIRE(open() == 264);
  REQUIRE(remove_erin());
  CHECK(open() == 0);
  CHECK(audited("session.end") == 132);
  CHECK(audited("accessrequest.expire") == 131);
}

TEST_CASE_FIXTURE(ErinWorld, "a review by another replica at the same moment delays the removal") {
  store.before_write = [&] {
    const auto held = kept->get(kRequestKind, waiting->meta.name);
    REQUIRE(held);
    REQUIRE(kept->update(kRequestKind, waiting->meta.name, held->data, held->version));
  };
  const auto removed = remove_erin();
  REQUIRE_MESSAGE(removed, said(removed));
  check_new_erin_has_nothing();
}

TEST_CASE_FIXTURE(ErinWorld, "a change of the user at the same moment is a conflict") {
  store.before_write = [&] {
    const auto held = kept->get(kUserKind, "erin");
    REQUIRE(held);
    REQUIRE(kept->update(kUserKind, "erin", held->data, held->version));
  };
  CHECK(said(remove_erin()).starts_with("409"));
  CHECK(exists());
}

TEST_CASE_FIXTURE(ErinWorld, "what another replica lets a removed user begin ends, too") {
  options.shared_store = true;
  start();
  const auto kept_session = kept->get(kSessionKind, bare->session->meta.name);
  REQUIRE(kept_session);
  store.before_refresh = [&] {
    REQUIRE(!kept->get(kUserKind, "erin"));
    if (!kept->get(kSessionKind, bare->session->meta.name)) {
      REQUIRE(kept->create(kSessionKind, bare->session->meta.name, kept_session->data));
    }
    store.before_refresh = nullptr;
  };
  REQUIRE(remove_erin());
  CHECK(!kept->get(kSessionKind, bare->session->meta.name));
  check_new_erin_has_nothing();
}

TEST_CASE_FIXTURE(StoryWorld, "a user of a file who vanishes and comes back has what they had") {
  const RequestPtr request = approved_request();
  const IssuedSession session = this->session("alice", {request->meta.name});
  state->set_files(file_objects(role("dev-pods", "")));
  state->tick();
  CHECK(!may_get(session, "web-1"));
  state->set_files(file_objects(files));
  state->tick();
  CHECK(may_get(session, "web-1"));
}

}  // namespace
}  // namespace postern::proxy::access::test
