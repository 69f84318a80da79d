#include "rbac/pattern.h"

#include <doctest/doctest.h>
#include <string>

using namespace postern::rbac;

namespace {

/// "yes", "no" or "error".
std::string match(std::string_view pattern, std::string_view name, Effect effect = Effect::kAllow) {
  const auto compiled = Pattern::compile(pattern);
  if (!compiled) return "error";
  return compiled->matches(name, effect) ? "yes" : "no";
}

std::string error_of(std::string_view pattern) {
  const auto compiled = Pattern::compile(pattern);
  return compiled ? "" : std::to_string(compiled.error().offset) + ": " + compiled.error().message;
}

Pattern compiled(std::string_view text) {
  return Pattern::compile(text).value();
}

struct Row {
  const char* name;
  const char* pattern;
  const char* expected;
};

void check_rows(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CAPTURE(row.pattern);
    CHECK(match(row.pattern, row.name) == row.expected);
  }
}

}  // namespace

TEST_CASE("behaviour 3.3: generic patterns") {
  check_rows({
      {"test|staging", "test|staging", "yes"},
      {"test", "^test|staging$", "yes"},
      {"staging", "^test|staging$", "yes"},
      {"test-foo", "test-*", "yes"},
      {"foo-test", "test-*", "no"},
      {"foo", "^[$", "error"},
      {"pretest", "test", "no"},
      {"tempest", "test", "no"},
      {"testpost", "test", "no"},
      {"env-app-staging", "env-*-staging", "yes"},
      {"pre-env-app-staging", "env-*-staging", "no"},
      {"env-app-staging-post", "env-*-staging", "no"},
      {"env-app-staging", "^env-[a-zA-Z0-9]{3,12}-staging$", "yes"},
      {"env-~-staging", "^env-[a-zA-Z0-9]{3,12}-staging$", "no"},
      {"env-\xF0\x9F\x9A\x80-staging", "^env-[a-zA-Z0-9]{3,12}-staging$", "no"},
      {"env-reallylongname-staging", "^env-[a-zA-Z0-9]{3,12}-staging$", "no"},
      {"env-prod", "^env-(?!prod)$", "error"},
      {"", "", "yes"},
      {"x", "", "no"},
  });
}

TEST_CASE("behaviour 1.6: a regular expression is anchored also around an alternation") {
  // Stricter on purpose (design section 1 "Resource IDs").
  check_rows({
      {"test-anything", "^test|staging$", "no"},
      {"pre-staging", "^test|staging$", "no"},
      {"ab", "^a|ab$", "yes"},
  });
}

TEST_CASE("globs") {
  check_rows({
      {"", "*", "yes"},
      {"anything", "*", "yes"},
      {"x", "**", "yes"},
      {"aXbYc", "a*b*c", "yes"},
      {"abc", "a*b*c", "yes"},
      {"acb", "a*b*c", "no"},
      {"aa", "a*a", "yes"},
      {"a", "a*a", "no"},
      {"aba", "a*b*a", "yes"},
      {"ab", "ab*b", "no"},
      {"abb", "ab*b", "yes"},
      {"xxabyyabzz", "*ab*ab*", "yes"},
      {"xxabyy", "*ab*ab*", "no"},
      {"a.b", "a.b", "yes"},
      {"axb", "a.b", "no"},
      {"TEST", "test", "no"},
      {"x-suffix", "*-suffix", "yes"},
      {"-suffix", "*-suffix", "yes"},
  });
}

