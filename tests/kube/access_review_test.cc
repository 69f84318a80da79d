#include "kube/access_review.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <protozero/pbf_writer.hpp>

namespace postern::kube {
namespace {

std::string unknown_of(const std::string& message) {
  std::string body("k8s\0", 4);
  protozero::pbf_writer unknown(body);
  {
    protozero::pbf_writer type(unknown, 1);
    type.add_string(1, "authorization.k8s.io/v1");
    type.add_string(2, "SelfSubjectAccessReview");
  }
  unknown.add_bytes(2, message);
  unknown.add_string(3, "");
  unknown.add_string(4, "");
  return body;
}

std::string review_message(const std::string& spec) {
  std::string message;
  protozero::pbf_writer review(message);
  review.add_bytes(1, "");
  review.add_bytes(2, spec);
  return message;
}

TEST_CASE("a review is read alike from JSON and protobuf") {
  std::string attributes;
  protozero::pbf_writer writer(attributes);
  int field = 0;
  for (const char* value : {"dev", "get", "apps", "v1", "deployments", "scale", "web"}) {
    writer.add_string(static_cast<protozero::pbf_tag_type>(++field), value);
  }
  std::string spec;
  protozero::pbf_writer(spec).add_bytes(1, attributes);
  const std::string json =
      R"({"kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"namespace":"dev","verb":"get",
          "group":"apps","version":"v1","resource":"deployments","subresource":"scale","name":"web"}}})";
  for (const auto& review :
       {read_access_review(BodyEncoding::kJson, json),
        read_access_review(BodyEncoding::kProtobuf, unknown_of(review_message(spec)))}) {
    REQUIRE(review);
    REQUIRE(review->resource);
    CHECK_FALSE(review->non_resource);
    CHECK(review->resource->namespace_ == "dev");
    CHECK(review->resource->verb == "get");
    CHECK(review->resource->group == "apps");
    CHECK(review->resource->version == "v1");
    CHECK(review->resource->resource == "deployments");
    CHECK(review->resource->subresource == "scale");
    CHECK(review->resource->name == "web");
  }
}

TEST_CASE("what a review must not have is refused") {
  const char* rows[] = {
      "",
      "[]",
      "{}",
      R"({"spec":{}})",
      R"({"spec":{"resourceAttributes":null}})",
      R"({"spec":{"resourceAttributes":{"verb":"get"},"nonResourceAttributes":{"path":"/"}}})",
      R"({"spec":{"resourceAttributes":{"verb":1}}})",
      R"({"spec":{"resourceAttributes":{"fieldSelector":{}}}})",
      R"({"spec":{"user":"root","resourceAttributes":{"verb":"get"}}})",
      R"({"spec":{"resourceAttributes":{"verb":"get"}},"spec":{"resourceAttributes":{"verb":"list"}}})",
  };
  for (const char* body : rows) {
    CAPTURE(body);
    const auto review = read_access_review(BodyEncoding::kJson, body);
    REQUIRE_FALSE(review);
    CHECK(review.error().code == 400);
  }
  CHECK(read_access_review(BodyEncoding::kYaml, "spec: {}").error().code == 415);
  CHECK(read_access_review(BodyEncoding::kProtobuf, "k8s").error().code == 400);
  CHECK(read_access_review(BodyEncoding::kProtobuf, std::string("k8s\0\xff\xff\xff", 7))
            .error()
            .code == 400);
}

TEST_CASE("a rules review needs its namespace") {
  const auto json = read_rules_review(BodyEncoding::kJson, R"({"spec":{"namespace":"dev"}})");
  REQUIRE(json);
  CHECK(*json == "dev");
  std::string spec;
  protozero::pbf_writer(spec).add_string(1, "dev");
  const auto protobuf =
      read_rules_review(BodyEncoding::kProtobuf, unknown_of(review_message(spec)));
  REQUIRE(protobuf);
  CHECK(*protobuf == "dev");
  CHECK(read_rules_review(BodyEncoding::kJson, R"({"spec":{}})").error().code == 400);
}

TEST_CASE("an answered review repeats the question") {
  AccessReviewSpec spec;
  spec.resource.emplace().verb = "list";
  const auto json = nlohmann::json::parse(
      access_review_json(spec, {.allowed = false, .denied = true, .reason = "no <role>"}));
  CHECK(json["kind"] == "SelfSubjectAccessReview");
  CHECK(json["spec"]["resourceAttributes"] == nlohmann::json{{"verb", "list"}});
  CHECK(json["status"]["allowed"] == false);
  CHECK(json["status"]["denied"] == true);
  CHECK(json["status"]["reason"] == "no <role>");
}

}  // namespace
}  // namespace postern::kube
