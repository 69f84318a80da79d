#include "proxy/access/api/discovery_merge.h"

#include "kube/discovery_documents.h"
#include "proxy/access/api/json.h"
#include "proxy/access/api/kinds.h"
#include "proxy/access/api/openapi.h"

#include <doctest/doctest.h>
#include <set>
#include <string>

namespace {

using namespace postern::proxy::access::api;

constexpr const char* kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

TEST_CASE("the group is added to aggregated discovery, and the cluster's own of that name goes") {
  const auto merged = merge_document(
      MergedDocument::kGroups,
      R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},
          "items":[{"metadata":{"name":"apps"},"versions":[]},
                   {"metadata":{"name":"Access.Postern.dev"},"versions":[{"version":"v9"}]}]})");
  REQUIRE(merged);
  const Json json = Json::parse(*merged);
  REQUIRE(json["items"].size() == 2);
  CHECK(json["items"][0]["metadata"]["name"] == "apps");
  CHECK(json["items"][1]["versions"][0]["version"] == "v1alpha1");
  CHECK(merged_content_type(*merged) ==
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  // As postern itself reads a cluster's.
  const auto read = postern::kube::read_aggregated_discovery(*merged);
  REQUIRE(read);
  CHECK(read->back().group == "access.postern.dev");
  CHECK(read->back().resources.size() == kinds().size());
}

TEST_CASE("the group comes before the one of a store in the same cluster") {
  const auto merged =
      merge_document(MergedDocument::kGroups,
                     R"({"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"apps"},
          {"name":"store.postern.dev"},{"name":"z.example.com"}]})");
  REQUIRE(merged);
  const Json groups = Json::parse(*merged)["groups"];
  REQUIRE(groups.size() == 4);
  CHECK(groups[1]["name"] == "access.postern.dev");
  CHECK(groups[2]["name"] == "store.postern.dev");
}

TEST_CASE("the group is added to the legacy list") {
  const auto merged = merge_document(MergedDocument::kGroups,
                                     R"({"kind":"APIGroupList","apiVersion":"v1","groups":[]})");
  REQUIRE(merged);
  CHECK(Json::parse(*merged)["groups"][0]["preferredVersion"]["groupVersion"] ==
        "access.postern.dev/v1alpha1");
  CHECK(merged_content_type(*merged) == "application/json");
}

TEST_CASE("the group version is added to OpenAPI's index") {
  const auto merged =
      merge_document(MergedDocument::kOpenApiIndex,
                     R"({"paths":{"api/v1":{"serverRelativeURL":"/openapi/v3/api/v1?hash=1"},
                   "apis/access.postern.dev/v1":{"serverRelativeURL":"/x"}}})");
  REQUIRE(merged);
  const Json json = Json::parse(*merged);
  CHECK(json["paths"].size() == 2);
  CHECK(json["paths"]["apis/access.postern.dev/v1alpha1"]["serverRelativeURL"] == openapi_url());
}

TEST_CASE("what is no such document is 502") {
  for (const char* text : {"", "[]", "{}", R"({"kind":"Status"})", R"({"paths":[]})"}) {
    CAPTURE(text);
    CHECK(merge_document(MergedDocument::kGroups, text).error().code == 502);
    CHECK(merge_document(MergedDocument::kOpenApiIndex, text).error().code == 502);
  }
}

TEST_CASE("clusters are asked for JSON only") {
  CHECK(merged_accept("") == "application/json");
  CHECK(merged_accept("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList;"
                      "profile=nopeer,application/json") ==
        "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io;profile=nopeer,"
        "application/json");
  CHECK(merged_accept("application/vnd.kubernetes.protobuf, */*") == "application/json");
  CHECK(merged_accept("application/vnd.kubernetes.protobuf").error().code == 406);
}

TEST_CASE("without a cluster the group stands alone, in the form that was asked for") {
  CHECK(Json::parse(*document_alone(MergedDocument::kGroups, kAggregated))["apiVersion"] ==
        "apidiscovery.k8s.io/v2");
  CHECK(Json::parse(*document_alone(MergedDocument::kGroups, "*/*"))["kind"] == "APIGroupList");
  CHECK(Json::parse(*document_alone(MergedDocument::kOpenApiIndex, ""))["paths"].size() == 1);
}

TEST_CASE("the resource list tells every kind and subresource once") {
  const auto read =
      postern::kube::read_resource_list("access.postern.dev", "v1alpha1", api_resource_list());
  REQUIRE(read);
  CHECK(read->resources.size() == kinds().size());
  for (const auto& resource : read->resources) {
    CAPTURE(resource.resource);
    const KindInfo* kind = find_kind(resource.resource);
    REQUIRE(kind != nullptr);
    CHECK(resource.kind == kind->kind);
    CHECK(resource.subresources.size() == kind->subresources.size());
    CHECK(resource.verbs ==
          std::set<std::string, std::less<>>(kind->verbs.begin(), kind->verbs.end()));
  }
}

void check_references(const Json& value, const Json& schemas) {
  if (value.is_object() && value.contains("$ref")) {
    const std::string reference = value["$ref"];
    CAPTURE(reference);
    CHECK(schemas.contains(reference.substr(std::string("#/components/schemas/").size())));
  }
  for (const Json& member : value) {
    if (member.is_structured()) check_references(member, schemas);
  }
}

TEST_CASE("every reference in the OpenAPI document leads somewhere") {
  const Json document = Json::parse(openapi_document());
  const Json& schemas = document["components"]["schemas"];
  check_references(document, schemas);
  for (const KindInfo& kind : kinds()) {
    CAPTURE(kind.kind);
    const Json& schema = schemas["dev.postern.access.v1alpha1." + kind.kind];
    CHECK(schema["x-kubernetes-group-version-kind"][0]["kind"] == kind.kind);
    const Json& item =
        document["paths"]["/apis/access.postern.dev/v1alpha1/" + kind.resource + "/{name}"];
    // Where kubectl looks for what a kind's writes understand.
    CHECK(item.contains("patch") == kind.has_verb("create"));
  }
}

}  // namespace
