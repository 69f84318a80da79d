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
  /// The one kube cluster at which the name counts, because that cluster proved it (TokenReview,
  /// its own client CA); "": at all of them. Design §2 "Names".
  std::string kube_cluster{};

  bool counts_at(const std::string& cluster) const {
    return kube_cluster.empty() || kube_cluster == cluster;
  }

  friend bool operator==(const UserInfo&, const UserInfo&) = default;
};

}  // namespace postern::rbac
