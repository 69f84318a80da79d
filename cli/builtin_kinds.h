#pragma once

#include "kube/api_catalog.h"

#include <optional>
#include <string>
#include <string_view>

namespace postern::cli {

/// A kind as people write it, found: served or built in.
struct NamedKind {
  kube::ApiResource resource;
  bool guessed = false;  ///< nobody knows it; version and scope were assumed
};

/// The kind that `text` names among Kubernetes' own: a plural, singular or Kind name (`pods`,
/// `pod`, `Pod`), a short name (`po`), `PLURAL.GROUP` (`deployments.apps`, `pods.core`), or a short
/// kind of resource IDs (`kube_node`). A `PLURAL.GROUP` that is not Kubernetes' own is guessed:
/// version v1, namespaced unless `cluster_scoped`. nullopt for everything else.
std::optional<NamedKind> find_builtin_kind(std::string_view text, bool cluster_scoped);

/// The same among what a cluster serves: plurals and Kind names in any group, `PLURAL.GROUP`, and
/// the short names above.
std::optional<NamedKind> find_served_kind(std::string_view text, const kube::ApiCatalog& catalog);

}  // namespace postern::cli
