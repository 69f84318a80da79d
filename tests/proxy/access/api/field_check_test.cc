#include "proxy/access/api/field_check.h"

#include "proxy/access/api/kinds.h"

#include <doctest/doctest.h>
#include <string>

namespace {

using namespace postern::proxy::access::api;
using postern::Result;

Result<CheckedDocument> check(const char* text,
                              FieldValidation validation = FieldValidation::kStrict) {
  return check_document(Json::parse(text), {"AccessRequest", access_requests().schema}, validation);
}

TEST_CASE("a good document passes, without its nulls") {
  const auto checked = check(
      R"({"apiVersion":"access.postern.dev/v1alpha1","kind":"AccessRequest",
          "metadata":{"generateName":"x-","labels":null,"creationTimestamp":null},
          "spec":{"resources":["/c/pod/k/dev/nginx-1"],"reason":null}})");
  REQUIRE(checked);
  CHECK_FALSE(checked->document["spec"].contains("reason"));
  CHECK_FALSE(checked->document["metadata"].contains("labels"));
  CHECK(checked->warnings.empty());
}

TEST_CASE("unknown fields: 400 in kube-apiserver's words, a warning, or nothing") {
  const char* text = R"({"spec":{"reasn":"x","resources":[]},"extra":1})";
  const auto strict = check(text);
  REQUIRE_FALSE(strict);
  CHECK(strict.error().code == 400);
  CHECK(strict.error().message ==
        "AccessRequest in version \"v1alpha1\" cannot be handled as a AccessRequest: strict "
        "decoding error: unknown field \"extra\", unknown field \"spec.reasn\"");
  const auto warned = check(text, FieldValidation::kWarn);
  REQUIRE(warned);
  CHECK(warned->warnings ==
        std::vector<std::string>{"unknown field \"extra\"", "unknown field \"spec.reasn\""});
  CHECK_FALSE(warned->document["spec"].contains("reasn"));
  const auto ignored = check(text, FieldValidation::kIgnore);
  REQUIRE(ignored);
  CHECK(ignored->warnings.empty());
}

TEST_CASE("every fault is a cause with its path") {
  const auto checked = check(
      "{\"metadata\":{\"labels\":{\"a\":1}},\"spec\":{\"resources\":\"x\",\"roles\":[1],"
      "\"reason\":\"a\\u0007b\"}}");
  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == 422);
  std::vector<std::string> fields;
  for (const auto& cause : checked.error().causes) fields.push_back(cause.field);
  CHECK(fields == std::vector<std::string>{"metadata.labels.a", "spec.reason", "spec.resources",
                                           "spec.roles[0]"});
  CHECK(checked.error().causes[2].message ==
        "Invalid value: \"string\": spec.resources in body must be of type array: \"string\"");
  CHECK(checked.error().details_kind == "AccessRequest");
}

TEST_CASE("a document costs by its size, however wrong it is") {
  Json wrong = {{"spec", {{"roles", Json::array()}}}};
  for (int i = 0; i < 100'000; ++i) {
    wrong["spec"]["roles"].push_back(i);
    wrong["metadata"]["labels"]["k" + std::to_string(i)] = i;
    wrong["spec"]["u" + std::to_string(i)] = i;
  }
  const auto checked =
      check_document(wrong, {"AccessRequest", access_requests().schema}, FieldValidation::kIgnore);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().causes.size() == 64);

  wrong["spec"].erase("roles");
  wrong.erase("metadata");
  const auto warned =
      check_document(wrong, {"AccessRequest", access_requests().schema}, FieldValidation::kWarn);
  REQUIRE(warned);
  CHECK(warned->warnings.size() == 64);
  CHECK(warned->document["spec"].empty());

  // As text for each of them the path would take 10 GB.
  const std::string key(100'000, 'k');
  Json deep = {{"spec", Json::object()}, {"status", {{"effective", {{key, Json::array()}}}}}};
  for (int i = 0; i < 100'000; ++i) deep["status"]["effective"][key].push_back(i);
  CHECK(
      check_document(deep, {"AccessRequest", access_requests().schema}, FieldValidation::kStrict));
  deep["status"]["effective"][key][50] = std::string(1000, '\a');
  const auto bad =
      check_document(deep, {"AccessRequest", access_requests().schema}, FieldValidation::kStrict);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().causes.at(0).field.size() == 256);
  CHECK(bad.error().causes.at(0).message.size() < 2000);
}

TEST_CASE("a spec is wanted, and the right kind") {
  CHECK(check("{}").error().causes.at(0).type == "FieldValueRequired");
  CHECK(check(R"({"kind":"Pod","spec":{}})").error().code == 400);
  CHECK(check(R"({"apiVersion":"access.postern.dev/v1","spec":{}})").error().code == 400);
  CHECK(check("[]").error().code == 400);
}

TEST_CASE("bidirectional characters are refused in keys, too") {
  CHECK_FALSE(check("{\"metadata\":{\"annotations\":{\"a\\u202eb\":\"x\"}},\"spec\":{}}"));
  CHECK(check("{\"metadata\":{\"annotations\":{\"a\":\"two\\nlines\"}},\"spec\":{}}"));
}

TEST_CASE("open objects keep what they do not know, for the loader to judge") {
  const auto checked = check_document(
      Json::parse(R"({"version":"v7","spec":{"allow":{"spiffe":[1]},"options":{"x":true}}})"),
      {"AccessRole", access_roles().schema}, FieldValidation::kStrict);
  REQUIRE(checked);
  CHECK(checked->document["spec"]["allow"].contains("spiffe"));
  CHECK_FALSE(check_document(Json::parse(R"({"version":"v9","spec":{"alow":{}}})"),
                             {"AccessRole", access_roles().schema}, FieldValidation::kIgnore));
}

}  // namespace
