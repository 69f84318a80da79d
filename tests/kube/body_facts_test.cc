#include "kube/object_meta.h"

#include <doctest/doctest.h>

using namespace postern::kube;

namespace {

std::string understood(BodyEncoding encoding, std::string_view body) {
  const auto facts = read_body_facts(encoding, body);
  if (!facts) return std::to_string(facts.error().code);
  return facts->kind + " " + facts->namespace_ + "/" + facts->name + "|" + facts->generate_name;
}

std::string json(std::string_view body) {
  return understood(BodyEncoding::kJson, body);
}
std::string yaml(std::string_view body) {
  return understood(BodyEncoding::kYaml, body);
}

std::string nested(std::size_t levels) {
  std::string body = R"({"kind":"Pod","spec":)";
  for (std::size_t i = 1; i < levels; ++i) body += '[';
  for (std::size_t i = 1; i < levels; ++i) body += ']';
  return body + "}";
}

}  // namespace

TEST_CASE("body facts, JSON: what a decision needs") {
  const auto facts = read_body_facts(BodyEncoding::kJson, R"({
    "apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token",
    "metadata":{"name":"s","generateName":"g-","namespace":"dev","labels":{"name":"no"},
      "annotations":{"kubernetes.io/service-account.name":"default","other":"x"},
      "creationTimestamp":null,"ownerReferences":[{"name":"no","kind":"no"}]},
    "data":{"metadata":{"name":"no"},"name":1,"x":[{"kind":"no"}]}})");
  REQUIRE(facts.has_value());
  CHECK(facts->api_version == "v1");
  CHECK(facts->kind == "Secret");
  CHECK(facts->type == "kubernetes.io/service-account-token");
  CHECK(facts->name == "s");
  CHECK(facts->generate_name == "g-");
  CHECK(facts->namespace_ == "dev");
  CHECK(facts->service_account_name == "default");
}

TEST_CASE("body facts, JSON: H131-H140") {
  CHECK(json(R"({"kind":"Pod","metadata":{"name":"nginx-9"}})") == "Pod /nginx-9|");  // H131
  CHECK(json(R"({"metadata":{"name":"db-9"},"metadata":{"generateName":"nginx-"}})") ==
        "400");                                                            // H133
  CHECK(json(R"({"metadata":{"name":"nginx-9","name":null}})") == "400");  // H134
  CHECK(json(R"({"metadata":{"name":null}})") == "400");
  CHECK(json(R"({"meta\u0064ata":{"n\u0061me":"nginx-9"}})") == " /nginx-9|");  // H135
  CHECK(json(R"({"metadata":{"name":"a"},"meta\u0064ata":{"name":"b"}})") == "400");
  CHECK(json(R"({"metadata":{"name":"a","n\u0061me":"b"}})") == "400");
  CHECK(json("\xef\xbb\xbf{\"metadata\":{}}") == "400");                 // H136
  CHECK(json(R"({"metadata":{}} {"metadata":{"name":"x"}})") == "400");  // H136
  CHECK(json(R"({"metadata":{}} x)") == "400");
  CHECK(json(R"({"metadata":{} /* c */})") == "400");  // H136
  CHECK(json("{\"metadata\":{}}\n// c") == "400");
  CHECK(json(R"({"metadata":{"name":"nginx-9","generateName":"db-"}})") ==
        " /nginx-9|db-");                                                   // H137
  CHECK(json(R"({"metadata":{"generateName":"nginx-"}})") == " /|nginx-");  // H138
  CHECK(json(R"({"spec":{}})") == " /|");                                   // H140
  CHECK(json(" {\"metadata\":{}}\n\n") == " /|");
}

