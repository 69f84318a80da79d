#pragma once

#include "proxy/access/logins/login_throttle.h"
#include "proxy/access/state/access_state.h"
#include "proxy/access/state/change_log.h"
#include "proxy/access/state/due_queue.h"
#include "proxy/access/state/layers.h"
#include "proxy/access/state/session_table.h"
#include "proxy/access/state/stored_forms.h"
#include "proxy/observe/log.h"
#include "proxy/observe/metrics.h"

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::proxy::access {

/// The inside of AccessState. Its methods are in several files by what they are about:
/// state_store.cc and state_apply.cc (what the store tells), state_given.cc (what files and
/// clusters give), state_requests.cc, state_people.cc (roles and users), state_removal.cc (what
/// ends with a user), state_sessions.cc, state_grants.cc (what the data path reads), state_time.cc.
struct AccessState::Impl {
  Impl(ObjectStore& with_store, StateOptions with_options, Log& with_log, Metrics* with_metrics);

  // Time.
  TimePoint now() const { return options.wall(); }
  DueQueue::Now clocks() const { return {options.wall(), options.steady()}; }
  void tick();

  // state_store.cc: what the store has, here.
  Result<void> load();
  Result<void> read_kind(std::string_view kind);
  /// Reads everything anew: the store no longer remembers what happened since.
  Result<void> read_again();
  std::vector<std::string> names_of(std::string_view kind) const;
  void catch_up();
  bool found_elsewhere(const kube::Status& missing);
  bool may_look();
  /// Before requests that wait for a decision here are refused: another replica may have it.
  void look_for_decisions(const std::vector<std::string>& names);
  /// All of it or nothing, and what came of it is taken over before this returns.
  Result<void> commit(const std::vector<Write>& writes);

  // state_apply.cc: a change of it.
  void apply(const Change& change);
  void apply_request(const StoredObject& stored, bool removed);
  void apply_session(const StoredObject& stored, bool removed);
  /// Both may be nullptr.
  void count_request(const RequestPtr& before, const RequestPtr& now);
  void apply_login(const StoredObject& stored, bool removed);
  /// Tells watchers. Either of the two may be nullptr, not both.
  template <typename T>
  void tell(StateChange::Kind kind, StateChange::Step<T> StateChange::*step,
            const std::string& name, Version version, std::shared_ptr<const T> before,
            std::shared_ptr<const T> now) {
    StateChange change;
    change.kind = kind;
    change.name = name;
    change.version = version;
    change.*step = {std::move(before), std::move(now)};
    changes.add(std::move(change));
  }

  // state_store.cc again.
  /// A version of its own for what no write of the store stands behind. `what`: "files". It is
  /// above whatever has been shown of these kinds.
  Version mark(std::string_view what, const std::string& digest,
               const std::vector<StateChange::Kind>& kinds);
  /// What is shown of a kind has reached this version.
  void show(StateChange::Kind kind, Version version);
  Version shown_of(StateChange::Kind kind) const {
    return shown.at(static_cast<std::size_t>(kind));
  }
  void note_store(const std::string& fault);
  bool store_failed() const {
    const std::lock_guard lock(fault_mutex);
    return fault.has_value();
  }
  /// Makes what follows from the changes since the last time.
  void settle();

  // state_given.cc
  /// What follows when another role or user is in force under a name; `word` is what it is called.
  template <typename T>
  typename Layers<T>::Changed changed(const Layers<T>& layers, StateChange::Kind kind,
                                      StateChange::Step<T> StateChange::*step,
                                      std::string_view word);
  Layers<RoleObject>::Changed role_changed();
  Layers<UserObject>::Changed user_changed();
  void set_files(FileObjects files);
  void set_clusters(const std::vector<ClusterFacts>& facts);
  /// Gives changed clusters a version and tells of them.
  void take_over_clusters(std::vector<ClusterObject> changed);
  void publish_policy();
  void publish_directory();
  rbac::request::Person person(const rbac::UserInfo& user) const;

  // state_people.cc
  /// 403 unless the caller's static roles allow it.
  Result<void> require(const Caller& caller, std::string_view resource, std::string_view verb,
                       std::string_view plural, std::string_view name) const;
  Result<void> require_unlocked(const Caller& caller, std::string_view verb,
                                std::string_view plural, std::string_view name) const;

  // state_requests.cc
  Result<RequestPtr> create_request(const Caller& caller, const RequestDocument& document,
                                    bool dry_run);
  Result<RequestPtr> review_request(const Caller& caller, std::string_view name,
                                    const ReviewDocument& review, bool dry_run);
  Result<RequestPtr> delete_request(const Caller& caller, std::string_view name,
                                    const Preconditions& preconditions, bool dry_run);
  /// This process made a request cease to be pending.
  void note_resolved(const RequestObject& before, RequestResolution result);
  Result<RequestPtr> find_request(const Caller& caller, std::string_view name) const;

  // state_people.cc again: writes of roles and users.
  template <typename T>
  struct PeopleKind;
  template <typename T>
  Result<std::shared_ptr<const T>> create_object(const Caller& caller, const std::string& document,
                                                 bool dry_run);
  template <typename T>
  Result<std::shared_ptr<const T>> update_object(const Caller& caller, std::string_view name,
                                                 const std::string& document,
                                                 const Preconditions& preconditions, bool dry_run);
  template <typename T>
  Result<std::shared_ptr<const T>> delete_object(const Caller& caller, std::string_view name,
                                                 const Preconditions& preconditions, bool dry_run);

  // state_removal.cc
  struct EndsOfUser;
  /// A part of what a user has open, and how it ends.
  EndsOfUser ends_of_user(const Caller& caller, const std::string& user) const;
  /// Ends everything that the user has open, then removes the user.
  Result<void> remove_user(const Caller& caller, const UserObject& user);
  /// What another replica let the user begin while it did not know of the removal.
  void end_late_ones(const Caller& caller, const std::string& user);
  void note_ends(const Caller& caller, const EndsOfUser& ends);

  // state_sessions.cc
  struct LiveSession {
    SessionPtr object;
    std::string digest;
    std::shared_ptr<RefusalRing> refusals;
    std::chrono::steady_clock::time_point ends;
    std::shared_ptr<const SessionEntry> entry;  ///< nullptr: not in force
    std::string fingerprint;                    ///< of what the entry was made from
  };
  Result<IssuedSession> create_session(const Caller& caller, const SessionDocument& document,
                                       bool by_password);
  /// What a new session has assumed, by its document and the session that it is made from.
  Result<void> fill_requests(SessionObject& session, const SessionDocument& document,
                             const SessionObject* parent) const;
  Result<SessionPtr> change_session(const Caller& caller, const std::vector<std::string>& to_assume,
                                    const std::vector<std::string>& drop);
  Result<SessionPtr> delete_session(const Caller& caller, std::string_view id,
                                    const Preconditions& preconditions);
  /// When a session that is asked for like this ends. 422.
  Result<TimePoint> session_end(const rbac::UserInfo& user, const SessionDocument& document,
                                const SessionObject* parent) const;
  /// Those that `id` made, and those that they made, and `id` itself.
  std::vector<std::string> family(const std::string& id) const;
  /// Lets the session assume the request, when it can. Errors: why it cannot.
  Result<void> assume(SessionObject& session, const std::string& request) const;

  // state_logins.cc
  /// What the user can log in by; nothing for who is unknown or locked.
  StoredLogin usable_login(const std::string& user) const;
  Result<IssuedInvite> issue_invite(const std::string& user, std::chrono::seconds ttl, bool first,
                                    bool reset = false);
  void add_ends_of_password(const std::string& user, std::vector<Write>& writes) const;
  bool can_log_in(const std::string& user) const;
  bool somebody_administers() const;
  std::optional<std::string> first_administrator() const;
  std::string free_administrator_name() const;
  Result<std::optional<IssuedInvite>> ensure_administrator();
  Result<void> make_administrator(const std::string& name);

  // state_grants.cc
  rbac::Grant grant_of(const std::string& request, const rbac::UserInfo& user) const;
  /// Makes the entry anew if what it rests on has changed.
  void remake(LiveSession& session);
  void remake_all();
  void remake_users_of(const std::string& request);

  // state_audit.cc
  /// Tells the audit log: who did what to which object, and one thing more. Events by their names,
  /// see there.
  void audit(const Caller& caller, std::string_view event, std::string_view object,
             std::string_view detail_key = {}, std::string_view detail = {}) const;
  /// The same for what a changed file gave or took, from the second reading on.
  template <typename T>
  void audit_file(std::string_view kind, const std::string& name,
                  const std::shared_ptr<const T>& before,
                  const std::shared_ptr<const T>& now) const;

  // state_time.cc
  void schedule(const RequestObject& request);
  std::optional<Write> write_for_due(const DueQueue::Due& one);
  void probe_store();
  std::vector<RequestPtr> pending_among(const std::vector<DueQueue::Due>& due_now) const;
  void note_silence();
  void finish_due(const std::vector<Write>& writes, const std::vector<DueQueue::Due>& written);
  void come_back_to(const std::vector<DueQueue::Due>& due_ones);
  void audit_due(const Write& write);

  ObjectStore& store;
  StateOptions options;
  Log& log;
  Metrics* metrics;

  std::map<std::string, RequestPtr, std::less<>> requests;
  RequestIndex request_index;                                     ///< of `requests`
  std::map<std::string, std::size_t, std::less<>> open_requests;  ///< by user
  std::set<std::pair<TimePoint, std::string>> pending;            ///< requests, the oldest first
  Layers<RoleObject> roles;
  Layers<UserObject> users;
  std::map<std::string, ClusterPtr, std::less<>> clusters;
  std::map<std::string, ClusterFacts, std::less<>> cluster_facts;
  std::map<std::string, StoredLogin, std::less<>> logins;
  std::map<std::string, SessionPtr, std::less<>> sessions;
  std::map<std::string, LiveSession, std::less<>> live_sessions;

  std::chrono::steady_clock::time_point looks_since;
  int looks = 0;                                           ///< since then
  Version seen = 0;                                        ///< what changes_since() goes on from
  std::array<Version, 5> shown{};                          ///< by StateChange::Kind
  std::map<std::string, std::string, std::less<>> marked;  ///< digests that this process gave
  TimePoint started;
  ChangeLog changes;
  DueQueue due;
  LoginThrottle throttle;
  /// Requests whose time is over, though the store does not know it yet.
  std::set<std::string, std::less<>> elapsed;
  std::chrono::steady_clock::time_point next_probe{};
  bool files_given = false;  ///< set_files() was called before
  bool policy_stale = true;
  bool directory_stale = true;
  bool grants_stale = true;
  std::uint64_t generation = 0;

  Snapshot<rbac::Policy> policy;
  Snapshot<rbac::request::Directory> directory;
  mutable SessionTable table;
  mutable std::mutex fault_mutex;
  std::optional<std::string> fault;  ///< under fault_mutex
};

// Shared words. --------------------------------------------------------------------------------

inline constexpr std::string_view kGroup = "access.postern.dev";

kube::Status not_found(std::string_view plural, std::string_view name);
kube::Status conflict(std::string_view plural, std::string_view name, std::string_view why);
/// What was just written, or 409: in a store that others write to it may have gone again.
template <typename T>
Result<std::shared_ptr<const T>> just_written(
    const std::map<std::string, std::shared_ptr<const T>, std::less<>>& objects,
    std::string_view plural, std::string_view name) {
  const auto found = objects.find(name);
  if (found == objects.end()) {
    return fail(conflict(plural, name, "somebody removed it at the same moment"));
  }
  return found->second;
}
/// 403 in kube-apiserver's words.
kube::Status refused(std::string_view user, std::string_view verb, std::string_view plural,
                     std::string_view name, std::string_view why);
Result<void> check_preconditions(const ObjectMeta& meta, const Preconditions& wanted,
                                 std::string_view plural);

}  // namespace postern::proxy::access
