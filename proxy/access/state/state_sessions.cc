#include "kube/text.h"
#include "proxy/access/logins/session_token.h"
#include "proxy/access/state/documents.h"
#include "proxy/access/state/name_reach.h"
#include "proxy/access/state/random_names.h"
#include "proxy/access/state/state_impl.h"
#include "rbac/request/durations.h"
#include "rbac/request/make_grant.h"
#include "rbac/request/review.h"

#include <algorithm>
#include <utility>

// Sessions: made, changed and ended. What the data path reads of them is in state_grants.cc.
namespace postern::proxy::access {
namespace {

constexpr std::string_view kPlural = "sessions";
constexpr std::size_t kMaxAssumed = 100;

kube::Status invalid_ttl(const std::string& why) {
  return invalid_object("Session", "", {{"FieldValueInvalid", why, "spec.ttl"}});
}

std::vector<std::string> sorted(std::vector<std::string> names, const std::string& one_more) {
  names.push_back(one_more);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// The longest that the user's static roles let a session live.
std::chrono::seconds longest(const rbac::request::Person& person, std::chrono::seconds most) {
  for (const auto& role : person.roles) {
    if (role->options.max_session_ttl.count() > 0) {
      most = std::min(most, role->options.max_session_ttl);
    }
  }
  return most;
}

Result<void> check_assumed(const std::vector<std::string>& requests) {
  if (requests.size() > kMaxAssumed) {
    return fail(invalid_object(
        "Session", "", {{"FieldValueInvalid", "must have at most 100 items", "spec.requests"}}));
  }
  return {};
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ",") + name;
  }
  return text;
}

}  // namespace

Result<void> AccessState::Impl::assume(SessionObject& session, const std::string& name) const {
  const auto found = requests.find(name);
  const rbac::request::Person requester = person(session.user);
  if (found == requests.end() || !reaches(session.user, clusters, found->second->request) ||
      !rbac::request::may_see(found->second->request, requester)) {
    return fail(not_found("accessrequests", name));
  }
  const rbac::request::AccessRequest& request = found->second->request;
  if (request.user != session.user.name) {
    return fail(refused(session.user.name, "assume", "accessrequests", name,
                        "it is of " + kube::quoted(request.user)));
  }
  const auto grant = rbac::request::make_grant(request, requester, *directory.load(), now());
  if (!grant) {
    return fail(grant.error());
  }
  session.requests = sorted(std::move(session.requests), name);
  session.assumed_until[name] =
      now() + std::chrono::duration_cast<TimePoint::duration>(request.session_ttl);
  return {};
}

Result<TimePoint> AccessState::Impl::session_end(const rbac::UserInfo& user,
                                                 const SessionDocument& document,
                                                 const SessionObject* parent) const {
  const std::chrono::seconds most = longest(person(user), options.session_max_ttl);
  if (document.ttl && (document.ttl->count() <= 0 || *document.ttl > most)) {
    return fail(invalid_ttl("must be more than nothing, and at most " +
                            rbac::request::duration_text(most)));
  }
  const auto length = std::min(most, document.ttl.value_or(options.session_ttl));
  TimePoint ends = now() + std::chrono::duration_cast<TimePoint::duration>(length);
  if (parent != nullptr && ends > parent->expires) {
    if (document.ttl) {
      return fail(invalid_ttl("must not end after the session that it is made from"));
    }
    ends = parent->expires;
  }
  return ends;
}

