#include "rbac/trait_template.h"

#include <doctest/doctest.h>

using namespace postern::rbac;

namespace {

const Traits kTraits = {{"namespaces", {"default", "dev", "dev"}},
                        {"http://schemas/groups", {"g1"}},
                        {"stars", {"a*", "b"}},
                        {"empty", {}}};

std::vector<std::string> expand(std::string_view text) {
  const auto parsed = TraitTemplate::parse(text);
  return parsed ? parsed->expand(kTraits) : std::vector<std::string>{"error"};
}

std::string error_of(std::string_view text) {
  const auto parsed = TraitTemplate::parse(text);
  return parsed ? "" : std::to_string(parsed.error().offset) + ": " + parsed.error().message;
}

}  // namespace

TEST_CASE("interpolation gives one value for each value of the trait") {
  CHECK(expand("plain") == std::vector<std::string>{"plain"});
  CHECK(expand("{{external.namespaces}}") == std::vector<std::string>{"default", "dev"});
  CHECK(expand("{{ internal.namespaces }}") == std::vector<std::string>{"default", "dev"});
  CHECK(expand("team-{{external.namespaces}}-x") ==
        std::vector<std::string>{"team-default-x", "team-dev-x"});
  CHECK(expand("{{external[\"http://schemas/groups\"]}}") == std::vector<std::string>{"g1"});
  CHECK(expand("{{external.nobody}}").empty());
  CHECK(expand("{{external.empty}}").empty());
}

TEST_CASE("what is no interpolation is refused with its place") {
  CHECK(error_of("a-{{external.x") == "2: has a {{ without its }}");
  CHECK(error_of("{{external.x}}{{internal.y}}") == "14: has more than one interpolation");
  CHECK(error_of("{{email.local(external.email)}}") ==
        "0: uses a function in its interpolation, which postern does not have");
  const std::string neither =
      "0: has an interpolation that is neither {{internal.NAME}} nor {{external.NAME}}";
  CHECK(error_of("{{user.name}}") == neither);
  CHECK(error_of("{{}}") == neither);
  CHECK(error_of("{{external.}}") == neither);
  CHECK(error_of("{{external[\"\"]}}") == neither);
  CHECK(error_of("{{externalx}}") == neither);
}

TEST_CASE("patterns around a trait: the text is a pattern, the value is not") {
  const auto pattern = PatternTemplate::parse("{{external.stars}}-*").value();
  const auto expansion = pattern.expand(kTraits);
  REQUIRE(expansion.patterns.size() == 2);
  CHECK_FALSE(expansion.incomplete);
  CHECK(expansion.patterns[0].matches("a*-web"));
  CHECK_FALSE(expansion.patterns[0].matches("ab-web"));
  CHECK(expansion.patterns[1].matches("b-web"));
}

TEST_CASE("an interpolation without values is incomplete, and so is one that does not compile") {
  CHECK(PatternTemplate::parse("{{external.nobody}}")->expand(kTraits).incomplete);
  CHECK(PatternTemplate::parse("{{external.empty}}")->expand(kTraits).incomplete);
  const Traits control = {{"x", {"ok", "a\nb"}}};
  const auto expansion = PatternTemplate::parse("{{external.x}}")->expand(control);
  CHECK(expansion.incomplete);
  REQUIRE(expansion.patterns.size() == 1);
  CHECK(expansion.patterns[0].matches("ok"));
  const auto plain = PatternTemplate::parse("nginx-*")->expand({});
  CHECK_FALSE(plain.incomplete);
  CHECK(plain.patterns.at(0).matches("nginx-1"));
}

TEST_CASE("what is fixed is compiled when it is parsed") {
  CHECK_FALSE(PatternTemplate::parse("^{{external.x}}[$").has_value());
  CHECK_FALSE(PatternTemplate::parse("^{{external.x}}").has_value());
  CHECK(PatternTemplate::parse("^{{external.x}}-[0-9]+$").has_value());
  CHECK_FALSE(PatternTemplate::parse("^[$").has_value());
}
