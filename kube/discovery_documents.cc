#include "kube/discovery_documents.h"

#include "kube/api_grammar.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace postern::kube {
namespace {

using Json = nlohmann::json;
using GroupVersions = std::vector<std::pair<std::string, std::string>>;

Status not_a(std::string_view kind) {
  return Status::bad_gateway("the API server's discovery answer is not an " + std::string(kind));
}

/// The string member, or "" where it is absent or something else.
std::string text_of(const Json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

/// The array member; an empty array where it is absent or something else.
const Json& list_of(const Json& object, const char* key) {
  static const Json kEmpty = Json::array();
  const auto member = object.find(key);
  return member != object.end() && member->is_array() ? *member : kEmpty;
}

/// The object member; an empty object where it is absent or something else.
const Json& object_of(const Json& object, const char* key) {
  static const Json kEmpty = Json::object();
  const auto member = object.find(key);
  return member != object.end() && member->is_object() ? *member : kEmpty;
}

std::set<std::string, std::less<>> verbs_of(const Json& resource) {
  std::set<std::string, std::less<>> verbs;
  for (const Json& verb : list_of(resource, "verbs")) {
    if (verb.is_string()) verbs.insert(verb.get<std::string>());
  }
  return verbs;
}

/// Parses a document of this kind; null when it is anything else.
Json parse_document(std::string_view text, std::string_view kind) {
  Json document = Json::parse(text, nullptr, false);
  if (!document.is_object() || text_of(document, "kind") != kind) return nullptr;
  return document;
}

bool is_served_group(std::string_view group) {
  return group.empty() || is_api_group(group);
}

bool read_aggregated_resource(const Json& json, ApiResource& resource) {
  if (!json.is_object()) return false;
  resource.resource = text_of(json, "resource");
  resource.kind = text_of(object_of(json, "responseKind"), "kind");
  resource.verbs = verbs_of(json);
  const std::string scope = text_of(json, "scope");
  resource.namespaced = scope == "Namespaced";
  for (const Json& entry : list_of(json, "subresources")) {
    if (!entry.is_object()) continue;
    std::string subresource = text_of(entry, "subresource");
    if (is_dns_label(subresource)) resource.subresources.insert(std::move(subresource));
  }
  return is_dns_label(resource.resource) && (resource.namespaced || scope == "Cluster");
}

bool read_aggregated_version(const Json& json, DiscoveredVersion& found) {
  if (!json.is_object()) return false;
  found.version = text_of(json, "version");
  if (!is_api_version(found.version)) return false;
  const std::string freshness = text_of(json, "freshness");
  found.stale = !freshness.empty() && freshness != "Current";
  if (found.stale) return true;
  for (const Json& entry : list_of(json, "resources")) {
    ApiResource resource;
    resource.group = found.group;
    resource.version = found.version;
    if (read_aggregated_resource(entry, resource)) found.resources.push_back(std::move(resource));
  }
  return true;
}

/// Adds one entry of a legacy list (`pods` or `pods/log`) to the resources found so far.
void read_legacy_resource(const Json& json, DiscoveredVersion& found) {
  if (!json.is_object()) return;
  const std::string name = text_of(json, "name");
  const std::size_t slash = name.find('/');
  const std::string plural = name.substr(0, slash);
  const std::string subresource = slash == std::string::npos ? "" : name.substr(slash + 1);
  const auto namespaced = json.find("namespaced");
  if (!is_dns_label(plural) || (slash != std::string::npos && !is_dns_label(subresource)) ||
      namespaced == json.end() || !namespaced->is_boolean()) {
    return;
  }
  auto& all = found.resources;
  auto resource = std::find_if(all.begin(), all.end(),
                               [&](const ApiResource& other) { return other.resource == plural; });
  if (resource == all.end()) {
    resource = all.insert(all.end(), ApiResource{});
    resource->group = found.group;
    resource->version = found.version;
    resource->resource = plural;
    resource->namespaced = namespaced->get<bool>();
  }
  if (slash != std::string::npos) {
    resource->subresources.insert(subresource);
    return;
  }
  resource->kind = text_of(json, "kind");
  resource->verbs = verbs_of(json);
  resource->namespaced = namespaced->get<bool>();
}

/// The group versions of one APIGroup, the preferred one first.
void read_group(const Json& group, GroupVersions& out) {
  const std::string name = text_of(group, "name");
  if (!is_api_group(name)) return;
  const std::string preferred = text_of(object_of(group, "preferredVersion"), "version");
  std::vector<std::string> versions;
  for (const Json& entry : list_of(group, "versions")) {
    if (!entry.is_object()) continue;
    std::string version = text_of(entry, "version");
    if (is_api_version(version)) versions.push_back(std::move(version));
  }
  std::stable_partition(versions.begin(), versions.end(),
                        [&](const std::string& version) { return version == preferred; });
  for (std::string& version : versions) out.emplace_back(name, std::move(version));
}

}  // namespace

Result<std::vector<DiscoveredVersion>> read_aggregated_discovery(std::string_view json) {
  const Json document = parse_document(json, "APIGroupDiscoveryList");
  if (document.is_null()) return fail(not_a("APIGroupDiscoveryList"));
  const std::string api_version = text_of(document, "apiVersion");
  const auto items = document.find("items");
  if ((api_version != "apidiscovery.k8s.io/v2" && api_version != "apidiscovery.k8s.io/v2beta1") ||
      items == document.end() || !items->is_array()) {
    return fail(not_a("APIGroupDiscoveryList of a known version"));
  }
  std::vector<DiscoveredVersion> versions;
  for (const Json& group : *items) {
    if (!group.is_object()) continue;
    const std::string name = text_of(object_of(group, "metadata"), "name");
    if (!is_served_group(name)) continue;
    for (const Json& entry : list_of(group, "versions")) {
      DiscoveredVersion found;
      found.group = name;
      if (read_aggregated_version(entry, found)) versions.push_back(std::move(found));
    }
  }
  return versions;
}

Result<DiscoveredVersion> read_resource_list(std::string_view group, std::string_view version,
                                             std::string_view json) {
  const Json document = parse_document(json, "APIResourceList");
  if (document.is_null()) return fail(not_a("APIResourceList"));
  std::string expected(version);
  if (!group.empty()) expected = std::string(group) + "/" + expected;
  if (text_of(document, "groupVersion") != expected) {
    return fail(not_a("APIResourceList of " + expected));
  }
  DiscoveredVersion found;
  found.group = group;
  found.version = version;
  for (const Json& entry : list_of(document, "resources")) read_legacy_resource(entry, found);
  return found;
}

Result<GroupVersions> parse_core_versions(std::string_view json) {
  const Json document = parse_document(json, "APIVersions");
  if (document.is_null()) return fail(not_a("APIVersions"));
  GroupVersions versions;
  for (const Json& version : list_of(document, "versions")) {
    if (version.is_string() && is_api_version(version.get<std::string>())) {
      versions.emplace_back("", version.get<std::string>());
    }
  }
  return versions;
}

Result<GroupVersions> parse_group_list(std::string_view json) {
  const Json document = parse_document(json, "APIGroupList");
  if (document.is_null()) return fail(not_a("APIGroupList"));
  GroupVersions versions;
  for (const Json& group : list_of(document, "groups")) {
    if (group.is_object()) read_group(group, versions);
  }
  return versions;
}

}  // namespace postern::kube
