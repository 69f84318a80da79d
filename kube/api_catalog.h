#pragma once

#include "kube/result.h"

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace postern::kube {

/// One served kind, as discovery tells it (metav1.APIResource).
struct ApiResource {
  std::string group;  ///< "" for core
  std::string version;
  std::string resource;  ///< plural
  std::string kind;      ///< "" where only subresources are served
  bool namespaced = false;
  std::set<std::string, std::less<>> verbs;         ///< of the main resource
  std::set<std::string, std::less<>> subresources;  ///< names, e.g. "status", "log"
};

/// Every kind that a cluster serves: an immutable value once built; replaced as a whole. Copyable;
/// reading is safe from any thread.
///
/// A group version whose discovery failed is *stale*: nothing is known of it, find() gives nullptr
/// and is_stale() says why, so that a broken aggregated API neither opens nor closes the others. An
/// entry that does not make sense (an impossible plural, say) is left out by itself: what is not
/// known is refused.
class ApiCatalog {
 public:
  /// Adds the resources of an aggregated discovery document (`APIGroupDiscoveryList`, v2 or
  /// v2beta1). The answers to `/api` and `/apis` are one each. Status (502) when it is none, and
  /// nothing is added. Source: KEP-3352, k8s.io/api/apidiscovery/v2.
  Result<void> add_aggregated(std::string_view json);
  /// Adds the resources of one legacy `APIResourceList` (/api/v1 or /apis/GROUP/VERSION), replacing
  /// what was known of that group version. Status (502) when it is none, or is of another group
  /// version. Versions of a group are preferred in the order in which they were first added.
  Result<void> add_resource_list(std::string_view group, std::string_view version,
                                 std::string_view json);
  /// Marks a group version as served but unknown; forgets what was known of it.
  void add_stale(std::string_view group, std::string_view version);

  /// The kind served under exactly this group, version and plural; nullptr where there is none.
  const ApiResource* find(std::string_view group, std::string_view version,
                          std::string_view resource) const;
  /// Any served version of the kind (preferred first); nullptr where there is none.
  const ApiResource* find(std::string_view group, std::string_view resource) const;
  bool is_stale(std::string_view group, std::string_view version) const;
  /// Every (group, version) that is stale, sorted.
  const std::set<std::tuple<std::string, std::string>, std::less<>>& stale() const {
    return stale_;
  }
  /// Kinds by Kind name, for events' references: the plural of (apiVersion's group, Kind), or "".
  std::string_view resource_of_kind(std::string_view group, std::string_view kind) const;
  /// Sorted by group, version and plural.
  std::vector<const ApiResource*> all() const;
  std::size_t size() const { return resources_.size(); }

 private:
  void forget(std::string_view group, std::string_view version);
  void add(ApiResource resource);
  void prefer_after_others(std::string_view group, std::string_view version);

  /// (group, version, plural) → kind.
  std::map<std::tuple<std::string, std::string, std::string>, ApiResource, std::less<>> resources_;
  /// group → versions, preferred first; stale ones too.
  std::map<std::string, std::vector<std::string>, std::less<>> versions_;
  /// (group, Kind) → plural.
  std::map<std::tuple<std::string, std::string>, std::string, std::less<>> plural_of_kind_;
  std::set<std::tuple<std::string, std::string>, std::less<>> stale_;  ///< (group, version)
};

/// Parsers of the two documents that list groups (`/api`: APIVersions, `/apis`: APIGroupList), for
/// servers without aggregated discovery: the (group, version) pairs to ask for, preferred versions
/// first. Pairs that no path can name are left out. 502 for any other document.
Result<std::vector<std::pair<std::string, std::string>>> parse_core_versions(std::string_view json);
Result<std::vector<std::pair<std::string, std::string>>> parse_group_list(std::string_view json);

}  // namespace postern::kube
