#pragma once

#include "rbac/authorize.h"

#include <string>

namespace postern::cli {

/// The answer of `auth can-i` for people: `yes` or `no`, why, and in whose name.
std::string answer_text(const rbac::Decision& decision);
/// The same for programs: {"allowed":…,"filtered":…,"explanation":…,"shares":[…],"status":{…}}.
std::string answer_json(const rbac::Decision& decision);
std::string answer_yaml(const rbac::Decision& decision);

}  // namespace postern::cli
