#include "proxy/access/api/media.h"

#include <doctest/doctest.h>

namespace {

using namespace postern::proxy::access::api;
using postern::kube::Conversion;
using postern::kube::Query;

constexpr const char* kKubectlGet =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;"
    "g=meta.k8s.io,application/json";

TEST_CASE("the first clause that can be served") {
  CHECK(negotiate("", {}, false)->content_type() == "application/json");
  CHECK(negotiate("application/yaml", {}, false)->yaml);
  CHECK(negotiate("application/vnd.kubernetes.protobuf,application/json", {}, false)
            ->content_type() == "application/json");
  CHECK(negotiate("text/html, */*;q=0.1", {}, false)->content_type() == "application/json");
  const auto table = negotiate(kKubectlGet, {}, false);
  REQUIRE(table);
  CHECK(table->is_table());
  CHECK(table->version == "v1");
  CHECK(table->include == Media::Include::kMetadata);
  const auto metadata = negotiate(
      "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
      "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
      {}, false);
  REQUIRE(metadata);
  CHECK(metadata->conversion == Conversion::kPartialObjectMetadataList);
}

TEST_CASE("406 where nothing can be served") {
  CHECK(negotiate("application/vnd.kubernetes.protobuf", {}, false).error().code == 406);
  CHECK(negotiate("application/cbor", {}, false).error().code == 406);
  CHECK(negotiate("application/yaml", {}, true).error().code == 406);
}

TEST_CASE("includeObject") {
  const auto include = [](const char* query) {
    return negotiate(kKubectlGet, *Query::parse(query), false);
  };
  CHECK(include("includeObject=None")->include == Media::Include::kNone);
  CHECK(include("includeObject=Object")->include == Media::Include::kObject);
  CHECK(include("includeObject=Everything").error().code == 400);
}

}  // namespace
