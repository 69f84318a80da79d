#pragma once

#include "kube/result.h"
#include "proxy/access/store/object_store.h"
#include "proxy/authn/session_basis.h"
#include "rbac/request/access_request.h"
#include "rbac/request/create.h"
#include "rbac/request/transition.h"
#include "rbac/role.h"
#include "rbac/user_info.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What the access thread keeps, decoded: immutable values behind shared pointers, replaced whole
/// when they change. They may be handed to other threads.
namespace postern::proxy::access {

using rbac::request::TimePoint;

/// Metadata that every object has on the wire.
struct ObjectMeta {
  std::string name;
  std::string uid;      ///< another object under the same name has another one
  Version version = 0;  ///< becomes `resourceVersion`
  TimePoint created;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::string generate_name;
};

/// Where a role, user or cluster is from. What is not from the store is read-only here.
enum class Origin { kStore, kFile, kPreset };
/// An access request as it is kept.
struct RequestObject {
  ObjectMeta meta;
  rbac::request::AccessRequest request;  ///< its name, uid and resource_version are those of meta
  /// Of a request that had EXPIRED when it was read: its effective rules as they are kept, which
  /// nobody has read yet. `request.effective` is empty then: the three below are to be asked for
  /// them. "" for every other request.
  std::string kept_effective{};

  /// EffectiveRules::to_json().
  std::string effective_json() const;
  /// EffectiveRules::digest().
  std::string effective_digest() const;
  /// As they were frozen; 500 when what is kept cannot be read.
  Result<rbac::request::EffectiveRules> effective_rules() const;
};
/// A role, with the document that it was read from.
struct RoleObject {
  ObjectMeta meta;
  Origin origin = Origin::kStore;
  std::string file;  ///< "roles.yaml:12" when it is of a file
  /// The document as it was typed, as JSON: `kind`, `version`, `metadata`, `spec`.
  std::string document;
  std::shared_ptr<const rbac::Role> role;
  std::vector<std::string> warnings;  ///< of loading: what has no meaning here
};
/// A user, likewise.
struct UserObject {
  ObjectMeta meta;
  Origin origin = Origin::kStore;
  std::string file;
  std::string document;  ///< as RoleObject::document
  std::shared_ptr<const rbac::User> user;
  std::vector<std::string> warnings;
};
/// A kube cluster as users see it. Nothing of it is kept.
struct ClusterObject {
  ObjectMeta meta;
  bool ready = false;      ///< its kinds have been discovered
  bool reachable = false;  ///< its API server answers
  std::string version;     ///< of its API server, "v1.34.1"; "" while not known
  bool is_default = false;
  std::string uid;  ///< of its `kube-system`; "" while not known
};

/// A session without its secret. `meta.name` is its id, which is in its token, too.
struct SessionObject {
  ObjectMeta meta;
  rbac::UserInfo user;  ///< final name; groups as they were proved at the login
  TimePoint expires;
  /// Makes sessions only that are a part of itself, ending no later.
  bool confined = false;
  /// It works with these requests alone. Ones that no longer give anything stay until dropped: a
  /// session whose access has ended has no other access instead.
  std::vector<std::string> requests;  ///< sorted
  /// Until when, by the `session_ttl` of each: an access may go on for longer, but has to be
  /// assumed again then, by a session of today.
  std::map<std::string, TimePoint, std::less<>> assumed_until;
  std::string parent;        ///< id of the session that made it, or ""
  bool by_password = false;  ///< ends when its user is no longer known
  std::string basis{};       ///< SessionBasis::token: it counts while that token does
};

/// What a request that a session has assumed gives it at present.
struct SessionGrant {
  std::string request;
  std::optional<TimePoint> expires;  ///< by the request's end, or its session_ttl; nullopt: never
  std::string problem;               ///< why it gives nothing, a sentence; "": it is in force
};

using RequestPtr = std::shared_ptr<const RequestObject>;
using RolePtr = std::shared_ptr<const RoleObject>;
using UserPtr = std::shared_ptr<const UserObject>;
using ClusterPtr = std::shared_ptr<const ClusterObject>;
using SessionPtr = std::shared_ptr<const SessionObject>;

/// One change of what is kept, for watches. `before` is nullptr for what is new, `now` for what is
/// gone; exactly the pair of its kind is used.
struct StateChange {
  enum class Kind { kRequest, kRole, kUser, kCluster, kSession };
  template <typename T>
  struct Step {
    std::shared_ptr<const T> before;
    std::shared_ptr<const T> now;
  };

  Kind kind = Kind::kRequest;
  std::string name;
  Version version = 0;  ///< of the change; for what is gone that of the removal
  Step<RequestObject> request;
  Step<RoleObject> role;
  Step<UserObject> user;
  Step<ClusterObject> cluster;
  Step<SessionObject> session;
};

/// Who calls: what the data path proved.
struct Caller {
  rbac::UserInfo user;
  std::string session;        ///< id of the session whose token was used; "" for another credential
  std::string audit_id = {};  ///< of the request; "" when there is none
  std::string address = {};   ///< of the client, without a port
  SessionBasis basis = {};    ///< where a session may be made: of that credential
};

/// What a change rests on; 409 when it is not so.
struct Preconditions {
  std::string uid;                 ///< "": any
  std::optional<Version> version;  ///< nullopt: any
};

/// A request as a client sends it.
struct RequestDocument {
  rbac::request::NewRequest spec;
  std::string user;           ///< `spec.user`: "" or the caller's own final name, else 422
  std::string generate_name;  ///< "": a name of ten letters and digits
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};

/// An AccessReview as a client sends it.
struct ReviewDocument {
  enum class Decision { kApprove, kDeny, kRevoke };

  Decision decision = Decision::kDeny;
  std::string reason;
  /// Of the request and of the effective rules that the author saw; obligatory for kApprove and
  /// kDeny (422), and 409 when they are others today. kRevoke: checked when given.
  std::string uid;
  std::string effective_digest;
  std::optional<TimePoint> assume_start;  ///< kApprove only
};

/// What a session is asked to be.
struct SessionDocument {
  std::vector<std::string> requests;        ///< to be assumed
  std::optional<std::chrono::seconds> ttl;  ///< nullopt: `sessions.ttl`, or what is left of the
                                            ///< parent's
  bool confined = false;
};

/// A new session with its token, which is shown this once.
struct IssuedSession {
  SessionPtr session;
  std::string token;
};

/// What an invite is asked to be.
struct InviteDocument {
  std::optional<std::chrono::seconds> ttl;  ///< nullopt: `sessions.inviteTTL`
  /// The password counts no more from now on, and the sessions that it opened end.
  bool reset = false;
};

/// A one-time invite, shown this once.
struct IssuedInvite {
  std::string user;
  std::string token;
  TimePoint expires;
};

/// What the data path refused under a session.
struct RecordedRefusal {
  TimePoint time;
  std::string verb;
  std::string resource_id;  ///< "" where nothing could be requested
  std::string message;
};

}  // namespace postern::proxy::access
