#include "kube/yaml_cost.h"

#include "kube/object_meta.h"

#include <doctest/doctest.h>
#include <string>

using namespace postern::kube;

namespace {

int code_of(BodyEncoding encoding, std::string_view body) {
  const auto facts = read_body_facts(encoding, body);
  return facts ? 200 : facts.error().code;
}

}  // namespace

TEST_CASE("YAML that would cost too much is not parsed: size, open brackets") {
  CHECK(check_yaml_cost("metadata: {name: a, finalizers: [b]}"));
  CHECK(check_yaml_cost(std::string(kMaxYamlBytes, 'a')));
  for (const std::string& costly :
       {std::string(kMaxYamlBytes + 1, 'a'), std::string(kMaxYamlBrackets + 1, '['),
        std::string(kMaxYamlBrackets + 1, '{')}) {
    const auto checked = check_yaml_cost(costly);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == 413);
    CHECK(code_of(BodyEncoding::kYaml, costly) == 413);
  }
}

TEST_CASE("JSON may be as large as ever, also where YAML is announced") {
  const std::string large =
      R"({"metadata":{"name":"a"},"data":{"x":")" + std::string(2 * kMaxYamlBytes, '[') + "\"}}";
  CHECK(code_of(BodyEncoding::kJson, large) == 200);
  CHECK(code_of(BodyEncoding::kYaml, large) == 200);
  CHECK(code_of(BodyEncoding::kYaml, large + "x") == 413);
}
