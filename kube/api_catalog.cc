#include "kube/api_catalog.h"

#include "kube/discovery_documents.h"

#include <algorithm>

namespace postern::kube {
namespace {

using GroupVersion = std::tuple<std::string_view, std::string_view>;
using Key = std::tuple<std::string_view, std::string_view, std::string_view>;

}  // namespace

Result<void> ApiCatalog::add_aggregated(std::string_view json) {
  auto versions = read_aggregated_discovery(json);
  if (!versions) return fail(versions.error());
  for (DiscoveredVersion& found : *versions) {
    if (found.stale) {
      add_stale(found.group, found.version);
      continue;
    }
    forget(found.group, found.version);
    prefer_after_others(found.group, found.version);
    for (ApiResource& resource : found.resources) add(std::move(resource));
  }
  return {};
}

Result<void> ApiCatalog::add_resource_list(std::string_view group, std::string_view version,
                                           std::string_view json) {
  auto found = read_resource_list(group, version, json);
  if (!found) return fail(found.error());
  forget(group, version);
  prefer_after_others(group, version);
  for (ApiResource& resource : found->resources) add(std::move(resource));
  return {};
}

void ApiCatalog::add_stale(std::string_view group, std::string_view version) {
  forget(group, version);
  prefer_after_others(group, version);
  stale_.emplace(group, version);
}

const ApiResource* ApiCatalog::find(std::string_view group, std::string_view version,
                                    std::string_view resource) const {
  const auto found = resources_.find(Key(group, version, resource));
  return found == resources_.end() ? nullptr : &found->second;
}

const ApiResource* ApiCatalog::find(std::string_view group, std::string_view resource) const {
  const auto versions = versions_.find(group);
  if (versions == versions_.end()) return nullptr;
  for (const std::string& version : versions->second) {
    if (const ApiResource* found = find(group, version, resource)) return found;
  }
  return nullptr;
}

bool ApiCatalog::is_stale(std::string_view group, std::string_view version) const {
  return stale_.contains(GroupVersion(group, version));
}

std::string_view ApiCatalog::resource_of_kind(std::string_view group, std::string_view kind) const {
  const auto found = plural_of_kind_.find(GroupVersion(group, kind));
  return found == plural_of_kind_.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<const ApiResource*> ApiCatalog::all() const {
  std::vector<const ApiResource*> result;
  result.reserve(resources_.size());
  for (const auto& [key, resource] : resources_) result.push_back(&resource);
  return result;
}

/// Kind names that other versions of the group still serve stay known.
void ApiCatalog::forget(std::string_view group, std::string_view version) {
  if (const auto stale = stale_.find(GroupVersion(group, version)); stale != stale_.end()) {
    stale_.erase(stale);
  }
  auto entry = resources_.lower_bound(Key(group, version, ""));
  while (entry != resources_.end() && entry->second.group == group &&
         entry->second.version == version) {
    entry = resources_.erase(entry);
  }
  std::erase_if(plural_of_kind_, [&](const auto& known) {
    return std::get<0>(known.first) == group && find(group, known.second) == nullptr;
  });
}

void ApiCatalog::add(ApiResource resource) {
  if (!resource.kind.empty()) {
    plural_of_kind_.try_emplace({resource.group, resource.kind}, resource.resource);
  }
  std::tuple key(resource.group, resource.version, resource.resource);
  resources_.insert_or_assign(std::move(key), std::move(resource));
}

void ApiCatalog::prefer_after_others(std::string_view group, std::string_view version) {
  auto& versions = versions_[std::string(group)];
  if (std::find(versions.begin(), versions.end(), version) == versions.end()) {
    versions.emplace_back(version);
  }
}

}  // namespace postern::kube
