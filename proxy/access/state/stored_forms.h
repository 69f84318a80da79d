#pragma once

#include "kube/result.h"
#include "proxy/access/state/objects.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

/// What is in the store under each kind: JSON with the object's metadata beside its own form. What
/// does not decode as a whole is 500 and does not count.
namespace postern::proxy::access {

inline constexpr std::string_view kRequestKind = "accessrequest";
inline constexpr std::string_view kRoleKind = "accessrole";
inline constexpr std::string_view kUserKind = "accessuser";
inline constexpr std::string_view kLoginKind = "login";
inline constexpr std::string_view kSessionKind = "session";
/// What files and clusters gave last: its writes give their changes a version.
inline constexpr std::string_view kGivenKind = "given";
/// A session as it is kept: the secret by its digest alone.
struct StoredSession {
  SessionObject object;
  std::string digest;  ///< of the token's secret
};

/// How a user logs in.
struct StoredLogin {
  std::string password;  ///< encoded hash; "": none
  std::string invite;    ///< digest of a one-time invite; "": none
  TimePoint invite_ends;
  bool first = false;  ///< of the first administrator, who has not redeemed an invite yet
};

/// 500 for what could not be read back (rbac/request/stored_request.h).
Result<std::string> encode(const RequestObject& request);
std::string encode(const RoleObject& role);
std::string encode(const UserObject& user);
std::string encode(const StoredSession& session);
std::string encode(const StoredLogin& login);

Result<RequestObject> decode_request(const StoredObject& stored);
Result<RoleObject> decode_role(const StoredObject& stored);
Result<UserObject> decode_user(const StoredObject& stored);
Result<StoredSession> decode_session(const StoredObject& stored);
Result<StoredLogin> decode_login(const StoredObject& stored);

/// What people may see of a stored object at a glance, without secrets: the `summary` of custom
/// resources (charts/postern/files/crds). Empty for what cannot be read.
std::map<std::string, std::string> summary_of(const std::string& kind, const std::string& data);

}  // namespace postern::proxy::access