Result<void> AccessState::Impl::fill_requests(SessionObject& session,
                                              const SessionDocument& document,
                                              const SessionObject* parent) const {
  if (parent != nullptr && document.requests.empty()) {
    // What the parent has, whether or not it still gives anything, is no more than the parent has.
    session.requests = parent->requests;
    session.assumed_until = parent->assumed_until;
    return {};
  }
  for (const std::string& request : document.requests) {
    const bool has = parent != nullptr &&
                     std::binary_search(parent->requests.begin(), parent->requests.end(), request);
    if (parent != nullptr && parent->confined && !has) {
      return fail(refused(session.user.name, "create", kPlural, "",
                          "the session in use is confined to what it has assumed"));
    }
    if (auto assumed = assume(session, request); !assumed) {
      if (!has) return assumed;
      // It has ended since; of that, too, the child may have what the parent has.
      session.requests = sorted(std::move(session.requests), request);
      session.assumed_until[request] = parent->assumed_until.at(request);
    }
    if (parent != nullptr && parent->confined) {
      session.assumed_until[request] = parent->assumed_until.at(request);
    }
  }
  return {};
}

Result<IssuedSession> AccessState::Impl::create_session(const Caller& caller,
                                                        const SessionDocument& document,
                                                        bool by_password) {
  if (auto few = check_assumed(document.requests); !few) {
    return fail(std::move(few.error()));
  }
  look_for_decisions(document.requests);
  if (auto unlocked = require_unlocked(caller, "create", kPlural, ""); !unlocked) {
    return fail(std::move(unlocked.error()));
  }
  const auto from = sessions.find(caller.session);
  const SessionObject* parent = from == sessions.end() ? nullptr : from->second.get();
  if (!caller.session.empty() && parent == nullptr) {
    return fail(kube::Status::unauthorized());
  }
  const auto own = std::count_if(sessions.begin(), sessions.end(), [&](const auto& each) {
    return each.second->user.name == caller.user.name;
  });
  if (static_cast<std::size_t>(own) >= options.max_sessions_per_user) {
    return fail(kube::Status::too_many_requests("you have too many sessions; end some first", 60));
  }
  auto ends = session_end(caller.user, document, parent);
  if (!ends) {
    return fail(std::move(ends.error()));
  }
  StoredSession session;
  SessionObject& object = session.object;
  object.user = caller.user;
  object.expires = *ends;
  object.basis = parent != nullptr ? parent->basis : caller.basis.token;
  if (parent == nullptr && caller.basis.ends) {
    object.expires = std::min(object.expires, *caller.basis.ends);
  }
  if (auto filled = fill_requests(object, document, parent); !filled) {
    return fail(std::move(filled.error()));
  }
  object.meta.name = random_name();
  object.meta.uid = random_uid();
  object.meta.created = now();
  object.confined = document.confined || (parent != nullptr && parent->confined);
  object.parent = caller.session;
  object.by_password = by_password || (parent != nullptr && parent->by_password);
  const SessionToken token = make_session_token(object.meta.name);
  session.digest = token.digest;
  auto done = commit({Write::create(std::string(kSessionKind), object.meta.name, encode(session))});
  if (!done) {
    return fail(std::move(done.error()));
  }
  audit(caller, "session.create", object.meta.name, "requests", joined(object.requests));
  const auto written = just_written(sessions, kPlural, object.meta.name);
  if (!written) {
    return fail(written.error());
  }
  return IssuedSession{*written, token.text};
}

