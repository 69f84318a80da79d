#pragma once

#include "rbac/authorize.h"
#include "rbac/subject_rules.h"

#include <string>
#include <vector>

namespace postern::rbac {

/// Why no principals could be chosen: a 403's message.
struct PrincipalRefusal {
  enum class Kind {
    kSeveralUsers,  ///< the client has to choose
    kNotAllowed,    ///< the client chose somebody else
  };
  Kind kind = Kind::kSeveralUsers;
  std::string resource;  ///< kNotAllowed: "users" or "groups"
  std::string name;      ///< kNotAllowed: whom
  std::vector<std::string> users;
};

/// Whom the roles together may be used as: their users (none: the postern user) and their groups,
/// and `system:authenticated`; of those what the client chose. Roles with a problem must have been
/// left out. Source: design §2 "Impersonation".
tl::expected<Principals, PrincipalRefusal> choose_principals(
    const UserInfo& user, const std::vector<const UsableRole*>& roles,
    const ImpersonationChoice& choice);

/// The postern user alone, with `system:authenticated`.
Principals own_principals(const UserInfo& user);

inline constexpr const char* kAuthenticated = "system:authenticated";

}  // namespace postern::rbac
