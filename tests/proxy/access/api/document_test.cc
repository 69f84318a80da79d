#include "proxy/access/api/document.h"

#include <doctest/doctest.h>
#include <string>

namespace {

using postern::proxy::access::api::Json;
using postern::proxy::access::api::read_document;
using postern::proxy::access::api::read_json;
using postern::proxy::access::api::read_yaml;
using postern::proxy::access::api::yaml_text;

TEST_CASE("JSON bodies are read strictly") {
  CHECK(read_json(R"({"a":[1,-2,1.5,true,null,"x"],"b":{}})") ==
        Json({{"a", {1, -2, 1.5, true, nullptr, "x"}}, {"b", Json::object()}}));
  const char* refused[] = {"",
                           "{",
                           "{} {}",
                           R"({"a":1,"a":2})",
                           R"({"a":1,"\u0061":2})",
                           R"({"x":{"a":1,"b":2,"a":3}})",
                           "\xef\xbb\xbf{}",
                           "{/* comment */}",
                           "{\"a\":NaN}",
                           "{\"a\":1e400}",
                           "{\"a\":\"\xff\"}"};
  for (const char* text : refused) {
    CAPTURE(text);
    const auto read = read_json(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == 400);
  }
}

TEST_CASE("a deep body is refused before anything recurses into it") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK_FALSE(read_json(deep));
  CHECK_FALSE(read_yaml(deep));
  CHECK(read_json(std::string(60, '[') + std::string(60, ']')));
}

TEST_CASE("YAML bodies mean what Kubernetes takes them for") {
  const auto read = read_yaml("spec:\n  reason: text\n  n: 12\n  f: -1.5\n  yes: 1\n");
  CHECK_FALSE(read);  // `yes` is a truth value to Kubernetes' parser
  CHECK(
      read_yaml("a: yes\nb: 'yes'\nc: ~\nd: 4h\ne: 2026-11-23T12:00:00Z\n") ==
      Json(
          {{"a", true}, {"b", "yes"}, {"c", nullptr}, {"d", "4h"}, {"e", "2026-11-23T12:00:00Z"}}));
  const char* refused[] = {
      "a: 1\na: 2\n", "a: &x 1\nb: *x\n", "a: !!str 1\n",      "<<: {a: 1}\n", "a: 0x10\n",
      "a: 1_000\n",   "a: 12:30\n",       "a: 1\n---\nb: 2\n", "a: 010\n",     "",
      "? [a]\n: 1\n"};
  for (const char* text : refused) {
    CAPTURE(text);
    CHECK_FALSE(read_yaml(text));
  }
  // Bytes that one parser takes for UTF-16, and signs that end a line for some.
  CHECK_FALSE(read_yaml(std::string("\0a\0:\0 \0b", 8)));
  CHECK_FALSE(
      read_yaml("a: b\xe2\x80\xa8"
                "c: d\n"));
  CHECK_FALSE(read_yaml("a: b\rc: d\n"));
}

TEST_CASE("what is written as YAML is read back the same") {
  const Json values = {{"text", "plain"},      {"number", "12"},        {"truth", "no"},
                       {"empty", ""},          {"lines", "a\nb"},       {"colon", "a: b"},
                       {"time", "12:30"},      {"list", {1, "2", {}}},  {"on", true},
                       {"quote", "say \"x\""}, {"hash", "# no comment"}};
  CHECK(read_yaml(yaml_text(values)) == values);
}

TEST_CASE("the Content-Type decides; others than JSON and YAML are 415") {
  CHECK(read_document("", "{}"));
  CHECK(read_document("application/json; charset=utf-8", "{}"));
  CHECK(read_document("application/yaml", "a: 1"));
  for (const char* type :
       {"application/vnd.kubernetes.protobuf", "application/cbor", "text/plain"}) {
    CAPTURE(type);
    const auto read = read_document(type, "{}");
    REQUIRE_FALSE(read);
    CHECK(read.error().code == 415);
  }
}

}  // namespace
