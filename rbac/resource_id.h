#pragma once

#include "kube/result.h"
#include "rbac/pattern.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// One of the 21 kinds with a short name (design §1 "Resource IDs").
struct ShortKind {
  std::string_view name;  ///< "kube_node"
  std::string_view group;
  std::string_view plural;
  bool namespaced;
};

const std::vector<ShortKind>& short_kinds();
/// By the short name; nullptr where there is none.
const ShortKind* find_short_kind(std::string_view name);
/// By group ("" is core) and plural.
const ShortKind* find_short_kind(std::string_view group, std::string_view plural);

/// A resource ID: what a request asks for and a grant confines to.
///
///     /CLUSTER/KIND/KUBE_CLUSTER/NAMESPACE/NAME   namespaced kinds
///     /CLUSTER/KIND/KUBE_CLUSTER/NAME             cluster-scoped kinds
///     /CLUSTER/kube_cluster/NAME                  a whole cluster
///     /CLUSTER/node/NAME                          node, db, app, windows_desktop
///
/// KIND is a short kind or `PLURAL.GROUP` (`PLURAL.core` for core). NAMESPACE and NAME are
/// patterns, compiled here. A kube cluster's name may contain slashes. An immutable value.
class ResourceId {
 public:
  enum class Scope { kNamespaced, kClusterScoped, kKubeCluster, kOther };

  /// 400 with a sentence that names the fault. A `PLURAL.GROUP` with two segments behind it is
  /// cluster-scoped, with three or more namespaced.
  static Result<ResourceId> parse(std::string_view text);

  Scope scope() const { return scope_; }
  const std::string& cluster() const { return cluster_; }
  const std::string& kind() const { return kind_; }  ///< as written: "pod", "widgets.e.com"
  const std::string& group() const { return group_; }
  const std::string& plural() const { return plural_; }  ///< "" but for kube kinds
  const std::string& kube_cluster() const { return kube_cluster_; }
  const Pattern& namespace_pattern() const { return namespace_; }
  /// kOther: the name, never a pattern. kKubeCluster: the cluster's name.
  const Pattern& name_pattern() const { return name_; }
  /// `/c/namespace/k/dev`: everything in the namespace.
  bool is_whole_namespace() const { return kind_ == "namespace"; }

  /// The ID as it is written; parse(str()) gives the same value.
  std::string str() const;

  friend bool operator==(const ResourceId& a, const ResourceId& b) { return a.str() == b.str(); }

 private:
  friend class ResourceIdParser;
  Scope scope_ = Scope::kOther;
  std::string cluster_;
  std::string kind_;
  std::string group_;
  std::string plural_;
  std::string kube_cluster_;
  Pattern namespace_;
  Pattern name_;
};

/// An object, or a pattern of objects, as resource_id_text() needs it. Views live as long as the
/// call.
struct IdObject {
  std::string_view group;
  std::string_view plural;
  bool namespaced = false;
  std::string_view namespace_;  ///< pattern text
  std::string_view name;        ///< pattern text
};

/// The text of the ID of a kube object, which nobody has parsed yet.
std::string resource_id_text(std::string_view cluster, std::string_view kube_cluster,
                             const IdObject& object);

}  // namespace postern::rbac
