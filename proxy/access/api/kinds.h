#pragma once

#include "proxy/access/api/schema.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy::access::api {

inline constexpr std::string_view kGroup = "access.postern.dev";
inline constexpr std::string_view kVersion = "v1alpha1";
inline constexpr std::string_view kApiVersion = "access.postern.dev/v1alpha1";

/// A column of `kubectl get` (metav1.TableColumnDefinition).
struct Column {
  std::string name;
  std::string type;    ///< "string", "boolean", "date"
  std::string format;  ///< "name" of the first one
  std::string description;
  int priority = 0;  ///< 1: with `-o wide` only
};

/// A subresource: POST to it takes `kind`, GET of it gives it.
struct SubresourceInfo {
  std::string name;
  std::string kind;
  std::vector<std::string> verbs;
  Schema schema;
};

/// A resource of the access API: what discovery, OpenAPI, tables and the checks of bodies are
/// written from.
struct KindInfo {
  std::string resource;  ///< plural
  std::string singular;
  std::string kind;
  std::vector<std::string> short_names;
  std::vector<std::string> verbs;  ///< sorted
  /// Everybody may list those that they see: it is shown by `kubectl get access`.
  bool everybodys = false;
  std::vector<Column> columns;
  std::vector<std::string> selectable_fields;  ///< of field selectors
  Schema schema;
  std::vector<SubresourceInfo> subresources;

  bool has_verb(std::string_view verb) const;
  const SubresourceInfo* subresource(std::string_view name) const;
};

/// Every kind, by plural. Made once; safe from any thread.
const std::vector<KindInfo>& kinds();
/// nullptr where there is none.
const KindInfo* find_kind(std::string_view resource);

// Each of them, which must exist.
const KindInfo& access_requests();
const KindInfo& access_roles();
const KindInfo& access_users();
const KindInfo& kube_clusters();
const KindInfo& sessions();
const KindInfo& resource_searches();

// How they are made; in a file each.
KindInfo make_access_requests();
KindInfo make_access_roles();
KindInfo make_access_users();
KindInfo make_kube_clusters();
KindInfo make_sessions();
KindInfo make_resource_searches();

}  // namespace postern::proxy::access::api
