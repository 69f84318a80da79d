#pragma once

#include "rbac/authorize.h"

#include <string>

namespace postern::cli {

/// The answer of `auth can-i` for people: `yes` or `no`, why, and in whose name.
std::string answer_text(const rbac::Decision& decision);
/// For `--explain`: the rule that decided as it was written and where, and the user's roles.
std::string explanation_text(const rbac::Decision& decision, const rbac::Policy& policy,
                             const rbac::UserInfo& user);
/// The same for programs:
/// {"allowed":…,"filtered":…,"explanation":…,"decidedBy":{"role":…,"rule":…},
/// "shares":[…],"status":{…}}.
std::string answer_json(const rbac::Decision& decision);
std::string answer_yaml(const rbac::Decision& decision);

}  // namespace postern::cli
