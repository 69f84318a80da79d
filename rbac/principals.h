#pragma once

#include <string>
#include <vector>

namespace postern::rbac {

/// Whom a request is made as at the API server. `user` is never empty in an allowed decision.
struct Principals {
  std::string user;
  std::vector<std::string> groups;  ///< sorted, `system:authenticated` included
  friend bool operator==(const Principals&, const Principals&) = default;
};

}  // namespace postern::rbac
