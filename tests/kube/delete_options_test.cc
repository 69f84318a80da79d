#include "kube/delete_options.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <protozero/pbf_writer.hpp>

namespace postern::kube {
namespace {

std::string protobuf_options() {
  std::string message;
  protozero::pbf_writer options(message);
  options.add_int64(1, 0);
  {
    protozero::pbf_writer preconditions(options, 2);
    preconditions.add_string(2, "77");
  }
  options.add_bool(3, false);
  options.add_string(4, "Foreground");
  options.add_string(5, "All");
  std::string body("k8s\0", 4);
  protozero::pbf_writer(body).add_bytes(2, message);
  return body;
}

TEST_CASE("I169: the same options from JSON and protobuf, on each delete with its own uid") {
  const std::string json =
      R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"orphanDependents":false,)"
      R"("propagationPolicy":"Foreground","dryRun":["All"],"preconditions":{"resourceVersion":"77"}})";
  for (const auto& options : {read_delete_options(BodyEncoding::kJson, json),
                              read_delete_options(BodyEncoding::kProtobuf, protobuf_options())}) {
    REQUIRE(options);
    const auto body = nlohmann::json::parse(options->to_json("uid-1"));
    CHECK(body["gracePeriodSeconds"] == 0);
    CHECK(body["orphanDependents"] == false);
    CHECK(body["propagationPolicy"] == "Foreground");
    CHECK(body["dryRun"] == nlohmann::json{"All"});
    CHECK(body["preconditions"] == nlohmann::json{{"uid", "uid-1"}, {"resourceVersion", "77"}});
  }
}

TEST_CASE("no body, no options") {
  const auto options = read_delete_options(BodyEncoding::kJson, "");
  REQUIRE(options);
  CHECK(nlohmann::json::parse(options->to_json("u")).size() == 3);
}

TEST_CASE("I170: what is repeated, unknown or of another type is refused") {
  for (const char* body :
       {R"({"gracePeriodSeconds":0,"gracePeriodSeconds":1})", R"({"gracePeriodSeconds":"0"})",
        R"({"ignoreStoreReadErrorWithClusterBreakingPotential":true})", R"({"dryRun":"All"})",
        R"({"preconditions":{"uid":1}})", R"({"x":1})", "[]", "{"}) {
    CAPTURE(body);
    const auto options = read_delete_options(BodyEncoding::kJson, body);
    REQUIRE_FALSE(options);
    CHECK(options.error().code == 400);
  }
  std::string twice = protobuf_options();
  twice += twice.substr(4);
  CHECK(read_delete_options(BodyEncoding::kProtobuf, twice).error().code == 400);
  // The same tag in more bytes than it needs, which other readers cut differently.
  const std::string overlong = std::string("k8s\0", 4) + "\x12\x06" + "\x88\x80\x80\x80\x00\x07";
  CHECK(read_delete_options(BodyEncoding::kProtobuf, overlong).error().code == 400);
  const std::string unknown = std::string("k8s\0", 4) + "\x12\x02" + "\x30\x01";
  CHECK(read_delete_options(BodyEncoding::kProtobuf, unknown).error().code == 400);
  CHECK(read_delete_options(BodyEncoding::kYaml, "a: b").error().code == 415);
}

}  // namespace
}  // namespace postern::kube
