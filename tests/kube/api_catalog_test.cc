#include "kube/api_catalog.h"

#include <doctest/doctest.h>

using namespace postern::kube;

namespace {

constexpr const char* kCore =
    R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2",
 "metadata":{},"items":[{"metadata":{"creationTimestamp":null},"versions":[{"version":"v1",
 "freshness":"Current","resources":[
  {"resource":"pods","responseKind":{"group":"","version":"v1","kind":"Pod"},"scope":"Namespaced",
   "singularResource":"pod","verbs":["create","delete","get","list","watch"],"shortNames":["po"],
   "subresources":[{"subresource":"log","responseKind":null,"verbs":["get"]},
                   {"subresource":"exec","verbs":["create","get"]}]},
  {"resource":"nodes","responseKind":{"kind":"Node"},"scope":"Cluster","verbs":["get"]}]}]}]})";

constexpr const char* kGroups = R"({"kind":"APIGroupDiscoveryList",
 "apiVersion":"apidiscovery.k8s.io/v2beta1","items":[
 {"metadata":{"name":"apps"},"versions":[{"version":"v1","resources":[
   {"resource":"deployments","responseKind":{"kind":"Deployment"},"scope":"Namespaced",
    "verbs":["get"],"subresources":[{"subresource":"scale"},{"subresource":"status"}]}]}]},
 {"metadata":{"name":"e.com"},"versions":[
   {"version":"v2","freshness":"Current","resources":[
     {"resource":"widgets","responseKind":{"kind":"Widget"},"scope":"Namespaced","verbs":["get"]}]},
   {"version":"v1","freshness":"Current","resources":[
     {"resource":"widgets","responseKind":{"kind":"Widget"},"scope":"Namespaced","verbs":["get"]},
     {"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","verbs":["get"]}]}]},
 {"metadata":{"name":"metrics.k8s.io"},"versions":[{"version":"v1beta1","freshness":"Stale",
   "resources":[{"resource":"pods","responseKind":{"kind":"PodMetrics"},"scope":"Namespaced",
                 "verbs":["get"]}]}]}]})";

ApiCatalog both() {
  ApiCatalog catalog;
  REQUIRE(catalog.add_aggregated(kCore).has_value());
  REQUIRE(catalog.add_aggregated(kGroups).has_value());
  return catalog;
}

using GroupVersions = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("catalog: aggregated discovery, v2 and v2beta1") {
  const ApiCatalog catalog = both();
  CHECK(catalog.size() == 6);
  CHECK(catalog.all().size() == 6);
  const ApiResource* pods = catalog.find("", "v1", "pods");
  REQUIRE(pods != nullptr);
  CHECK(pods->kind == "Pod");
  CHECK(pods->namespaced);
  CHECK(pods->verbs.contains("watch"));
  CHECK_FALSE(pods->verbs.contains("patch"));
  CHECK(pods->subresources.contains("log"));
  CHECK(pods->subresources.contains("exec"));
  CHECK_FALSE(catalog.find("", "v1", "nodes")->namespaced);
  CHECK(catalog.find("apps", "v1", "deployments")->subresources.size() == 2);
}

TEST_CASE("catalog: lookups are exact; A24, A26, K195, K197") {
  const ApiCatalog catalog = both();
  CHECK(catalog.find("", "v1", "Pods") == nullptr);
  CHECK(catalog.find("", "v2", "pods") == nullptr);
  CHECK(catalog.find("apps", "v1", "pods") == nullptr);
  CHECK(catalog.find("", "v1", "") == nullptr);
  CHECK(catalog.find("e.com", "v1", "pods")->group == "e.com");
  CHECK(catalog.find("e.com", "v2", "widgets") != nullptr);
  CHECK(catalog.find("e.com", "v3", "widgets") == nullptr);
}

TEST_CASE("catalog: any version means the preferred one that serves the kind") {
  const ApiCatalog catalog = both();
  CHECK(catalog.find("e.com", "widgets")->version == "v2");
  CHECK(catalog.find("e.com", "pods")->version == "v1");
  CHECK(catalog.find("e.com", "gadgets") == nullptr);
  CHECK(catalog.find("none.com", "widgets") == nullptr);
}

TEST_CASE("catalog: a stale group version is known to be unknown and leaves the others alone") {
  ApiCatalog catalog = both();
  CHECK(catalog.is_stale("metrics.k8s.io", "v1beta1"));
  CHECK(catalog.find("metrics.k8s.io", "v1beta1", "pods") == nullptr);
  CHECK(catalog.find("metrics.k8s.io", "pods") == nullptr);
  CHECK_FALSE(catalog.is_stale("", "v1"));
  CHECK_FALSE(catalog.is_stale("e.com", "v3"));

  catalog.add_stale("e.com", "v1");
  CHECK(catalog.find("e.com", "v1", "widgets") == nullptr);
  CHECK(catalog.find("e.com", "v2", "widgets") != nullptr);
  CHECK(catalog.resource_of_kind("e.com", "Pod").empty());
  CHECK(catalog.resource_of_kind("e.com", "Widget") == "widgets");

  REQUIRE(catalog
              .add_resource_list("metrics.k8s.io", "v1beta1",
                                 R"({"kind":"APIResourceList","apiVersion":"v1",
                 "groupVersion":"metrics.k8s.io/v1beta1","resources":[{"name":"nodes",
                 "singularName":"","namespaced":false,"kind":"NodeMetrics","verbs":["get"]}]})")
              .has_value());
  CHECK_FALSE(catalog.is_stale("metrics.k8s.io", "v1beta1"));
  CHECK(catalog.find("metrics.k8s.io", "v1beta1", "nodes") != nullptr);
}