TEST_CASE("body facts, JSON: fields of another type are refused where a string is wanted") {
  for (const char* bad :
       {R"({"kind":1})",
        R"({"apiVersion":null})",
        R"({"kind":{}})",
        R"({"kind":["Pod"]})",
        R"({"metadata":null})",
        R"({"metadata":[]})",
        R"({"metadata":"x"})",
        R"({"metadata":true})",
        R"({"metadata":{"name":1}})",
        R"({"metadata":{"generateName":[]}})",
        R"({"metadata":{"namespace":{}}})",
        R"({"metadata":{"annotations":[]}})",
        R"({"metadata":{"annotations":"x"}})",
        R"({"metadata":{"annotations":1}})",
        R"({"metadata":{"annotations":{"kubernetes.io/service-account.name":null}}})",
        R"({"metadata":{"annotations":{"a":"1","a":"2"}}})",
        R"({"kind":"Secret","type":1})",
        R"({"type":{},"kind":"Secret"})",
        R"({"type":[]})",
        R"({"type":null})"}) {
    CAPTURE(bad);
    CHECK(json(bad) == "400");
  }
  CHECK(json(R"({"kind":"Widget","type":{"a":1}})") == "Widget /|");
  CHECK(json(R"({"kind":"Widget","type":1})") == "Widget /|");
  CHECK(json(R"({"metadata":{"annotations":null}})") == " /|");
  CHECK(json(R"({"metadata":{"annotations":{"a":1}}})") == " /|");
}

TEST_CASE("body facts, JSON: other cases of the keys, documents that are none") {
  for (const char* bad : {R"({"Metadata":{"name":"x"}})",
                          R"({"metadata":{"Name":"x"}})",
                          R"({"KIND":"Pod"})",
                          R"({"metadata":{"generatename":"x"}})",
                          "",
                          " ",
                          "[]",
                          "null",
                          "1",
                          "\"x\"",
                          "{",
                          "{]}",
                          R"({"a":1,})",
                          R"({'a':1})",
                          R"({"a":01})",
                          R"({"a":NaN})",
                          R"({"a":"\ud800"})",
                          R"({"a":1e999})",
                          "{\"a\":\"\xff\"}",
                          "{\"a\":\"\n\"}"}) {
    CAPTURE(bad);
    CHECK(json(bad) == "400");
  }
}