TEST_CASE("attack rows 223 to 230") {
  CHECK(match("nginx-*", "nginx-") == "yes");  // 223: the star may stand for nothing
  CHECK(match("nginx-*", "nginx") == "no");
  CHECK(match("^nginx-.*$", "nginx-1\ndb-0") == "no");  // 226
  CHECK(match("^nginx-.*$", "x\nnginx-1") == "no");
  CHECK(match("app.config", "appXconfig") == "no");     // 227
  CHECK(match(std::string(254, 'a'), "a") == "error");  // 229
  CHECK(match(std::string(253, 'a'), std::string(253, 'a')) == "yes");
  CHECK(match("nginx-\xC3", "nginx-") == "error");
  CHECK(match("^a{1001}$", "a") == "error");
  CHECK(match("^(((a{100}){100}){100})$", "a") == "error");  // beyond RE2's memory
  CHECK(match("^(a*)*b$", std::string(253, 'a')) == "no");   // 230: linear, or this would not end
}

TEST_CASE("a regular expression that costs much is refused before it does") {
  // What these took: a quarter of a second to compile and 570 KiB, 100 ms to fail, 13 ms a match.
  for (const char* costly : {"^(?i:\\pL){50}$", "^[\\pL]{60}$", "^\\PC{300}$", "^(a?){250}b$",
                             "^((a{0,30}){0,30}b){0,1}$", "^.{500}$", "^[^a]{1000}$"}) {
    CAPTURE(costly);
    CHECK(match(costly, "a") == "error");
  }
  std::string many = "^";
  while (many.size() < 250) many += "\\pL";
  CHECK(match(many + "$", "a") == "error");
  CHECK(error_of("^a\\\\[\\pL]$") == "5: has a Unicode class, which patterns do not take");
  CHECK(error_of("^(a?){250}b$") == "0: is a regular expression that would take too much time");
  CHECK(match("^\\\\p$", "\\p") == "yes");  // no class, but a backslash and a p
  CHECK(match("^a\\", "a") == "error");
  CHECK(match("^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$", "web-1") == "yes");
  CHECK(match("^web-[0-9a-f]{8,10}-[a-z0-9]{5}$", "web-0123456789-abcde") == "yes");
}

TEST_CASE("errors say what and where") {
  CHECK(error_of("^[$").starts_with("1: does not compile: "));
  CHECK(error_of("^a(?!b)$").starts_with("2: does not compile: "));
  CHECK(error_of("^prod-.*") == "0: begins with ^ or ends with $, but not both");
  CHECK(error_of("prod-.*$") == "7: begins with ^ or ends with $, but not both");
  CHECK(error_of("ab\xFFz") == "2: is not UTF-8");
  CHECK(error_of("ab\ncd") == "2: has a control or bidirectional character");
  CHECK(error_of("ab\xE2\x80\xAEz") == "2: has a control or bidirectional character");
  CHECK(error_of(std::string(254, 'a')) == "253: is longer than 253 bytes");
}

TEST_CASE("to deny, a regular expression matches anywhere") {
  CHECK(match("^test|staging$", "test-anything", Effect::kDeny) == "yes");
  CHECK(match("^test|staging$", "pre-staging", Effect::kDeny) == "yes");
  CHECK(match("^prod$", "preprod", Effect::kDeny) == "no");
  CHECK(match("prod*", "preprod", Effect::kDeny) == "no");
  CHECK(match("^test|staging$", "other", Effect::kDeny) == "no");
}

TEST_CASE("values of traits are literal") {
  CHECK(Pattern::around("", "a*", "")->matches("a*"));
  CHECK_FALSE(Pattern::around("", "a*", "")->matches("ab"));
  CHECK(Pattern::around("team-", "x*", "-*")->matches("team-x*-web"));
  CHECK_FALSE(Pattern::around("team-", "x*", "-*")->matches("team-xy-web"));
  CHECK(Pattern::around("^", "a.c", "-[0-9]+$")->matches("a.c-12"));
  CHECK_FALSE(Pattern::around("^", "a.c", "-[0-9]+$")->matches("abc-12"));
  CHECK(Pattern::around("", "^x$", "")->matches("^x$"));
  CHECK_FALSE(Pattern::around("", "^x$", "")->matches("x"));
  CHECK_FALSE(Pattern::around("^", "a", "").has_value());
  CHECK_FALSE(Pattern::around("", "a\nb", "").has_value());
  CHECK_FALSE(Pattern::around("ax", "*", "*").value() == compiled("ax**"));
  CHECK_FALSE(Pattern::literal("*").matches("x"));
}

