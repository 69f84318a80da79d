#pragma once

#include "kube/result.h"
#include "proxy/access/state/audit_record.h"
#include "proxy/access/state/objects.h"
#include "proxy/access/state/request_index.h"
#include "proxy/access/store/object_store.h"
#include "proxy/net/snapshot.h"
#include "rbac/policy.h"
#include "rbac/request/directory.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {
class Log;
class Metrics;
}  // namespace postern::proxy

namespace postern::proxy::access {

class SessionTable;

/// Times and limits of the configuration (`sessions`, `requests`) and what else is fixed at start.
struct StateOptions {
  std::string cluster_name = "postern";  ///< the first segment of every resource ID
  std::map<std::string, std::vector<std::string>> group_roles;
  rbac::ImpersonationLimits impersonation;
  bool local_users = true;
  /// What the names begin with that other authenticators prove; "": every name. Empty: who has no
  /// password is nobody.
  std::vector<std::string> proved_otherwise;

  std::chrono::seconds session_ttl = std::chrono::hours(12);
  std::chrono::seconds session_max_ttl = std::chrono::hours(30);
  std::chrono::seconds invite_ttl = std::chrono::hours(1);
  std::chrono::seconds first_invite_ttl = std::chrono::minutes(10);
  /// How long a request is kept after its end.
  std::chrono::seconds retention = std::chrono::hours(720);
  rbac::request::Limits limits;
  /// Without a word from the store for so long, grants count for nothing (SessionTable::fresh()).
  std::chrono::seconds max_silence{10};
  /// Other replicas write to the store as well.
  bool shared_store = false;
  std::size_t max_requests_per_user = 1000;  ///< PENDING and APPROVED ones of one user
  std::size_t max_sessions_per_user = 1000;

  /// Who is told of every change; may be empty.
  AuditHook audit;

  /// Both clocks: what is due is due when either says so, whatever is done to the wall clock.
  std::function<TimePoint()> wall = std::chrono::system_clock::now;
  std::function<std::chrono::steady_clock::time_point()> steady = std::chrono::steady_clock::now;
};

/// The roles and users of `resources:`, as they were loaded; a policy of their own.
struct FileObjects {
  std::vector<RoleObject> roles;  ///< presets among them, unless a file has a role of that name
  std::vector<UserObject> users;
};

/// What is known of a kube cluster at the moment.
struct ClusterFacts {
  std::string name;
  std::map<std::string, std::string> labels;
  bool is_default = false;
  std::string uid;         ///< of `kube-system`
  std::string version;     ///< of the API server
  bool reachable = false;  ///< its API server answers
  std::shared_ptr<const kube::ApiCatalog> catalog;
};

/// Everything that access requests, roles, users and sessions are: decoded from the store, joined
/// with what files and presets give, and changed here alone.
///
/// **Threads.** One thread owns it, the access thread (AccessService); every method is called there
/// but the four accessors under "Any thread". Values that it returns are immutable and may go
/// anywhere; references are good until the next call.
///
/// **One way in.** A change is written to the store first; what the store then tells (own writes
/// and, in a store that others write to, foreign ones) is what this holds. So an error leaves
/// everything as it was, and after a restart everything is as it was.
///
/// **Who may.** Each method that takes a Caller decides by the caller's *static* roles, whatever
/// the session has assumed (design §2, "access.postern.dev"), and refuses with 403 in
/// kube-apiserver's words. A locked user may nothing. Reads without a Caller decide nothing: who
/// shows their results asks may_see() (rbac/request/review.h) and administers()
/// (rbac/request/directory.h) with person() first.
///
/// Who may write roles or users may give any role to anybody, also to themselves: `rules` on `role`
/// and `user` are the administrator's. There is no lesser editor.
///
/// **Errors** beside each method's own: 503 when the store cannot be written (nothing has happened,
/// or it shows later), 409 for Preconditions, 404.
class AccessState {
 public:
  /// The store, the log and the metrics (may be nullptr) must outlive this. Reads the whole store;
  /// an object that cannot be decoded is logged and left out, where it gives nothing to anybody.
  AccessState(ObjectStore& store, StateOptions options, Log& log, Metrics* metrics);
  ~AccessState();
  AccessState(const AccessState&) = delete;
  AccessState& operator=(const AccessState&) = delete;