TEST_CASE("body facts, JSON: names that cannot be shown are refused") {
  CHECK(json(R"({"metadata":{"name":"db\u0000"}})") == "400");
  CHECK(json(R"({"metadata":{"name":"a\u001b[31m"}})") == "400");
  CHECK(json(R"({"metadata":{"generateName":"a\u202e"}})") == "400");
  CHECK(json(R"({"metadata":{"namespace":"a\n"}})") == "400");
}

TEST_CASE("body facts, JSON: depth") {
  CHECK(json(nested(128)) == "Pod /|");
  CHECK(json(nested(129)) == "400");
  CHECK(json(std::string(1000000, '[')) == "400");
}

TEST_CASE("body facts: lists are refused") {
  CHECK(json(R"({"kind":"List","items":[]})") == "400");
  CHECK(json(R"({"kind":"List"})") == "400");
  CHECK(json(R"({"items":[{}],"kind":"PodList","metadata":{}})") == "400");
  CHECK(json(R"({"kind":"AllowList","metadata":{"name":"x"},"spec":{"items":[]}})") ==
        "AllowList /x|");
  CHECK(yaml("kind: List\nitems: []\n") == "400");
}

TEST_CASE("body facts, YAML: plain documents") {
  CHECK(yaml("kind: Pod\nmetadata:\n  name: nginx-9\n  namespace: dev\n") == "Pod dev/nginx-9|");
  CHECK(yaml("---\nkind: Pod\nmetadata: {name: nginx-9}\n...\n") == "Pod /nginx-9|");
  CHECK(yaml("kind: 'Pod'\nmetadata:\n  generateName: \"nginx-\"\n  labels:\n") == "Pod /|nginx-");
  CHECK(yaml("# a comment\nkind: Pod\nspec:\n- a\n- b: {c: [1, 2, {d: e}]}\n") == "Pod /|");
  CHECK(yaml("kind: Pod\nmetadata:\n  name: >-\n    nginx-9\n") == "Pod /nginx-9|");
  CHECK(yaml("kind: Pod\nmetadata:\n  name: 2048-game\n  creationTimestamp: null\n") ==
        "Pod /2048-game|");
  CHECK(yaml("kind: Pod\r\nmetadata:\r\n  name: a\r\n") == "Pod /a|");
  CHECK(yaml("kind: Secret\ntype: kubernetes.io/service-account-token\nmetadata:\n"
             "  annotations:\n    kubernetes.io/service-account.name: default\n") == "Secret /|");
}

TEST_CASE("body facts, YAML: JSON text, as server-side apply sends it") {
  CHECK(
      yaml(
          R"({"kind":"Pod","metadata":{"name":"nginx-9","annotations":{"a":"\/\ud83d\ude00"}}})") ==
      "Pod /nginx-9|");
  CHECK(yaml("\t{\"kind\":\"Pod\",\n\t\"metadata\":{\"name\":\"x\"}}") == "Pod /x|");
  CHECK(yaml(R"({"metadata":{"name":"a"},"metadata":{"name":"b"}})") == "400");
  CHECK(yaml(R"({"metadata":{"name":"a"}}{"metadata":{"name":"b"}})") == "400");
  CHECK(yaml(R"({"metadata":{"name":7}})") == "400");
}

TEST_CASE("body facts, YAML: what parsers disagree about is refused") {
  for (const char* bad : {
           "metadata: &a {name: x}\nspec: *a\n",  // anchor, alias
           "spec: &a [x]\n",
           "kind: !!str Pod\n",  // tags
           "metadata: !foo {name: x}\n",
           "spec: !!binary aGk=\n",
           "metadata: {name: a}\nmetadata: {name: b}\n",  // duplicates
           "metadata: {name: a, \"n\\u0061me\": b}\n",
           "<<: {metadata: {name: a}}\nkind: Pod\n",  // merge keys
           "metadata:\n  <<: {name: a}\n",
           "spec:\n  \"<<\": {a: b}\n",
           "kind: Pod\n---\nkind: Pod\n",  // documents
           "kind: Pod\n---\n",
           "kind: Pod\n...\nkind: Pod\n",
           "? [a]\n: b\n",  // keys that are no strings
           "? {a: b}\n: c\n",
           "~: x\n",
           ": x\n",
           "true: x\n",
           "metadata:\n  name: 123\n",  // scalars that are no strings
           "metadata:\n  name: 1e3\n",
           "metadata:\n  name: 0x1F\n",
           "metadata:\n  name: 1_000\n",
           "metadata:\n  name: .inf\n",
           "metadata:\n  name: 2001-01-01\n",
           "metadata:\n  name: 1:30\n",
           "metadata:\n  name: yes\n",
           "metadata:\n  name: Off\n",
           "metadata:\n  name: null\n",
           "metadata:\n  name: ~\n",
           "metadata:\n  name:\n",
           "metadata:\n  name: [a]\n",
           "metadata:\n  name: |\n    a\n",  // ends with a line feed
           "metadata: x\n",
           "metadata:\n",
           "- a\n",
           "just text\n",
           "",
           "# only a comment\n",
           "---\n",
           "kind: Pod\n# x\xc2\x85metadata: {name: a}\n",  // NEL, LS, PS, lone CR
           "kind: Pod\n# x\xe2\x80\xa8metadata: {name: a}\n",
           "kind: Pod\n# x\xe2\x80\xa9metadata: {name: a}\n",
           "kind: Pod\n# x\rmetadata: {name: a}\n",
           "\xef\xbb\xbfkind: Pod\n",
           "kind: \"P\x01\"\n",
           "kind: \xff\n",
           "{a: b",
           "a: b: c\n",
           "Kind: Pod\n",
       }) {
    CAPTURE(bad);
    CHECK(yaml(bad) == "400");
  }
  CHECK(yaml(std::string_view("k\0i\0n\0d\0", 8)) == "400");
  CHECK(yaml(std::string(10000, '[')) == "400");
  CHECK(yaml(std::string(10000, '{')) == "400");
  std::string deep = "a:\n";
  for (std::size_t i = 1; i < 300; ++i) deep += std::string(i, ' ') + "a:\n";
  CHECK(yaml(deep) == "400");
}

TEST_CASE("body facts, YAML: the refusal says where") {
  const auto facts =
      read_body_facts(BodyEncoding::kYaml, "kind: Pod\nmetadata:\n  name: a\n  name: b\n");
  REQUIRE_FALSE(facts.has_value());
  CHECK(facts.error().message ==
        "the body is not one plain YAML document: line 4, column 3: the body has the key \"name\" "
        "more than once");
}

TEST_CASE("content types of bodies; H145, H157, H158") {
  const auto encoding = [](std::string_view content_type) {
    const auto result = body_encoding(content_type);
    return result ? static_cast<int>(*result) : static_cast<int>(result.error().code);
  };
  constexpr int kJson = static_cast<int>(BodyEncoding::kJson);
  constexpr int kYaml = static_cast<int>(BodyEncoding::kYaml);
  constexpr int kProtobuf = static_cast<int>(BodyEncoding::kProtobuf);
  CHECK(encoding("") == kJson);
  CHECK(encoding("application/json") == kJson);
  CHECK(encoding("Application/JSON; charset=UTF-8") == kJson);
  CHECK(encoding("application/json;charset=\"utf-8\"") == kJson);
  CHECK(encoding("application/yaml") == kYaml);
  CHECK(encoding("application/vnd.kubernetes.protobuf") == kProtobuf);
  CHECK(encoding("application/apply-patch+yaml") == kYaml);
  CHECK(encoding("application/merge-patch+json") == kJson);
  CHECK(encoding("application/strategic-merge-patch+json") == kJson);
  CHECK(encoding("application/json-patch+json") == kJson);
  for (const char* bad :
       {"application/json, application/yaml", "application/json,", "text/json", "application/cbor",
        "application/apply-patch+cbor", "application/json; charset=latin1",
        "application/json; charset=utf-8; charset=utf-8", "application/json; x=1",
        "application/json;", "application/json x", "Application/Apply-Patch+Yaml; x", "json", "/",
        "application/", "application/x-yaml", "application/vnd.kubernetes.protobuf; charset=utf-8",
        "application/json; charset=\"utf-8", "*/*", " "}) {
    CAPTURE(bad);
    CHECK(encoding(bad) == 415);
  }
}

TEST_CASE("JSON Patch operations") {
  using Names = std::vector<std::string>;
  CHECK(*json_patch_operations("[]") == Names{});
  CHECK(*json_patch_operations(R"([{"op":"test","path":"/a","value":{"op":"x","y":[1,{"op":2}]}},
                                   {"path":"/b","value":null,"op":"replace"}])") ==
        Names{"test", "replace"});
  CHECK(*json_patch_operations(R"([{"o\u0070":"move","from":"/a","path":"/b"}])") == Names{"move"});
  for (const char* bad :
       {"", "{}", "null", "[1]", "[[]]", R"(["op"])", R"([{"path":"/a"}])", R"([{"op":1}])",
        R"([{"op":{"op":"add"}}])", R"([{"op":["add"]}])", R"([{"op":"add","op":"test"}])",
        R"([{"op":"Add"}])", R"([{"op":"add"}] [])", R"([{"op":"add","a":1,"a":2}])",
        "\xef\xbb\xbf[]", R"([{"op":null}])", R"([{"op":"add"},{}])"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(json_patch_operations(bad).has_value());
    CHECK(json_patch_operations(bad).error().code == 400);
  }
  std::string many = "[";
  for (int i = 0; i < 10000; ++i) many += R"({"op":"add"},)";
  CHECK(json_patch_operations(many + R"({"op":"add"}])").has_value() == false);
  many.back() = ']';
  CHECK(json_patch_operations(many)->size() == 10000);
}
