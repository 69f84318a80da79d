// What a session makes of an approval, by its times (behaviour reference §2.2 "TTL maths").

#include "world.h"

#include <doctest/doctest.h>

namespace postern::proxy::access::test {
namespace {

/// An access of ten hours that a session may use for one at a time.
struct TwoTimes : StoryWorld {
  RequestPtr approved() {
    RequestDocument document;
    document.spec.resource_ids = {"/mycluster/pod/k/dev/web-*"};
    document.spec.times.max_duration = 10h;
    document.spec.times.session_ttl = 1h;
    const auto filed = state->create_request(as("alice"), document, false);
    REQUIRE_MESSAGE(filed, said(filed));
    const auto done = review("bob", *filed, ReviewDocument::Decision::kApprove);
    REQUIRE_MESSAGE(done, said(done));
    return *done;
  }
  std::string assume(const IssuedSession& session, const RequestPtr& request) {
    return said(
        state->change_session(as("alice", session.session->meta.name), {request->meta.name}, {}));
  }
};

// The model issues other certificates for the session TTL; here the session's own token stays, and
// what it has assumed ends in it.
TEST_CASE_FIXTURE(TwoTimes,
                  "behaviour 2.2 assume: for the session TTL, again until the access ends") {
  const RequestPtr request = approved();
  const IssuedSession session = this->session("alice", {request->meta.name});
  CHECK(may_get(session, "web-1"));
  pass(1h - 1s);
  CHECK(may_get(session, "web-1"));
  pass(1s);
  CHECK_FALSE(may_get(session, "web-1"));
  CHECK(entry(session) != nullptr);  // the session itself goes on
  CHECK(state->requests().at(request->meta.name)->request.state == rbac::request::State::kApproved);

  pass(8h - 1s);
  CHECK(assume(session, request) == "ok");
  CHECK(may_get(session, "web-1"));
  pass(1h);  // of ten
  CHECK_FALSE(may_get(session, "web-1"));
  CHECK(assume(session, request) == "ok");
  CHECK(may_get(session, "web-1"));
  pass(1s);
  CHECK_FALSE(may_get(session, "web-1"));
  CHECK(assume(session, request).starts_with("403"));
}

TEST_CASE_FIXTURE(TwoTimes,
                  "behaviour 2.2 assume: a session that is made of another has its rest") {
  const RequestPtr request = approved();
  const IssuedSession parent = session("alice", {request->meta.name});
  pass(40min);
  SessionDocument document;
  document.confined = true;
  const auto child = state->create_session(as("alice", parent.session->meta.name), document);
  REQUIRE_MESSAGE(child, said(child));
  CHECK(may_get(*child, "web-1"));
  pass(20min);
  CHECK_FALSE(may_get(*child, "web-1"));
  CHECK_FALSE(may_get(parent, "web-1"));
  // Confined, it cannot take it up again; the session that it was made from can.
  CHECK(assume(*child, request).starts_with("403"));
  CHECK(assume(parent, request) == "ok");
  CHECK(may_get(parent, "web-1"));
  CHECK_FALSE(may_get(*child, "web-1"));
}

}  // namespace
}  // namespace postern::proxy::access::test
