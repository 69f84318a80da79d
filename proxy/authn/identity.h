#pragma once

#include "rbac/user_info.h"

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::proxy {

/// Why a credential proves nobody: a sentence for the log.
using Refusal = tl::unexpected<std::string>;

/// What an authenticator puts before the names that it proves; `prefix:` of the configuration.
/// Empty for an authenticator that is trusted with every name.
struct NamePrefix {
  std::string users;
  std::string groups;
  friend bool operator==(const NamePrefix&, const NamePrefix&) = default;
};

/// Why a name can be no user's or group's, or nullopt. Refused: nothing at all, more than 1024
/// bytes, spaces at the edges, what is no printable UTF-8: such a name would not survive a header
/// or a log as itself.
std::optional<std::string> name_problem(std::string_view name);

/// Makes the final identity of what an authenticator proved: prefixes applied, every name checked,
/// `system:authenticated` added to the groups (as kube-apiserver's AuthenticatedGroupAdder), no
/// group twice. An error is a sentence for the log.
///
/// `system:` names may come from any authenticator that has no prefix, as in kube-apiserver: they
/// give nothing in postern but what roles give them, and what of them reaches a cluster is decided
/// by `impersonation:`. `system:anonymous` and `system:unauthenticated` are refused: nobody proves
/// to be nobody.
tl::expected<rbac::UserInfo, std::string> finish_identity(rbac::UserInfo proved,
                                                          const NamePrefix& prefix);

}  // namespace postern::proxy
