#include "kube/selector.h"

#include <doctest/doctest.h>

using namespace postern::kube;

namespace {

std::string name_of(std::string_view selector) {
  const auto parsed = parse_field_selector(selector);
  if (!parsed) return "<error>";
  return required_value(*parsed, "metadata.name").value_or("<none>");
}

}  // namespace

TEST_CASE("field selectors: what they require, as measured at kube-apiserver") {
  CHECK(name_of("metadata.name=name1") == "name1");
  CHECK(name_of("metadata.name==a") == "a");
  CHECK(name_of("metadata.name!=a") == "<none>");
  CHECK(name_of("foo=bar") == "<none>");
  CHECK(name_of("metadata.name=b,metadata.name=a") == "a");  // terms are sorted first
  CHECK(name_of("metadata.name=a\\,b") == "a,b");
  CHECK(name_of(" metadata.name=a") == "<none>");
  CHECK(name_of("metadata.name=name1,foo") == "<error>");
  CHECK(name_of("") == "<none>");
  CHECK(name_of(",,") == "<none>");
  CHECK(name_of("a!=b,,metadata.name=x,") == "x");
}

TEST_CASE("field selectors: operators and escapes") {
  using Terms = std::vector<FieldRequirement>;
  CHECK(*parse_field_selector("a=b") == Terms{{"a", true, "b"}});
  CHECK(*parse_field_selector("a==b") == Terms{{"a", true, "b"}});
  CHECK(*parse_field_selector("a!=b") == Terms{{"a", false, "b"}});
  CHECK(*parse_field_selector("=b") == Terms{{"", true, "b"}});
  CHECK(*parse_field_selector("a=") == Terms{{"a", true, ""}});
  CHECK(*parse_field_selector("a=b!c") == Terms{{"a", true, "b!c"}});
  CHECK(*parse_field_selector("a!b=c") == Terms{{"a!b", true, "c"}});
  CHECK(*parse_field_selector(R"(a=\\\,\=)") == Terms{{"a", true, "\\,="}});
  CHECK(*parse_field_selector("b=1,a!=2") == Terms{{"a", false, "2"}, {"b", true, "1"}});
  for (const char* bad : {"garbage", "a=b=c", "a===b", "a=b\\", "a=\\x", "a\\,b", "a!b"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_field_selector(bad).has_value());
  }
  CHECK(parse_field_selector("garbage").error().code == 400);
}

TEST_CASE("field selectors: path segment names") {
  CHECK(is_path_segment_name("nginx-1"));
  CHECK(is_path_segment_name("system:node"));
  for (const char* bad : {"", ".", "..", "a/b", "a%2fb"}) CHECK_FALSE(is_path_segment_name(bad));
}
