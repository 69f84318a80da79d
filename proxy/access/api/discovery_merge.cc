#include "proxy/access/api/discovery_merge.h"

#include "kube/text.h"
#include "proxy/access/api/json.h"
#include "proxy/access/api/kinds.h"
#include "proxy/access/api/openapi.h"

#include <algorithm>
#include <utility>

namespace postern::proxy::access::api {
namespace {

// Discovery keeps the order in which the cluster wrote: groups are preferred by it.
using OrderedJson = nlohmann::ordered_json;

constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kDiscoveryGroup = "apidiscovery.k8s.io/";

std::string ordered_text(const OrderedJson& value) {
  return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

bool is_our_group(std::string_view group) {
  return kube::equals_ignore_case(group, kGroup);
}

OrderedJson group_version() {
  return {{"groupVersion", kApiVersion}, {"version", kVersion}};
}

OrderedJson api_group() {
  return {{"name", kGroup},
          {"versions", OrderedJson::array({group_version()})},
          {"preferredVersion", group_version()}};
}

OrderedJson response_kind(const std::string& kind) {
  return {{"group", kGroup}, {"version", kVersion}, {"kind", kind}};
}

OrderedJson aggregated_resource(const KindInfo& kind) {
  OrderedJson json = {{"resource", kind.resource},
                      {"responseKind", response_kind(kind.kind)},
                      {"scope", "Cluster"},
                      {"singularResource", kind.singular},
                      {"verbs", kind.verbs}};
  if (kind.everybodys) json["categories"] = {"access"};
  if (!kind.short_names.empty()) json["shortNames"] = kind.short_names;
  for (const SubresourceInfo& sub : kind.subresources) {
    json["subresources"].push_back({{"subresource", sub.name},
                                    {"responseKind", response_kind(sub.kind)},
                                    {"verbs", sub.verbs}});
  }
  return json;
}

/// apidiscovery.k8s.io APIGroupDiscovery; v2 and v2beta1 differ in the list's apiVersion only.
OrderedJson group_discovery() {
  OrderedJson resources = OrderedJson::array();
  for (const KindInfo& kind : kinds()) resources.push_back(aggregated_resource(kind));
  return {{"metadata", {{"name", kGroup}}},
          {"versions", OrderedJson::array({{{"version", kVersion},
                                            {"resources", std::move(resources)},
                                            {"freshness", "Current"}}})}};
}

OrderedJson legacy_resource(const std::string& name, const std::string& singular,
                            const std::string& kind, const std::vector<std::string>& verbs) {
  return {{"name", name},
          {"singularName", singular},
          {"namespaced", false},
          {"kind", kind},
          {"verbs", verbs}};
}

/// Takes out what a list has of postern's group, by the name that `name_of` reads.
template <typename NameOf>
void leave_out_ours(OrderedJson& list, NameOf name_of) {
  for (auto one = list.begin(); one != list.end();) {
    one = is_our_group(name_of(*one)) ? list.erase(one) : std::next(one);
  }
}

/// Puts postern's group last, but before the group that a store in this cluster keeps its objects
/// in: of two kinds with the same name kubectl takes the one whose group comes first.
template <typename NameOf>
void put_ours(OrderedJson& list, OrderedJson ours, NameOf name_of) {
  const auto store = std::find_if(list.begin(), list.end(), [&](const OrderedJson& one) {
    return name_of(one) == "store.postern.dev";
  });
  list.insert(store, std::move(ours));
}

std::string text_at(const OrderedJson& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool merge_groups(OrderedJson& document) {
  const std::string kind = text_at(document, "kind");
  if (kind == "APIGroupDiscoveryList" && document["items"].is_array()) {
    const auto name_of = [](const OrderedJson& item) {
      const auto metadata = item.is_object() ? item.find("metadata") : item.end();
      return metadata == item.end() ? std::string() : text_at(*metadata, "name");
    };
    leave_out_ours(document["items"], name_of);
    put_ours(document["items"], group_discovery(), name_of);
    return true;
  }
  if (kind == "APIGroupList" && document["groups"].is_array()) {
    const auto name_of = [](const OrderedJson& group) { return text_at(group, "name"); };
    leave_out_ours(document["groups"], name_of);
    put_ours(document["groups"], api_group(), name_of);
    return true;
  }
  return false;
}

bool merge_openapi_index(OrderedJson& document) {
  const auto paths = document.find("paths");
  if (paths == document.end() || !paths->is_object()) return false;
  for (auto path = paths->begin(); path != paths->end();) {
    const bool ours = kube::ascii_lower(path.key()).find(kGroup) != std::string::npos;
    path = ours ? paths->erase(path) : std::next(path);
  }
  (*paths)[std::string(kOpenApiKey)] = {{"serverRelativeURL", openapi_url()}};
  return true;
}

OrderedJson empty_groups(std::string_view client_accept) {
  for (const kube::AcceptClause& clause : kube::parse_accept(client_accept)) {
    if (!clause.takes_json()) continue;
    if (clause.conversion == kube::Conversion::kDiscovery) {
      return {{"kind", "APIGroupDiscoveryList"},
              {"apiVersion", std::string(kDiscoveryGroup) + clause.version},
              {"metadata", OrderedJson::object()},
              {"items", OrderedJson::array()}};
    }
    if (clause.conversion == kube::Conversion::kNone) break;
  }
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", OrderedJson::array()}};
}

}  // namespace

std::string api_group_document() {
  OrderedJson json = {{"kind", "APIGroup"}, {"apiVersion", "v1"}};
  json.update(api_group());
  return ordered_text(json) + "\n";
}

std::string api_resource_list() {
  OrderedJson resources = OrderedJson::array();
  for (const KindInfo& kind : kinds()) {
    OrderedJson resource = legacy_resource(kind.resource, kind.singular, kind.kind, kind.verbs);
    if (!kind.short_names.empty()) resource["shortNames"] = kind.short_names;
    if (kind.everybodys) resource["categories"] = {"access"};
    resources.push_back(std::move(resource));
    for (const SubresourceInfo& sub : kind.subresources) {
      resources.push_back(legacy_resource(kind.resource + "/" + sub.name, "", sub.kind, sub.verbs));
    }
  }
  return ordered_text({{"kind", "APIResourceList"},
                       {"apiVersion", "v1"},
                       {"groupVersion", kApiVersion},
                       {"resources", std::move(resources)}}) +
         "\n";
}

std::optional<MergedDocument> merged_document(std::string_view path) {
  if (path == "/apis" || path == "/apis/") return MergedDocument::kGroups;
  if (path == "/openapi/v3") return MergedDocument::kOpenApiIndex;
  return std::nullopt;
}

Result<std::string> merged_accept(std::string_view client_accept) {
  std::string accept;
  for (const kube::AcceptClause& clause :
       kube::parse_accept(client_accept.empty() ? kJsonType : client_accept)) {
    const bool served = clause.conversion == kube::Conversion::kNone ||
                        clause.conversion == kube::Conversion::kDiscovery;
    if (!served || !clause.takes_json()) continue;
    accept.append(accept.empty() ? "" : ",").append(clause.with_type(kJsonType));
  }
  if (!accept.empty()) return accept;
  return fail(kube::Status::not_acceptable(
      "only the following media types are accepted: application/json"));
}

Result<std::string> merge_document(MergedDocument document, std::string_view cluster_json) {
  OrderedJson json = OrderedJson::parse(cluster_json, nullptr, false);
  const bool merged =
      json.is_object() &&
      (document == MergedDocument::kGroups ? merge_groups(json) : merge_openapi_index(json));
  if (!merged) {
    return fail(kube::Status::bad_gateway("the cluster's discovery cannot be read"));
  }
  return ordered_text(json) + "\n";
}

Result<std::string> document_alone(MergedDocument document, std::string_view client_accept) {
  if (auto accept = merged_accept(client_accept); !accept) return accept;
  const OrderedJson empty = document == MergedDocument::kGroups
                                ? empty_groups(client_accept)
                                : OrderedJson{{"paths", OrderedJson::object()}};
  return merge_document(document, ordered_text(empty));
}

std::string merged_content_type(std::string_view json) {
  const std::string_view head = json.substr(0, 256);
  if (head.find("APIGroupDiscoveryList") == std::string_view::npos) return std::string(kJsonType);
  const bool beta = head.find("apidiscovery.k8s.io/v2beta1") != std::string_view::npos;
  return std::string(kJsonType) + ";g=apidiscovery.k8s.io;v=" + (beta ? "v2beta1" : "v2") +
         ";as=APIGroupDiscoveryList";
}

}  // namespace postern::proxy::access::api
