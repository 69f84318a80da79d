#include "kube/accept.h"

#include <doctest/doctest.h>

using namespace postern::kube;

namespace {

constexpr const char* kTableV1 = "application/json;as=Table;v=v1;g=meta.k8s.io";
constexpr const char* kKubectlGet =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io"
    ",application/json";
constexpr const char* kProtobuf = "application/vnd.kubernetes.protobuf";

const AcceptContext kFiltered{true, false, false};
const AcceptContext kFilteredWatch{true, true, false};
const AcceptContext kEvents{true, false, true};
const AcceptContext kUnfiltered{};

/// What goes upstream, or the status code.
std::string upstream(std::string_view accept, const AcceptContext& context) {
  Query query;
  const auto plan = plan_accept(accept, context, query);
  return plan ? plan->upstream_accept : std::to_string(plan.error().code);
}

/// `upstream's includeObject`, then `+blank` and `+reduce`; or the status code.
std::string table(std::string_view include_object, const AcceptContext& context,
                  std::string_view accept = kKubectlGet) {
  Query query;
  if (!include_object.empty()) query.set("includeObject", include_object);
  const auto plan = plan_accept(accept, context, query);
  if (!plan) return std::to_string(plan.error().code);
  return std::string(query.get("includeObject")) + (plan->blank_table_objects ? "+blank" : "") +
         (plan->reduce_table_objects ? "+reduce" : "");
}

}  // namespace

