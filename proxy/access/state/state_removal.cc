#include "proxy/access/state/state_impl.h"
#include "rbac/request/removed_user.h"

#include <utility>

// What ends with a user. Requests, sessions and logins know their user by name, and the name may be
// given to somebody else: nothing that is open may be left under it. Everything ends before the
// user goes, so that a removal which breaks off has taken access away, and is done by doing it
// again.
//
// Tested by tests/proxy/access/state/removed_user_test.cc
namespace postern::proxy::access {

using rbac::request::State;

namespace {

/// In one write: requests may be large.
constexpr std::size_t kAtOnce = 100;
/// Writes of other replicas that are waited out.
constexpr int kTries = 5;

constexpr std::string_view kWhy = "its user was removed";

bool is_open(const RequestObject& request) {
  return request.request.state == State::kPending || request.request.state == State::kApproved;
}

}  // namespace

struct AccessState::Impl::EndsOfUser {
  std::vector<Write> writes;
  std::vector<RequestPtr> requests;  ///< as they were
  std::vector<SessionPtr> sessions;

  bool full() const { return writes.size() >= kAtOnce; }
};

AccessState::Impl::EndsOfUser AccessState::Impl::ends_of_user(const Caller& caller,
                                                              const std::string& user) const {
  EndsOfUser ends;
  for (const RequestPtr& request : request_index.involving(user)) {
    if (ends.full()) return ends;
    if (request->request.user != user || !is_open(*request)) continue;
    const ObjectMeta& meta = request->meta;
    auto ended = encode(RequestObject{
        meta, rbac::request::end_with_user(request->request, caller.user.name, now())});
    const std::string kind(kRequestKind);
    ends.writes.push_back(ended ? Write::update(kind, meta.name, std::move(*ended), meta.version)
                                : Write::remove(kind, meta.name, meta.version));
    ends.requests.push_back(request);
  }
  for (const auto& [id, session] : sessions) {
    if (ends.full()) return ends;
    if (session->user.name != user) continue;
    ends.writes.push_back(Write::remove(std::string(kSessionKind), id));
    ends.sessions.push_back(session);
  }
  return ends;
}

void AccessState::Impl::note_ends(const Caller& caller, const EndsOfUser& ends) {
  for (const RequestPtr& request : ends.requests) {
    const bool waited = request->request.state == State::kPending;
    audit(caller, waited ? "accessrequest.expire" : "accessrequest.revoke", request->meta.name,
          "why", kWhy);
    if (waited) note_resolved(*request, RequestResolution::kExpired);
  }
  for (const SessionPtr& session : ends.sessions) {
    audit(caller, "session.end", session->meta.name, "why", kWhy);
  }
}

Result<void> AccessState::Impl::remove_user(const Caller& caller, const UserObject& user) {
  const std::string name = user.meta.name;
  const Version version = user.meta.version;
  for (int tries = 0; true;) {
    EndsOfUser ends = ends_of_user(caller, name);
    const bool last = !ends.full();
    if (last) {
      if (logins.contains(name)) {
        ends.writes.push_back(Write::remove(std::string(kLoginKind), name));
      }
      ends.writes.push_back(Write::remove(std::string(kUserKind), name, version));
    }
    if (auto done = commit(ends.writes); !done) {
      const auto held = users.stored().find(name);
      const bool same = held != users.stored().end() && held->second->meta.version == version;
      if (done.error().code >= 500 || !same || ++tries == kTries) return done;
      continue;  // another replica changed one of them at the same moment
    }
    note_ends(caller, ends);
    if (last) break;
  }
  if (options.shared_store) end_late_ones(caller, name);
  return {};
}

void AccessState::Impl::end_late_ones(const Caller& caller, const std::string& user) {
  for (const std::string_view kind : {kRequestKind, kSessionKind}) {
    static_cast<void>(store.refresh(kind));  // else what is known here has to do
  }
  catch_up();
  for (int tries = 0; tries < kTries; ++tries) {
    const EndsOfUser ends = ends_of_user(caller, user);
    if (ends.writes.empty()) return;
    if (commit(ends.writes)) note_ends(caller, ends);
  }
  log.error("a removed user has open access requests or sessions still", {{"user", user}});
}

}  // namespace postern::proxy::access
