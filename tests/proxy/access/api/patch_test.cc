#include "proxy/access/api/patch.h"

#include <doctest/doctest.h>
#include <string>

namespace {

using postern::proxy::access::api::Json;
using postern::proxy::access::api::Patch;

constexpr const char* kMerge = "application/merge-patch+json";
constexpr const char* kJsonPatch = "application/json-patch+json";

TEST_CASE("merge patches and JSON patches") {
  const Json document = {{"spec", {{"roles", {"a"}}, {"locked", false}}}};
  const auto merge = Patch::read(kMerge, R"({"spec":{"locked":true,"roles":null}})");
  REQUIRE(merge);
  CHECK(merge->apply(document) == Json({{"spec", {{"locked", true}}}}));
  const auto steps = Patch::read(kJsonPatch, R"([{"op":"test","path":"/spec/locked","value":false},
                      {"op":"add","path":"/spec/roles/-","value":"b"}])");
  REQUIRE(steps);
  CHECK(steps->apply(document) == Json({{"spec", {{"roles", {"a", "b"}}, {"locked", false}}}}));
}

TEST_CASE("patches that cannot be taken") {
  CHECK(Patch::read("application/strategic-merge-patch+json", "{}").error().code == 415);
  CHECK(Patch::read("application/apply-patch+yaml", "{}").error().code == 415);
  CHECK(Patch::read("application/json", "{}").error().code == 415);
  CHECK(Patch::read(kMerge, "[]").error().code == 400);
  CHECK(Patch::read(kMerge, R"({"a":1,"a":2})").error().code == 400);
  CHECK(Patch::read(kJsonPatch, R"([{"op":"increase","path":"/a"}])").error().code == 400);
}

TEST_CASE("patches that do not fit are 422") {
  for (const char* text :
       {R"([{"op":"test","path":"/a","value":2}])", R"([{"op":"remove","path":"/b"}])",
        R"([{"op":"add","path":"/b/c","value":1}])"}) {
    CAPTURE(text);
    const auto patch = Patch::read(kJsonPatch, text);
    REQUIRE(patch);
    CHECK(patch->apply({{"a", 1}}).error().code == 422);
  }
}

TEST_CASE("copies cannot blow a document up") {
  std::string text = "[";
  for (int i = 0; i < 60; ++i) {
    text += i == 0 ? "" : ",";
    text += R"({"op":"copy","from":"","path":"/x)" + std::to_string(i) + "\"}";
  }
  const auto patch = Patch::read(kJsonPatch, text + "]");
  REQUIRE(patch);
  CHECK(patch->apply({{"a", std::string(1000, 'a')}}).error().code == 413);
}

}  // namespace