TEST_CASE("E94-E101: filtered calls ask for JSON only") {
  // E94: a v1beta1 table is asked for as v1.
  CHECK(upstream("application/json;as=Table;v=v1beta1;g=meta.k8s.io", kFiltered) == kTableV1);
  CHECK(upstream(kKubectlGet, kFiltered) == std::string(kTableV1) + ",application/json");
  // E95
  CHECK(upstream("application/vnd.kubernetes.protobuf,application/json", kFiltered) ==
        "application/json");
  CHECK(upstream("application/vnd.kubernetes.protobuf, */*", kFiltered) == "application/json");
  CHECK(upstream(kProtobuf, kFiltered) == "406");  // E96
  // E97
  CHECK(upstream("application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1beta1;"
                 "g=meta.k8s.io",
                 kFiltered) == "406");
  CHECK(upstream("application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;"
                 "v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
                 "application/json",
                 kFiltered) ==
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json");
  CHECK(upstream("application/yaml", kFiltered) == "406");                            // E98
  CHECK(upstream("text/html", kFiltered) == "406");                                   // E99
  CHECK(upstream("", kFiltered) == "application/json");                               // E100
  CHECK(upstream("*/*", kFiltered) == "application/json");                            // E100
  CHECK(upstream("application/json;as=Foo;v=v1;g=meta.k8s.io", kFiltered) == "406");  // E101
  CHECK(upstream("application/cbor", kFiltered) == "406");
  CHECK(upstream("application/json;q=0.9,application/cbor;q=1", kFiltered) == "application/json");
}

TEST_CASE("accept: what a filtered call refuses to convert") {
  CHECK(upstream("application/json;as=Table", kFiltered) == "406");
  CHECK(upstream("application/json;as=Table;v=v2;g=meta.k8s.io", kFiltered) == "406");
  CHECK(upstream("application/json;as=Table;v=v1;g=e.com", kFiltered) == "406");
  CHECK(upstream("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
                 kFiltered) == "406");
  CHECK(upstream("application/yaml;as=Table;v=v1;g=meta.k8s.io,*/*;q=0.1", kFiltered) ==
        "application/json");
  CHECK(upstream("application/json, application/json", kFiltered) == "application/json");
}

TEST_CASE("accept: quality, wildcards, stars, nonsense") {
  CHECK(upstream("application/json;q=0", kFiltered) == "406");
  CHECK(upstream("application/json;q=0.2,application/json;as=Table;v=v1;g=meta.k8s.io;q=0.8",
                 kFiltered) == std::string(kTableV1) + ",application/json");
  CHECK(upstream("*;q=.2, */*;q=.2", kFiltered) == "406");  // .2 is no quality value
  CHECK(upstream("text/html, image/gif, *; q=0.2, */*; q=0.2", kFiltered) == "application/json");
  CHECK(upstream("application/*", kFiltered) == "application/json");
  CHECK(upstream("*/*, application/yaml", kUnfiltered) == "application/yaml,application/json,*/*");
  CHECK(upstream("*/*, application/yaml;q=0.5", kUnfiltered) ==
        "application/json,application/yaml,*/*");
  CHECK(upstream("text/*, application/*;q=0.1", kUnfiltered) ==
        "application/json,text/*,application/*");
  CHECK(upstream("*/*;as=Table;v=v1;g=meta.k8s.io", kUnfiltered) == kTableV1);
  CHECK(upstream(",,;,x,application/json/x,a/b;c", kFiltered) == "406");
  CHECK(upstream("application/json;pretty=1;charset=utf-8;export=1", kUnfiltered) ==
        "application/json");
  for (const char* bad : {"application/json;q=2", "application/json;q=1.5",
                          "application/json;q=nan", "application/json;q=0.1234"}) {
    CAPTURE(bad);
    CHECK(upstream(bad, kUnfiltered) == "406");
  }
}

TEST_CASE("accept: clauses behind the 64th are not looked at") {
  std::string header;
  for (int i = 0; i < 63; ++i) header += "text/html,";
  Query query;
  const AcceptContext filtered{.filtered = true, .watch = false, .needs_object = false};
  CHECK(plan_accept(header + "application/json", filtered, query));
  CHECK_FALSE(plan_accept(header + "text/html,application/json", filtered, query));
}

TEST_CASE("accept: watches") {
  CHECK(upstream("application/json;stream=watch", kFilteredWatch) == "application/json");
  CHECK(upstream("application/yaml", kFilteredWatch) == "406");
  CHECK(upstream("application/vnd.kubernetes.protobuf;stream=watch,application/json;stream=watch",
                 kFilteredWatch) == "application/json");
  Query query;
  CHECK(plan_accept(kProtobuf, kFilteredWatch, query).error().message ==
        "only the following media types are accepted: application/json;stream=watch");
}

TEST_CASE("accept: includeObject of filtered tables") {
  CHECK(table("", kFiltered) == "Metadata");
  CHECK(table("Metadata", kFiltered) == "Metadata");
  CHECK(table("None", kFiltered) == "Metadata+blank");
  CHECK(table("Object", kFiltered) == "Object");
  CHECK(table("object", kFiltered) == "400");
  CHECK(table("None", kFilteredWatch) == "Metadata+blank");
  // Nothing but tables has it.
  CHECK(table("None", kFiltered, "application/json") == "");
}

TEST_CASE("accept: events are filtered by what they are about, so whole objects are needed") {
  CHECK(table("", kEvents) == "Object+reduce");
  CHECK(table("Metadata", kEvents) == "Object+reduce");
  CHECK(table("None", kEvents) == "Object+blank");
  CHECK(table("Object", kEvents) == "Object");
  CHECK(upstream("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", kEvents) ==
        "406");
  CHECK(upstream("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,*/*", kEvents) ==
        "application/json");
}

TEST_CASE("accept: unfiltered calls ask for what is known, never for CBOR") {
  CHECK(upstream("", kUnfiltered) == "application/json");
  CHECK(upstream("application/vnd.kubernetes.protobuf,application/json", kUnfiltered) ==
        "application/vnd.kubernetes.protobuf,application/json");
  CHECK(upstream("application/json, */*", kUnfiltered) == "application/json,*/*");
  CHECK(upstream("application/json;q=0.9,application/cbor;q=1", kUnfiltered) == "application/json");
  CHECK(upstream("application/cbor", kUnfiltered) == "406");
  CHECK(upstream("application/cbor-seq, application/apply-patch+cbor", kUnfiltered) == "406");
  CHECK(upstream("text/html", kUnfiltered) == "406");
  CHECK(upstream("text/plain", kUnfiltered) == "text/plain");
  CHECK(upstream("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList;"
                 "profile=nopeer,application/json",
                 kUnfiltered) ==
        "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io;profile=nopeer,"
        "application/json");
  CHECK(upstream("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", kUnfiltered) ==
        "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
  CHECK(upstream("application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
                 kUnfiltered) ==
        "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
  CHECK(upstream("application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1", kUnfiltered) ==
        "406");
  CHECK(upstream("application/json;as=Table;v=v1beta1;g=meta.k8s.io", kUnfiltered) ==
        "application/json;as=Table;v=v1beta1;g=meta.k8s.io");
}

TEST_CASE("accept: nothing of the client's text goes upstream") {
  CHECK(upstream("application/json;as=Table;v=v1;g=meta.k8s.io;x=\"\\\r\"", kUnfiltered) == "406");
  CHECK(upstream("application/json;profile=\"a, b\"", kUnfiltered) == "application/json");
}
