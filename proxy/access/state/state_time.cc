#include "proxy/access/state/state_impl.h"
#include "rbac/request/transition.h"

#include <utility>

// What happens because time passes.
namespace postern::proxy::access {

using rbac::request::State;

namespace {

constexpr std::size_t kMaxDue = 500;  // in one write
constexpr std::chrono::seconds kRetry{10};
constexpr std::chrono::seconds kProbe{5};

}  // namespace

void AccessState::Impl::schedule(const RequestObject& object) {
  const rbac::request::AccessRequest& request = object.request;
  const bool ended = request.state == State::kExpired;
  const TimePoint when =
      ended ? request.expired.value_or(request.access_expires) +
                  std::chrono::duration_cast<TimePoint::duration>(options.retention)
            : request.expires();
  // From its end on its time is counted anew: retention is no prolongation of the access.
  if (ended) due.clear("r:" + object.meta.name);
  due.set("r:" + object.meta.name, when, clocks());
  if (request.state == State::kApproved && request.assume_start && *request.assume_start > now()) {
    due.set("a:" + object.meta.name, *request.assume_start, clocks());
  }
}

/// What is to be written because this is due; nothing when it only concerns this process.
std::optional<Write> AccessState::Impl::write_for_due(const DueQueue::Due& one) {
  const std::string name = one.key.substr(2);
  if (one.key.starts_with("s:")) {
    const auto session = live_sessions.find(name);
    if (session == live_sessions.end()) return std::nullopt;
    remake(session->second);
    return Write::remove(std::string(kSessionKind), name);
  }
  if (one.key.starts_with("a:")) {
    remake_users_of(name);
    return std::nullopt;
  }
  const auto found = requests.find(name);
  if (found == requests.end()) return std::nullopt;
  const RequestObject& object = *found->second;
  if (object.request.state == State::kExpired) {
    return Write::remove(std::string(kRequestKind), name, object.meta.version);
  }
  elapsed.insert(name);
  remake_users_of(name);
  auto next = rbac::request::apply(object.request, rbac::request::ExpireEvent{one.elapsed}, now(),
                                   options.limits);
  if (!next) {
    log.error("an access request could not be expired", {{"why", next.error().message}});
    return std::nullopt;
  }
  auto text = encode(RequestObject{object.meta, std::move(*next)});
  if (!text) {
    log.error("an access request could not be expired", {{"why", text.error().message}});
    return std::nullopt;
  }
  return Write::update(std::string(kRequestKind), name, std::move(*text), object.meta.version);
}

/// Nobody knows what was revoked while the store is not heard of.
void AccessState::Impl::note_silence() {
  const auto silence = store.silence();
  if (silence == std::chrono::steady_clock::duration::zero()) return;  // a store of this process
  const auto time = options.steady();
  table.keep_fresh(time + (options.max_silence - silence), time);
}

void AccessState::Impl::tick() {
  note_silence();
  std::vector<Write> writes;
  std::vector<DueQueue::Due> written;
  for (DueQueue::Due& one : due.take(clocks(), kMaxDue)) {
    if (auto write = write_for_due(one)) {
      writes.push_back(std::move(*write));
      written.push_back(std::move(one));
    }
  }
  if (!writes.empty() && store.keeps_house()) {
    finish_due(writes, written);
  } else {
    // Another replica writes it; should that one end, this one may have to.
    come_back_to(written);
  }
  if (grants_stale) {
    remake_all();
  }
  probe_store();
}

/// Nobody may want to write anything while the proxy says that it is not ready: whether the store
/// works again is tried out.
void AccessState::Impl::probe_store() {
  const auto time = options.steady();
  if (!store_failed() || time < next_probe) {
    return;
  }
  next_probe = time + kProbe;
  mark("probe", std::to_string(now().time_since_epoch().count()), {});
}

std::vector<RequestPtr> AccessState::Impl::pending_among(
    const std::vector<DueQueue::Due>& due_now) const {
  std::vector<RequestPtr> found;
  for (const DueQueue::Due& one : due_now) {
    const auto request =
        one.key.starts_with("r:") ? requests.find(one.key.substr(2)) : requests.end();
    if (request != requests.end() && request->second->request.state == State::kPending) {
      found.push_back(request->second);
    }
  }
  return found;
}

void AccessState::Impl::finish_due(const std::vector<Write>& writes,
                                   const std::vector<DueQueue::Due>& written) {
  const std::vector<RequestPtr> expired = pending_among(written);
  const auto done = commit(writes);
  if (done) {
    for (const RequestPtr& request : expired) {
      note_resolved(*request, RequestResolution::kExpired);
    }
    for (const Write& write : writes) audit_due(write);
    return;
  }
  // Nobody has any access by it meanwhile; the store will know it later.
  if (done.error().code >= 500 || writes.size() == 1) return come_back_to(written);
  // One of them another replica was faster with: each by itself.
  for (std::size_t i = 0; i < writes.size(); ++i) {
    finish_due({writes[i]}, {written[i]});
  }
}

/// Those that are still there; what has gone has nothing due any more.
void AccessState::Impl::come_back_to(const std::vector<DueQueue::Due>& due_ones) {
  for (const DueQueue::Due& one : due_ones) {
    const std::string name = one.key.substr(2);
    const bool there =
        one.key.starts_with("s:") ? sessions.contains(name) : requests.contains(name);
    if (there) due.set(one.key, now() + kRetry, clocks());
  }
}

void AccessState::Impl::audit_due(const Write& write) {
  if (write.kind == kSessionKind) {
    audit({}, "session.end", write.name, "why", "its time is over");
  } else {
    const bool removed = write.action == Write::Action::kRemove;
    audit({}, removed ? "accessrequest.remove" : "accessrequest.expire", write.name, "why",
          "its time is over");
  }
}

}  // namespace postern::proxy::access