Result<SessionPtr> AccessState::Impl::change_session(const Caller& caller,
                                                     const std::vector<std::string>& to_assume,
                                                     const std::vector<std::string>& drop) {
  for (const auto* names : {&to_assume, &drop}) {
    if (auto few = check_assumed(*names); !few) {
      return fail(std::move(few.error()));
    }
  }
  look_for_decisions(to_assume);
  const auto found = live_sessions.find(caller.session);
  if (found == live_sessions.end()) {
    return fail(caller.session.empty()
                    ? kube::Status::bad_request("the credential in use is no session")
                    : kube::Status::unauthorized());
  }
  if (auto unlocked = require_unlocked(caller, "update", kPlural, caller.session); !unlocked) {
    return fail(std::move(unlocked.error()));
  }
  const SessionObject& before = *found->second.object;
  StoredSession session{before, found->second.digest};
  SessionObject& object = session.object;
  if (before.confined && !to_assume.empty()) {
    return fail(refused(caller.user.name, "update", kPlural, before.meta.name,
                        "the session is confined to what it has assumed"));
  }
  const bool all = std::find(drop.begin(), drop.end(), "*") != drop.end();
  const auto dropped = [&](const std::string& name) {
    return all || std::find(drop.begin(), drop.end(), name) != drop.end();
  };
  std::erase_if(object.requests, dropped);
  std::erase_if(object.assumed_until, [&](const auto& each) { return dropped(each.first); });
  for (const std::string& name : to_assume) {
    if (auto assumed = assume(object, name); !assumed) {
      return fail(std::move(assumed.error()));
    }
  }
  if (auto checked = check_assumed(object.requests); !checked) {
    return fail(std::move(checked.error()));
  }
  // Without any it would work with the static roles: more than it was confined to.
  if (before.confined && object.requests.empty() && !before.requests.empty()) {
    return fail(refused(caller.user.name, "update", kPlural, before.meta.name,
                        "a confined session cannot drop its last access request; end it instead"));
  }
  auto done = commit({Write::update(std::string(kSessionKind), before.meta.name, encode(session),
                                    before.meta.version)});
  if (!done) {
    return fail(std::move(done.error()));
  }
  if (!to_assume.empty()) {
    audit(caller, "session.assume", caller.session, "requests", joined(to_assume));
  }
  if (!drop.empty()) {
    audit(caller, "session.drop", caller.session, "requests", joined(drop));
  }
  return just_written(sessions, kPlural, caller.session);
}

std::vector<std::string> AccessState::Impl::family(const std::string& id) const {
  std::vector<std::string> ids{id};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    for (const auto& [name, session] : sessions) {
      if (session->parent == ids[i]) {
        ids.push_back(name);
      }
    }
  }
  return ids;
}

Result<SessionPtr> AccessState::Impl::delete_session(const Caller& caller, std::string_view id,
                                                     const Preconditions& preconditions) {
  const auto found = sessions.find(id);
  const bool own = found != sessions.end() && found->second->user.name == caller.user.name &&
                   caller.user.counts_at(found->second->user.kube_cluster);
  const rbac::request::Person person_of_caller = person(caller.user);
  if (!own) {
    auto may = require(caller, "session", "delete", kPlural, id);
    if (!may) {
      const bool sees = rbac::request::administers(person_of_caller, "session", "read");
      return fail(sees ? std::move(may.error()) : not_found(kPlural, id));
    }
    if (found == sessions.end()) {
      return fail(not_found(kPlural, id));
    }
  }
  const SessionPtr before = found->second;
  // A confined session ends itself and those below it, nobody else.
  const auto with = sessions.find(caller.session);
  if (with != sessions.end() && with->second->confined) {
    const auto below = family(caller.session);
    if (std::find(below.begin(), below.end(), id) == below.end()) {
      return fail(refused(caller.user.name, "delete", kPlural, id, "the session is confined"));
    }
  }
  if (auto same = check_preconditions(before->meta, preconditions, kPlural); !same) {
    return fail(std::move(same.error()));
  }
  std::vector<Write> writes;
  for (const std::string& each : family(before->meta.name)) {
    if (writes.size() < kMaxWrites) {
      writes.push_back(Write::remove(std::string(kSessionKind), each));
    }
  }
  auto done = commit(writes);
  if (!done) {
    return fail(std::move(done.error()));
  }
  audit(caller, "session.end", id, "of", before->user.name);
  return before;
}

Result<IssuedSession> AccessState::create_session(const Caller& caller,
                                                  const SessionDocument& document) {
  return impl_->create_session(caller, document, false);
}
Result<SessionPtr> AccessState::change_session(const Caller& caller,
                                               const std::vector<std::string>& assume,
                                               const std::vector<std::string>& drop) {
  return impl_->change_session(caller, assume, drop);
}
Result<SessionPtr> AccessState::delete_session(const Caller& caller, std::string_view id,
                                               const Preconditions& preconditions) {
  return impl_->delete_session(caller, id, preconditions);
}

}  // namespace postern::proxy::access
