#pragma once

#include <string>
#include <vector>

namespace postern::rbac {

/// Who makes a request, as an authenticator proved it (k8s.io/apiserver authentication/user.Info).
/// Names are final: prefixes already applied.
struct UserInfo {
  std::string name;
  std::vector<std::string> groups;
  std::string uid;

  friend bool operator==(const UserInfo&, const UserInfo&) = default;
};

}  // namespace postern::rbac