  // Any thread. ---------------------------------------------------------------------------------

  /// What decisions are made from: files and store together. Published with each change.
  const Snapshot<rbac::Policy>& policy() const;
  /// What requests are checked against: roles and kube clusters.
  const Snapshot<rbac::request::Directory>& directory() const;
  /// The sessions in force, by token.
  SessionTable& sessions_in_force() const;
  /// Why the store cannot be used at present, for /readyz; nullopt: it can.
  std::optional<std::string> store_fault() const;

  // What comes from outside. --------------------------------------------------------------------

  /// The store's own: reads everything. 500 with a sentence when it cannot be read.
  Result<void> load();
  /// Takes the place of what the files gave before. A role or user of the store under the same name
  /// counts no more, and a warning says so; presets make room for the store's.
  void set_files(FileObjects files);
  /// Clusters that are not named keep their facts.
  void set_clusters(const std::vector<ClusterFacts>& clusters);
  /// Takes over what others wrote to the store.
  void catch_up();
  /// Whether an object that a call of this missed (its 404) is here now: another replica may have
  /// made it a moment ago. Asks the store, and waits for it, twenty times a second at most.
  bool found_elsewhere(const kube::Status& missing);
  /// Expires what is due, ends sessions, begins and ends grants, removes what was kept long enough.
  /// To be called a few times a second; costs nothing when nothing is due.
  void tick();

  // Reads. --------------------------------------------------------------------------------------

  /// By name, in byte order. Names of requests are never used again.
  const std::map<std::string, RequestPtr, std::less<>>& requests() const;
  /// The same requests by who has to do with them, and those that wait.
  const RequestIndex& request_index() const;
  /// Those in force under each name: of files before those of the store before presets.
  const std::map<std::string, RolePtr, std::less<>>& roles() const;
  const std::map<std::string, UserPtr, std::less<>>& users() const;
  const std::map<std::string, ClusterPtr, std::less<>>& clusters() const;
  const std::map<std::string, SessionPtr, std::less<>>& sessions() const;
  /// The version of what the reads above show of a kind; a list's `resourceVersion`. Versions are
  /// comparable within a kind only, as Kubernetes' own.
  Version version(StateChange::Kind kind) const;

  /// What the user's static roles are, today. Without roles for a locked user.
  rbac::request::Person person(const rbac::UserInfo& user) const;
  /// Whether the user is locked.
  bool is_locked(std::string_view user) const;
  /// Whether the user can log in by a password.
  bool has_password(std::string_view user) const;
  /// The last refusals under a session, oldest first; at most 64.
  std::vector<RecordedRefusal> refusals(std::string_view session) const;

  /// What the requests give that a session has assumed, as the data path has it. Empty for a
  /// session that is not in force itself.
  std::vector<SessionGrant> grants(std::string_view session) const;

  /// Changes of one kind after this version, oldest first; 410 when they are no longer known, or
  /// the version was never reached.
  Result<std::vector<StateChange>> changes_since(StateChange::Kind kind, Version version) const;
  /// `see` is called for each change from now on, after the reads show it, on the access thread. It
  /// must not call methods that change anything. Ends when the result goes (on the access thread,
  /// not inside `see`).
  [[nodiscard]] std::shared_ptr<void> observe(std::function<void(const StateChange&)> see);

  // Requests. -----------------------------------------------------------------------------------

