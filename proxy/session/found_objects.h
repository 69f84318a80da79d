#pragma once

#include "proxy/access/api/resource_finder.h"
#include "proxy/session/object_lister.h"
#include "rbac/resource_id.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace postern::proxy {

/// The kind that a search is about, by the words that people use.
struct SearchedKind {
  std::string group;
  std::string plural;
};

/// A short kind ("pod", "kube_node"), `PLURAL.GROUP` (`PLURAL.core`), or the plural of a short kind
/// ("pods"); nullopt for anything else.
std::optional<SearchedKind> searched_kind(std::string_view text);

/// Whether every word is somewhere in the name, the namespace, or a label's key or value, in any
/// case.
bool has_words(const ObjectSummary& object, const std::vector<std::string>& words);

/// Makes the answer's entries of what was found under one cluster and kind.
class FoundObjects {
 public:
  FoundObjects(std::string installation, std::string kube_cluster,
               const kube::ApiResource& resource)
      : installation_(std::move(installation)),
        kube_cluster_(std::move(kube_cluster)),
        resource_(resource) {}

  access::FoundResource found(ObjectSummary object) const;
  /// The pattern of all pods of the workload that this pod belongs to, or of this workload's own
  /// pods: pods' names end with a rollout, the pattern stays. Each pattern once; nullopt for
  /// objects that have nothing to do with pods.
  std::optional<access::FoundPattern> new_pattern(const ObjectSummary& object);

 private:
  std::string id(std::string_view namespace_, std::string_view name) const;

  std::string installation_;
  std::string kube_cluster_;
  const kube::ApiResource& resource_;
  std::set<std::string> patterns_;
};

}  // namespace postern::proxy
