// Discovery documents: whatever an API server sends, the catalogue holds only kinds that a path can
// name, each of them found under its own key.

#include "kube/api_catalog.h"
#include "kube/api_grammar.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace postern::kube;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const ApiCatalog& catalog) {
  for (const ApiResource* resource : catalog.all()) {
    require(is_dns_label(resource->resource) && is_api_version(resource->version));
    require(resource->group.empty() || is_api_group(resource->group));
    require(catalog.find(resource->group, resource->version, resource->resource) == resource);
    require(catalog.find(resource->group, resource->resource) != nullptr);
    require(!catalog.is_stale(resource->group, resource->version));
    if (!resource->kind.empty()) {
      require(!catalog.resource_of_kind(resource->group, resource->kind).empty());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  ApiCatalog catalog;
  const bool aggregated = catalog.add_aggregated(json).has_value();
  check(catalog);
  const bool core = catalog.add_resource_list("", "v1", json).has_value();
  catalog.add_resource_list("apps", "v1", json);
  check(catalog);
  require(!(aggregated && core));
  catalog.add_stale("apps", "v1");
  check(catalog);
  for (const auto& groups : {parse_core_versions(json), parse_group_list(json)}) {
    if (!groups) continue;
    for (const auto& [group, version] : *groups) {
      require((group.empty() || is_api_group(group)) && is_api_version(version));
    }
  }
  return 0;
}
