#include "cli/kube/covering_id.h"

#include "rbac/resource_id.h"

namespace postern::cli {
namespace {

using rbac::ResourceId;
using Scope = ResourceId::Scope;

bool covers(const rbac::Pattern& wide, const rbac::Pattern& narrow) {
  return wide.covers(narrow, rbac::Effect::kAllow);
}

bool covers_namespace(const ResourceId& wide, const ResourceId& narrow) {
  if (narrow.is_whole_namespace()) return covers(wide.name_pattern(), narrow.name_pattern());
  return narrow.scope() == Scope::kNamespaced &&
         covers(wide.name_pattern(), narrow.namespace_pattern());
}

}  // namespace

bool covers_id(const std::string& wide_text, const std::string& narrow_text) {
  if (wide_text == narrow_text) return true;
  const auto wide = ResourceId::parse(wide_text);
  const auto narrow = ResourceId::parse(narrow_text);
  if (!wide || !narrow || wide->cluster() != narrow->cluster()) return false;
  if (wide->scope() == Scope::kOther || narrow->scope() == Scope::kOther) return false;
  if (narrow->scope() == Scope::kKubeCluster) return false;
  if (wide->scope() == Scope::kKubeCluster) {
    return wide->name_pattern().text() == narrow->kube_cluster();
  }
  if (wide->kube_cluster() != narrow->kube_cluster()) return false;
  if (wide->is_whole_namespace()) return covers_namespace(*wide, *narrow);
  return wide->scope() == narrow->scope() && wide->group() == narrow->group() &&
         wide->plural() == narrow->plural() &&
         (wide->scope() == Scope::kClusterScoped ||
          covers(wide->namespace_pattern(), narrow->namespace_pattern())) &&
         covers(wide->name_pattern(), narrow->name_pattern());
}

}  // namespace postern::cli
