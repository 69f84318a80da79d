#include "proxy/upstream/discovery_reader.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

// Tested by tests/proxy/upstream/discovery_test.cc
namespace postern::proxy {
namespace {

/// As client-go asks (discovery_client.go): the first that the server has.
constexpr std::string_view kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    "application/json";

constexpr std::size_t kMaxIdentityBytes = 256 * 1024;

using GroupVersions = std::vector<std::pair<std::string, std::string>>;

Task<Result<FetchedResponse>> get(UpstreamPool& pool, std::string path, std::string_view accept,
                                  std::string tag, std::size_t max_bytes) {
  std::vector<std::pair<std::string, std::string>> fields;
  fields.emplace_back("Accept", accept);
  if (!tag.empty()) fields.emplace_back("If-None-Match", std::move(tag));
  co_return co_await fetch(pool, "GET", std::move(path), std::move(fields), "", max_bytes);
}

Result<void> require_ok(const FetchedResponse& document) {
  if (document.status == 200) return {};
  return fail(kube::Status::bad_gateway("the cluster answered discovery with status " +
                                        std::to_string(document.status)));
}

bool is_aggregated(const FetchedResponse& document) {
  return document.content_type.find("as=APIGroupDiscoveryList") != std::string::npos;
}

std::string group_version_path(std::string_view group, std::string_view version) {
  std::string path = group.empty() ? "/api" : "/apis/" + std::string(group);
  return path.append("/").append(version);
}

/// An entity tag that can be sent back as it came.
std::string usable_tag(const std::string& tag) {
  return tag.size() <= 256 ? tag : "";
}

struct Documents {
  FetchedResponse core;
  FetchedResponse groups;
};

/// Both documents, in full; nullopt when both are as `tags` say.
Task<Result<std::optional<Documents>>> read_documents(UpstreamPool& pool, DiscoveryTags tags,
                                                      std::size_t max_bytes) {
  auto core = co_await get(pool, "/api", kAggregated, tags.core, max_bytes);
  if (!core) co_return fail(core.error());
  auto groups = co_await get(pool, "/apis", kAggregated, tags.groups, max_bytes);
  if (!groups) co_return fail(groups.error());
  const bool core_kept = core->status == 304 && !tags.core.empty();
  const bool groups_kept = groups->status == 304 && !tags.groups.empty();
  if (core_kept && groups_kept) co_return std::optional<Documents>();
  if (core_kept) core = co_await get(pool, "/api", kAggregated, "", max_bytes);
  if (groups_kept) groups = co_await get(pool, "/apis", kAggregated, "", max_bytes);
  if (!core) co_return fail(core.error());
  if (!groups) co_return fail(groups.error());
  if (auto ok = require_ok(*core); !ok) co_return fail(ok.error());
  if (auto ok = require_ok(*groups); !ok) co_return fail(ok.error());
  co_return Documents{std::move(*core), std::move(*groups)};
}

/// Adds an aggregated document, or says which group versions are to be read one by one.
Result<GroupVersions> add_document(kube::ApiCatalog& catalog, const FetchedResponse& document,
                                   bool is_core) {
  if (!is_aggregated(document)) {
    return is_core ? kube::parse_core_versions(document.body)
                   : kube::parse_group_list(document.body);
  }
  if (auto added = catalog.add_aggregated(document.body); !added) return fail(added.error());
  return GroupVersions();
}

/// A text in a small JSON answer; "" where it is not.
std::string text_at(const FetchedResponse& answer, const char* pointer) {
  const auto document = nlohmann::json::parse(answer.body, nullptr, false);
  const nlohmann::json::json_pointer place(pointer);
  if (answer.status != 200 || !document.is_object() || !document.contains(place)) return {};
  const auto& value = document.at(place);
  const bool usable = value.is_string() && value.get_ref<const std::string&>().size() <= 128;
  return usable ? value.get<std::string>() : std::string();
}

bool is_trouble(const FetchedResponse& answer) {
  return answer.status >= 500 || answer.status == 429;
}

}  // namespace

Task<Result<ClusterIdentity>> read_identity(UpstreamPool& pool) {
  const auto space = co_await get(pool, "/api/v1/namespaces/kube-system", "application/json", "",
                                  kMaxIdentityBytes);
  if (!space) co_return fail(space.error());
  const auto version = co_await get(pool, "/version", "application/json", "", kMaxIdentityBytes);
  if (!version) co_return fail(version.error());
  if (is_trouble(*space) || is_trouble(*version)) {
    co_return fail(kube::Status::bad_gateway("the cluster cannot say which one it is"));
  }
  co_return ClusterIdentity{text_at(*space, "/metadata/uid"), text_at(*version, "/gitVersion")};
}

Task<Result<FetchedResponse>> get_group_version(UpstreamPool& pool, std::string group,
                                                std::string version, std::size_t max_bytes) {
  co_return co_await get(pool, group_version_path(group, version), "application/json", "",
                         max_bytes);
}

GroupVersionAnswer add_group_version(kube::ApiCatalog& catalog, const std::string& group,
                                     const std::string& version, const FetchedResponse& answer) {
  if (answer.status == 404) return GroupVersionAnswer::kNotServed;
  if (answer.status != 200) return GroupVersionAnswer::kBroken;
  const auto added = catalog.add_resource_list(group, version, answer.body);
  return added ? GroupVersionAnswer::kRead : GroupVersionAnswer::kBroken;
}

Task<Result<std::shared_ptr<const kube::ApiCatalog>>> read_discovery(UpstreamPool& pool,
                                                                     DiscoveryTags& tags,
                                                                     std::size_t max_bytes) {
  const auto documents = co_await read_documents(pool, tags, max_bytes);
  if (!documents) co_return fail(documents.error());
  if (!documents->has_value()) co_return std::shared_ptr<const kube::ApiCatalog>();
  const Documents& both = **documents;

  auto catalog = std::make_shared<kube::ApiCatalog>();
  auto one_by_one = add_document(*catalog, both.core, true);
  if (!one_by_one) co_return fail(one_by_one.error());
  const auto more = add_document(*catalog, both.groups, false);
  if (!more) co_return fail(more.error());
  one_by_one->insert(one_by_one->end(), more->begin(), more->end());
  for (const auto& [group, version] : *one_by_one) {
    const auto answer = co_await get_group_version(pool, group, version, max_bytes);
    if (!answer) co_return fail(answer.error());
    const auto added = add_group_version(*catalog, group, version, *answer);
    if (added != GroupVersionAnswer::kRead) catalog->add_stale(group, version);
  }
  // Without the aggregated form a tag says nothing about the documents behind it.
  tags.core = is_aggregated(both.core) ? usable_tag(both.core.etag) : "";
  tags.groups = is_aggregated(both.groups) ? usable_tag(both.groups.etag) : "";
  co_return catalog;
}

}  // namespace postern::proxy
