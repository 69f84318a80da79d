#include "proxy/access/state/access_state.h"

#include "proxy/access/state/state_impl.h"

#include <utility>

// Reads, and what comes from outside. The rest of the methods stand beside what they are about.
namespace postern::proxy::access {

AccessState::AccessState(ObjectStore& store, StateOptions options, Log& log, Metrics* metrics)
    : impl_(std::make_unique<Impl>(store, std::move(options), log, metrics)) {}
AccessState::~AccessState() = default;

const Snapshot<rbac::Policy>& AccessState::policy() const {
  return impl_->policy;
}
const Snapshot<rbac::request::Directory>& AccessState::directory() const {
  return impl_->directory;
}
SessionTable& AccessState::sessions_in_force() const {
  return impl_->table;
}
std::optional<std::string> AccessState::store_fault() const {
  const std::lock_guard lock(impl_->fault_mutex);
  return impl_->fault;
}

Result<void> AccessState::load() {
  return impl_->load();
}
void AccessState::set_files(FileObjects files) {
  impl_->set_files(std::move(files));
}
void AccessState::set_clusters(const std::vector<ClusterFacts>& clusters) {
  impl_->set_clusters(clusters);
}
void AccessState::catch_up() {
  impl_->catch_up();
}
bool AccessState::found_elsewhere(const kube::Status& missing) {
  return impl_->found_elsewhere(missing);
}
void AccessState::tick() {
  impl_->tick();
}

const std::map<std::string, RequestPtr, std::less<>>& AccessState::requests() const {
  return impl_->requests;
}
const RequestIndex& AccessState::request_index() const {
  return impl_->request_index;
}
const std::map<std::string, RolePtr, std::less<>>& AccessState::roles() const {
  return impl_->roles.in_force();
}
const std::map<std::string, UserPtr, std::less<>>& AccessState::users() const {
  return impl_->users.in_force();
}
const std::map<std::string, ClusterPtr, std::less<>>& AccessState::clusters() const {
  return impl_->clusters;
}
const std::map<std::string, SessionPtr, std::less<>>& AccessState::sessions() const {
  return impl_->sessions;
}
Version AccessState::version(StateChange::Kind kind) const {
  return impl_->shown_of(kind);
}

rbac::request::Person AccessState::person(const rbac::UserInfo& user) const {
  return impl_->person(user);
}
bool AccessState::is_locked(std::string_view user) const {
  const auto found = impl_->users.in_force().find(user);
  return found != impl_->users.in_force().end() && found->second->user->locked;
}
bool AccessState::has_password(std::string_view user) const {
  const auto found = impl_->logins.find(user);
  return found != impl_->logins.end() && !found->second.password.empty();
}
std::vector<RecordedRefusal> AccessState::refusals(std::string_view session) const {
  const auto found = impl_->live_sessions.find(session);
  return found == impl_->live_sessions.end() ? std::vector<RecordedRefusal>()
                                             : found->second.refusals->all();
}

Result<std::vector<StateChange>> AccessState::changes_since(StateChange::Kind kind,
                                                            Version version) const {
  return impl_->changes.since(kind, version, impl_->shown_of(kind));
}
std::shared_ptr<void> AccessState::observe(std::function<void(const StateChange&)> see) {
  return impl_->changes.observe(std::move(see));
}

}  // namespace postern::proxy::access