  /// Files a request for the caller. Everybody may. Errors: those of rbac::request::create(), 422
  /// for labels, annotations, generateName and another's name in `user`, 429 above
  /// max_requests_per_user. A dry run stores nothing; its name is "" or the generateName.
  Result<RequestPtr> create_request(const Caller& caller, const RequestDocument& document,
                                    bool dry_run);
  /// A review, or the end of an approved request (kRevoke: by reviewers and administrators; by its
  /// owner it is the drop for good). Errors: those of rbac::request::apply(). 404 for those who may
  /// not see it.
  Result<RequestPtr> review_request(const Caller& caller, std::string_view name,
                                    const ReviewDocument& review, bool dry_run);
  /// By its owner, or by administrators (delete on access_request). An approved one is revoked
  /// first: sessions lose it at once.
  Result<RequestPtr> delete_request(const Caller& caller, std::string_view name,
                                    const Preconditions& preconditions, bool dry_run);

  // Roles and users. ----------------------------------------------------------------------------

  /// `document` is JSON as RoleObject::document. Errors: 422 with a cause for each key path that is
  /// wrong (rbac/load.h; conditions that do not parse; a user's roles that do not exist), 409 for a
  /// name that the store has; 403 for a name that a file has, which says which file.
  Result<RolePtr> create_role(const Caller& caller, const std::string& document, bool dry_run);
  /// 404 unless the store has it; the name of the document must be the same (422).
  Result<RolePtr> update_role(const Caller& caller, std::string_view name,
                              const std::string& document, const Preconditions& preconditions,
                              bool dry_run);
  /// The object as it was. 409 while a user of the store or of a file has the role.
  Result<RolePtr> delete_role(const Caller& caller, std::string_view name,
                              const Preconditions& preconditions, bool dry_run);
  Result<UserPtr> create_user(const Caller& caller, const std::string& document, bool dry_run);
  /// Also locks (`spec.locked: true`): sessions of a locked user are refused, and come back when
  /// the user is unlocked in time.
  Result<UserPtr> update_user(const Caller& caller, std::string_view name,
                              const std::string& document, const Preconditions& preconditions,
                              bool dry_run);
  /// First ends what the user has open: requests, sessions, the password. Nobody inherits them.
  Result<UserPtr> delete_user(const Caller& caller, std::string_view name,
                              const Preconditions& preconditions, bool dry_run);

  // Logins. -------------------------------------------------------------------------------------

  /// A new one-time invite for a known user; an earlier one counts no more. The password, if there
  /// is one, stays until the invite is redeemed, unless it is reset. Needs update on user. 422 for
  /// a ttl of nothing or of more than a week.
  Result<IssuedInvite> invite(const Caller& caller, std::string_view user,
                              const InviteDocument& document = {});
  /// To be called at start. When nobody who may create roles and users can prove to be that user
  /// (has a password or an invite, or a name that another authenticator proves), there is an invite
  /// for the first of them by name; when there is none, a user with the preset role `editor` is
  /// made for it. nullopt when somebody can, or when logins by password are off. The invite is made
  /// anew at each start until it is redeemed; in a store that replicas share, only when the last
  /// one has come to its end, for it may be another replica's.
  Result<std::optional<IssuedInvite>> ensure_administrator();

  // Sessions. -----------------------------------------------------------------------------------

  /// A session for the caller: a child of the caller's own session, when it is one. Errors: 403 for
  /// requests that cannot be assumed (not one's own, not approved, …), and for what a confined
  /// parent does not have; 422 for a ttl above `sessions.maxTTL` or the parent's end; 429.
  Result<IssuedSession> create_session(const Caller& caller, const SessionDocument& document);
  /// Changes what a session has assumed, under the same token. `drop` may be `*`: all. Only by that
  /// session itself; a confined one may only drop. Dropping what is not assumed is no error.
  Result<SessionPtr> change_session(const Caller& caller, const std::vector<std::string>& assume,
                                    const std::vector<std::string>& drop);
  /// Ends it and those that it made. One's own, and others' with delete on session. 404 for those
  /// who may not see it.
  Result<SessionPtr> delete_session(const Caller& caller, std::string_view id,
                                    const Preconditions& preconditions);

 private:
  friend class LoginFlow;  // logs in by password: needs the hashes (login_flow.h)
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postern::proxy::access
