#include "kube/media_type.h"

#include <doctest/doctest.h>

using namespace postern::kube;

TEST_CASE("media types: parsed strictly, names in lower case") {
  const auto parsed =
      parse_media_type("Application/JSON ;As=Table; v=v1;g=\"meta.k8s.io\"; x=\"a\\\"b, c\"");
  REQUIRE(parsed.has_value());
  CHECK(parsed->essence() == "application/json");
  CHECK(parsed->parameter("as") == "Table");
  CHECK(parsed->parameter("v") == "v1");
  CHECK(parsed->parameter("g") == "meta.k8s.io");
  CHECK(parsed->parameter("x") == "a\"b, c");
  CHECK_FALSE(parsed->parameter("y").has_value());
  CHECK(parse_media_type("*/*")->essence() == "*/*");
  CHECK(parse_media_type("application/com.github.proto-openapi.spec.v2@v1.0+protobuf")->subtype ==
        "com.github.proto-openapi.spec.v2@v1.0+protobuf");
  for (const char* bad :
       {"",      "a",        "a/",        "/b",           "a/b/c",       "a/b;",
        "a/b;x", "a/b;x=",   "a/b;=y",    "a/b;x=1;x=2",  "a/b;x=1;X=2", "a/b, c/d",
        "a/b c", "a /b",     "a/b;x=\"y", "a/b;x=\"y\"z", "a/b;x=\"\\",  "a/b;x=\"\n\"",
        "a@b/c", "a/b;;x=1", "a/b;x =1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_media_type(bad).has_value());
  }
}

TEST_CASE("media types: with more parameters than anybody has they are none") {
  std::string text = "a/b";
  for (int i = 0; i < 16; ++i) text += ";p" + std::to_string(i) + "=x";
  CHECK(parse_media_type(text));
  CHECK_FALSE(parse_media_type(text + ";q=1"));
}

TEST_CASE("media types: header lists") {
  using Elements = std::vector<std::string_view>;
  CHECK(split_header_list("a/b, c/d;x=\"1,2\" ,,e") == Elements{"a/b", "c/d;x=\"1,2\"", "e"});
  CHECK(split_header_list("").empty());
  CHECK(split_header_list(" , ,").empty());
  CHECK(split_header_list("a;x=\"\\\",\",b") == Elements{"a;x=\"\\\",\"", "b"});
}

TEST_CASE("media types of patches; H157, H158") {
  CHECK(*patch_media_type("application/json-patch+json") == "application/json-patch+json");
  CHECK(*patch_media_type("application/merge-patch+json; charset=utf-8") ==
        "application/merge-patch+json");
  CHECK(*patch_media_type("application/strategic-merge-patch+json") ==
        "application/strategic-merge-patch+json");
  CHECK(*patch_media_type("Application/Apply-Patch+Yaml") == "application/apply-patch+yaml");
  for (const char* bad : {"", "application/json", "application/apply-patch+cbor",
                          "Application/Apply-Patch+Yaml; x", "application/apply-patch+yaml; x=1",
                          "application/merge-patch+json, application/json-patch+json",
                          "application/merge-patch+json; charset=latin1"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(patch_media_type(bad).has_value());
    CHECK(patch_media_type(bad).error().code == 415);
  }
}

TEST_CASE("behaviour 3.7: media types of answers, and which of them a filter reads") {
  CHECK(classify_content_type("application/json") == ContentClass::kJson);
  CHECK(classify_content_type("application/json; charset=utf-8") == ContentClass::kJson);
  CHECK(classify_content_type("application/json;stream=watch") == ContentClass::kJson);
  CHECK(classify_content_type("application/json;as=Table;g=meta.k8s.io;v=v1") ==
        ContentClass::kJson);
  CHECK(classify_content_type("application/yaml") == ContentClass::kYaml);
  CHECK(classify_content_type("application/vnd.kubernetes.protobuf") == ContentClass::kProtobuf);
  CHECK(classify_content_type("application/vnd.kubernetes.protobuf;stream=watch") ==
        ContentClass::kProtobufWatch);
  CHECK(classify_content_type("application/cbor") == ContentClass::kCbor);
  CHECK(classify_content_type("application/cbor-seq") == ContentClass::kCbor);
  CHECK(classify_content_type("text/plain") == ContentClass::kPlainText);
  for (const char* other : {"", "text/html", "application/json, text/plain", "application/json;",
                            "application/json; charset=utf-16", "application/json; x=1",
                            "application/json;stream=other", "application/jsonx"}) {
    CAPTURE(other);
    CHECK(classify_content_type(other) == ContentClass::kOther);
  }
}