TEST_CASE("catalog: Kind names, for the references of events") {
  const ApiCatalog catalog = both();
  CHECK(catalog.resource_of_kind("", "Pod") == "pods");
  CHECK(catalog.resource_of_kind("apps", "Deployment") == "deployments");
  CHECK(catalog.resource_of_kind("", "Deployment").empty());
  CHECK(catalog.resource_of_kind("", "pod").empty());
  CHECK(catalog.resource_of_kind("", "").empty());
}

TEST_CASE("catalog: legacy resource lists") {
  ApiCatalog catalog;
  const char* document = R"({"kind":"APIResourceList","groupVersion":"v1","resources":[
    {"name":"pods/log","singularName":"","namespaced":true,"kind":"Pod","verbs":["get"]},
    {"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","verbs":["get","list"]},
    {"name":"pods/eviction","namespaced":true,"group":"policy","version":"v1","kind":"Eviction",
     "verbs":["create"]},
    {"name":"namespaces","namespaced":false,"kind":"Namespace","verbs":["get"]},
    {"name":"gadgets/scale","namespaced":true,"kind":"Scale","verbs":["get"]}]})";
  REQUIRE(catalog.add_resource_list("", "v1", document).has_value());
  CHECK(catalog.size() == 3);
  const ApiResource* pods = catalog.find("", "v1", "pods");
  REQUIRE(pods != nullptr);
  CHECK(pods->kind == "Pod");
  CHECK(pods->subresources.contains("log"));
  CHECK(pods->subresources.contains("eviction"));
  CHECK(pods->verbs.contains("list"));
  CHECK_FALSE(pods->verbs.contains("create"));
  CHECK(catalog.resource_of_kind("", "Eviction").empty());
  const ApiResource* gadgets = catalog.find("", "v1", "gadgets");
  REQUIRE(gadgets != nullptr);
  CHECK(gadgets->verbs.empty());
  CHECK(gadgets->kind.empty());

  // A second list of the same group version replaces the first.
  REQUIRE(catalog
              .add_resource_list("", "v1", R"({"kind":"APIResourceList","groupVersion":"v1",
                "resources":[{"name":"pods","namespaced":true,"kind":"Pod","verbs":["get"]}]})")
              .has_value());
  CHECK(catalog.size() == 1);
  CHECK(catalog.find("", "v1", "pods")->subresources.empty());
  CHECK(catalog.resource_of_kind("", "Namespace").empty());
}

TEST_CASE("catalog: what is no discovery document is 502 and adds nothing") {
  ApiCatalog catalog = both();
  for (const char* bad :
       {"", "{", "[]", "null", "<html>", R"({"kind":"Status","apiVersion":"v1"})",
        R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v9","items":[]})",
        R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2"})",
        R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":{}})"}) {
    CAPTURE(bad);
    const auto added = catalog.add_aggregated(bad);
    REQUIRE_FALSE(added.has_value());
    CHECK(added.error().code == 502);
  }
  for (const char* bad :
       {"", "{}", R"({"kind":"APIResourceList","groupVersion":"apps/v2","resources":[]})",
        R"({"kind":"APIResourceList","resources":[]})"}) {
    CAPTURE(bad);
    CHECK(catalog.add_resource_list("apps", "v1", bad).error().code == 502);
  }
  CHECK(catalog.size() == 6);
}

TEST_CASE("catalog: entries that make no sense are left out one by one") {
  ApiCatalog catalog;
  REQUIRE(catalog
              .add_aggregated(R"({"kind":"APIGroupDiscoveryList",
   "apiVersion":"apidiscovery.k8s.io/v2","items":[7,{"metadata":{"name":"No Group"},"versions":[
   {"version":"v1","resources":[{"resource":"a","scope":"Cluster"}]}]},{"metadata":{"name":"e.com"},
   "versions":[null,{"version":"one","resources":[{"resource":"b","scope":"Cluster"}]},
   {"version":"v1","resources":[3,{"resource":"c/d","scope":"Cluster"},{"resource":"e"},
    {"resource":"f","scope":"Galaxy"},{"resource":7,"scope":"Cluster"},
    {"resource":"good","scope":"Cluster","verbs":["get",1],"subresources":[{"subresource":"../x"},
     {"subresource":"ok"},5]}]}]}]})")
              .has_value());
  REQUIRE(catalog.size() == 1);
  const ApiResource* good = catalog.find("e.com", "v1", "good");
  REQUIRE(good != nullptr);
  CHECK(good->verbs.size() == 1);
  CHECK(good->subresources.size() == 1);
}

TEST_CASE("catalog: the lists of groups of servers without aggregated discovery") {
  CHECK(*parse_core_versions(R"({"kind":"APIVersions","versions":["v1","x",3]})") ==
        GroupVersions{{"", "v1"}});
  CHECK(*parse_group_list(R"({"kind":"APIGroupList","apiVersion":"v1","groups":[
      {"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}],
       "preferredVersion":{"groupVersion":"apps/v1","version":"v1"}},
      {"name":"e.com","versions":[{"version":"v1"},{"version":"v2"},{"version":"v3"}],
       "preferredVersion":{"version":"v2"}},
      {"name":"../x","versions":[{"version":"v1"}]}, 4, {"name":"f.com","versions":7}]})") ==
        GroupVersions{{"apps", "v1"}, {"e.com", "v2"}, {"e.com", "v1"}, {"e.com", "v3"}});
  CHECK(parse_core_versions("[]").error().code == 502);
  CHECK(parse_group_list(R"({"kind":"APIVersions"})").error().code == 502);
}

TEST_CASE("catalog: a copy is a catalogue of its own") {
  ApiCatalog first = both();
  ApiCatalog second = first;
  second.add_stale("", "v1");
  CHECK(first.find("", "v1", "pods") != nullptr);
  CHECK(second.find("", "v1", "pods") == nullptr);
}
