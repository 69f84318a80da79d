#include "proxy/access/state/state_impl.h"
#include "rbac/fingerprint.h"
#include "rbac/request/make_grant.h"

#include <algorithm>
#include <utility>

// What the data path reads of sessions.
namespace postern::proxy::access {

namespace {

/// What a refusal says behind kube-apiserver's words.
std::string sentence_of(const kube::Status& refusal) {
  constexpr std::string_view kWords = "at the cluster scope: ";
  const std::size_t at = refusal.message.find(kWords);
  return at == std::string::npos ? refusal.message : refusal.message.substr(at + kWords.size());
}

}  // namespace

rbac::Grant AccessState::Impl::grant_of(const std::string& request,
                                        const rbac::UserInfo& user) const {
  rbac::Grant nothing;
  nothing.request = request;
  const auto found = requests.find(request);
  if (found == requests.end() || found->second->request.user != user.name ||
      elapsed.contains(request)) {
    nothing.problem = "it has ended";
    return nothing;
  }
  auto grant =
      rbac::request::make_grant(found->second->request, person(user), *directory.load(), now());
  if (!grant) {
    log.debug("an assumed access request gives nothing",
              {{"request", request}, {"why", grant.error().message}});
    nothing.problem = sentence_of(grant.error());
    return nothing;
  }
  return std::move(*grant);
}

void AccessState::Impl::remake(LiveSession& session) {
  const SessionObject& object = *session.object;
  const auto rights =
      policy.load() == nullptr
          ? std::nullopt
          : std::optional<rbac::StaticRights>(policy.load()->static_rights(object.user));
  const DueQueue::Now time = clocks();
  const bool over = object.expires <= time.wall || session.ends <= time.steady;
  if (!rights || directory.load() == nullptr || rights->locked || over ||
      (object.by_password && !rights->known)) {
    table.remove(session.digest);
    session.entry = nullptr;
    session.fingerprint.clear();
    return;
  }
  auto entry = std::make_shared<SessionEntry>();
  entry->id = object.meta.name;
  entry->user = object.user;
  entry->expires = object.expires;
  entry->ends = session.ends;
  entry->confined = object.confined;
  entry->basis = object.basis;
  entry->refusals = session.refusals;
  rbac::Fingerprint fingerprint;
  fingerprint.add(std::to_string(object.expires.time_since_epoch().count()));
  for (const std::string& request : object.requests) {
    rbac::Grant& grant = entry->grants.emplace_back(grant_of(request, object.user));
    const auto until = object.assumed_until.find(request);
    if (until != object.assumed_until.end()) {
      grant.expires_at = std::min(grant.expires_at.value_or(until->second), until->second);
    }
    fingerprint.add(grant);
  }
  std::string text = fingerprint.text();
  if (session.entry != nullptr && session.fingerprint == text) {
    return;
  }
  entry->generation = ++generation;
  session.entry = entry;
  session.fingerprint = std::move(text);
  table.put(session.digest, std::move(entry));
}

void AccessState::Impl::remake_all() {
  settle();
  for (auto& [id, session] : live_sessions) {
    remake(session);
  }
  grants_stale = false;
}

void AccessState::Impl::remake_users_of(const std::string& request) {
  for (auto& [id, session] : live_sessions) {
    const auto& assumed = session.object->requests;
    if (std::binary_search(assumed.begin(), assumed.end(), request)) {
      remake(session);
    }
  }
}

std::vector<SessionGrant> AccessState::grants(std::string_view session) const {
  const auto found = impl_->live_sessions.find(session);
  std::vector<SessionGrant> grants;
  if (found == impl_->live_sessions.end() || found->second.entry == nullptr) return grants;
  for (const rbac::Grant& grant : found->second.entry->grants) {
    const bool over = grant.expires_at && *grant.expires_at <= impl_->now();
    const bool silent_end = over && grant.problem.empty();
    grants.push_back(
        {grant.request, grant.expires_at, silent_end ? "it has ended" : grant.problem});
  }
  return grants;
}

}  // namespace postern::proxy::access
