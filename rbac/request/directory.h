#pragma once

#include "kube/api_catalog.h"
#include "rbac/role.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac::request {

using TimePoint = std::chrono::system_clock::time_point;

/// A user as requests and reviews see them: the final name (prefixes applied), and what *static*
/// roles give, whatever a session has assumed. A locked user, or one with a role that does not
/// exist, has no roles here.
struct Person {
  std::string name;
  Traits traits;
  std::vector<std::shared_ptr<const Role>> roles;

  std::vector<std::string> role_names() const;
};

/// A kube cluster as requests see it.
struct KnownCluster {
  std::map<std::string, std::string> labels;
  /// The UID of its `kube-system`; "" while the cluster has not been reached.
  std::string uid;
  /// What it serves; nullptr while the cluster has not been reached.
  std::shared_ptr<const kube::ApiCatalog> catalog;
};

/// What requests are checked against: one snapshot of roles and clusters. A value.
struct Directory {
  std::string cluster_name;  ///< the first segment of every resource ID
  std::map<std::string, std::shared_ptr<const Role>, std::less<>> roles;
  std::map<std::string, KnownCluster, std::less<>> kube_clusters;

  /// nullptr where there is none.
  const Role* role(std::string_view name) const;
  const KnownCluster* kube_cluster(std::string_view name) const;
};

/// Bounds of requests, with their defaults. Source: design §4.
struct Limits {
  std::size_t reason_bytes = 4096;  ///< of a request and of a review
  std::size_t resource_ids = 300;
  std::size_t resource_id_bytes = 2048;  ///< of all IDs together, repeated ones once
  std::size_t roles = 100;
  std::size_t reviewers = 100;
  std::size_t thresholds = 4096;          ///< distinct ones
  std::size_t effective_bytes = 1 << 18;  ///< of the effective rules' serialised form
  std::chrono::seconds access = std::chrono::hours(14 * 24);
  std::chrono::seconds pending = std::chrono::hours(7 * 24);
  std::chrono::seconds assume_start = std::chrono::hours(7 * 24);  ///< after the creation
  std::chrono::seconds session = std::chrono::hours(30);
};

/// What `rules` say about a verb on one of postern's own kinds, and in which role. Refers to the
/// person's roles.
struct Administration {
  bool allowed = false;
  const Role* role = nullptr;  ///< that allows or denies it; nullptr: none says anything
};

/// What `rules` of the person's static roles say of this verb on one of postern's own kinds
/// ("access_request", "update"); denies go first, `*` is any. Design §2 on access.postern.dev.
Administration administration(const Person& person, std::string_view resource,
                              std::string_view verb);
/// Whether they allow it.
bool administers(const Person& person, std::string_view resource, std::string_view verb);

/// Whether labels of some static role, or of a role that one of them may search as, match this
/// cluster: who it does not hold for must not learn that the cluster exists.
bool sees_cluster(const Person& person, const Directory& directory, const KnownCluster& cluster);

}  // namespace postern::rbac::request
