#include "proxy/access/state/state_impl.h"

#include <utility>

// One change of the store, taken over: what it means here, in the same way whoever made it.
namespace postern::proxy::access {
namespace {

using rbac::request::State;

bool is_open(const RequestObject& request) {
  return request.request.state == State::kPending || request.request.state == State::kApproved;
}

RequestStateLabel label_of(State state) {
  return static_cast<RequestStateLabel>(state);
}

/// What cannot be read gives nothing, as if it were gone.
template <typename T>
void take_stored(Layers<T>& layers, const Change& change, Result<T> (*decode)(const StoredObject&),
                 const typename Layers<T>::Changed& changed, std::string_view word, Log& log) {
  const StoredObject& stored = change.object;
  if (change.type != Change::Type::kRemoved) {
    auto object = decode(stored);
    if (object) {
      layers.put(std::make_shared<const T>(std::move(*object)), changed);
      return;
    }
    log.error("a stored " + std::string(word) + " gives nothing",
              {{"why", object.error().message}});
  }
  layers.remove(stored.name, stored.version, changed);
}

}  // namespace

void AccessState::Impl::apply(const Change& change) {
  const StoredObject& stored = change.object;
  const bool removed = change.type == Change::Type::kRemoved;
  if (stored.kind == kRequestKind) return apply_request(stored, removed);
  if (stored.kind == kSessionKind) return apply_session(stored, removed);
  if (stored.kind == kLoginKind) return apply_login(stored, removed);
  if (stored.kind == kRoleKind) {
    take_stored(roles, change, decode_role, role_changed(), "role", log);
  } else if (stored.kind == kUserKind) {
    take_stored(users, change, decode_user, user_changed(), "user", log);
  }
}

void AccessState::Impl::apply_request(const StoredObject& stored, bool removed) {
  RequestPtr now;
  if (!removed) {
    auto request = decode_request(stored);
    if (request) {
      now = std::make_shared<const RequestObject>(std::move(*request));
    } else {
      log.error("a stored access request gives nothing", {{"why", request.error().message}});
    }
  }
  const auto found = requests.find(stored.name);
  const RequestPtr before = found == requests.end() ? nullptr : found->second;
  if (before != nullptr && is_open(*before)) {
    const auto open = open_requests.find(before->request.user);
    if (--open->second == 0) open_requests.erase(open);
  }
  due.clear("a:" + stored.name);
  if (now != nullptr) {
    requests[stored.name] = now;
    if (is_open(*now)) ++open_requests[now->request.user];
    if (now->request.state == State::kExpired) elapsed.erase(stored.name);
    schedule(*now);
  } else {
    requests.erase(stored.name);
    due.clear("r:" + stored.name);
    elapsed.erase(stored.name);
  }
  count_request(before, now);
  if (before == nullptr && now == nullptr) return;
  request_index.replace(before, now);
  tell(StateChange::Kind::kRequest, &StateChange::request, stored.name, stored.version, before,
       now);
  remake_users_of(stored.name);
}

void AccessState::Impl::count_request(const RequestPtr& before, const RequestPtr& now) {
  const auto place = [](const RequestObject& object) {
    return std::pair(object.meta.created, object.meta.name);
  };
  if (before != nullptr && before->request.state == State::kPending) pending.erase(place(*before));
  if (now != nullptr && now->request.state == State::kPending) pending.insert(place(*now));
  if (metrics == nullptr) return;
  if (before != nullptr) metrics->access_requests(label_of(before->request.state), -1);
  if (now != nullptr) metrics->access_requests(label_of(now->request.state), 1);
  metrics->oldest_pending_request(pending.empty() ? std::nullopt
                                                  : std::optional(pending.begin()->first));
}

void AccessState::Impl::apply_login(const StoredObject& stored, bool removed) {
  auto login = removed ? fail(kube::Status()) : decode_login(stored);
  if (login) {
    logins[stored.name] = std::move(*login);
    return;
  }
  if (!removed) log.error("a stored login counts for nothing", {{"why", login.error().message}});
  logins.erase(stored.name);
}

void AccessState::Impl::apply_session(const StoredObject& stored, bool removed) {
  const auto known = live_sessions.find(stored.name);
  const SessionPtr before = known == live_sessions.end() ? nullptr : known->second.object;
  SessionPtr now;
  auto session = removed ? fail(kube::Status()) : decode_session(stored);
  if (session) {
    now = std::make_shared<const SessionObject>(std::move(session->object));
    LiveSession& live = live_sessions[stored.name];
    if (!live.digest.empty() && live.digest != session->digest) table.remove(live.digest);
    live.object = now;
    live.digest = std::move(session->digest);
    if (live.refusals == nullptr) live.refusals = std::make_shared<RefusalRing>();
    sessions[stored.name] = now;
    live.ends = due.set("s:" + stored.name, now->expires, clocks());
    remake(live);
  } else {
    if (!removed)
      log.error("a stored session counts for nothing", {{"why", session.error().message}});
    if (known != live_sessions.end()) {
      table.remove(known->second.digest);
      live_sessions.erase(known);
    }
    sessions.erase(stored.name);
    due.clear("s:" + stored.name);
  }
  if (metrics != nullptr) {
    metrics->access_sessions(sessions.size());
  }
  if (before == nullptr && now == nullptr) return;
  tell(StateChange::Kind::kSession, &StateChange::session, stored.name, stored.version, before,
       now);
}

}  // namespace postern::proxy::access