TEST_CASE("what a pattern surely covers") {
  const auto covers = [](const char* wide, const char* narrow, Effect effect = Effect::kAllow) {
    return compiled(wide).covers(compiled(narrow), effect);
  };
  CHECK(covers("*", "^a.*$"));
  CHECK(covers("nginx-*", "nginx-1"));
  CHECK(covers("nginx-*", "nginx-a*"));
  CHECK(covers("nginx-*", "nginx-a*b"));
  CHECK(covers("^a.*$", "^a.*$"));
  CHECK(covers("^a.*$", "abc"));
  CHECK(covers("a*b*c", "a*b*c"));
  CHECK(covers("^xa|^ab$", "xabc", Effect::kDeny));
  CHECK_FALSE(covers("^xa|^ab$", "xabc"));
  CHECK_FALSE(covers("nginx-a*", "nginx-*"));
  CHECK_FALSE(covers("nginx-*", "*"));
  CHECK_FALSE(covers("nginx-1", "nginx-*"));
}

TEST_CASE("names that Kubernetes generates") {
  const auto covers = [](const char* pattern, std::string_view base) {
    return compiled(pattern).covers_generated(base);
  };
  CHECK(covers("nginx-*", "nginx-"));
  CHECK(covers("nginx-*", "nginx-web-"));
  CHECK(covers("*", ""));
  CHECK(covers("a*b*", "axb"));
  CHECK(covers("^nginx-.*$", "nginx-"));
  CHECK(covers("^nginx-[a-z0-9]+$", "nginx-"));
  CHECK(covers("^nginx\\.x-[a-z0-9]{5}$", "nginx.x-"));
  CHECK(covers("^nginx-[a-z0-9]{5,7}$", "nginx-ab"));
  CHECK_FALSE(covers("nginx-*", "ng"));  // attack row 139
  CHECK_FALSE(covers("nginx-*", ""));
  CHECK_FALSE(covers("nginx-1", "nginx-"));
  CHECK_FALSE(covers("nginx-*-x", "nginx-"));
  CHECK_FALSE(covers("a*b*", "a"));
  CHECK_FALSE(covers("^nginx-[a-z]+$", "nginx-"));       // the letters may be digits
  CHECK_FALSE(covers("^nginx-[a-z0-9]{6}$", "nginx-"));  // five letters
  CHECK_FALSE(covers("^nginx-[a-f0-9]+$", "nginx-"));
  CHECK_FALSE(covers("^(nginx-.*)$", "nginx-"));  // not a shape that can be judged: refused
  // The base is cut to 58 bytes, so that a longer prefix is never reached.
  CHECK_FALSE(compiled(std::string(60, 'a') + "*").covers_generated(std::string(60, 'a')));
  CHECK(compiled(std::string(58, 'a') + "*").covers_generated(std::string(60, 'a')));

  const auto could = [](const char* pattern, std::string_view base) {
    return compiled(pattern).could_match_generated(base, Effect::kDeny);
  };
  CHECK(could("nginx-*", "nginx-"));
  CHECK(could("nginx-bcd*", "nginx-"));
  CHECK(could("nginx-bcdfg", "nginx-"));
  CHECK(could("^anything$", "nginx-"));
  CHECK(could("*xz", "nginx-"));
  CHECK_FALSE(could("*-x", "nginx-"));
  CHECK_FALSE(could("nginx-a*", "nginx-"));  // no vowels among the letters
  CHECK_FALSE(could("nginx-bcd", "nginx-"));
  CHECK_FALSE(could("db-*", "nginx-"));
  CHECK_FALSE(could("*-exp", "nginx-"));
}
