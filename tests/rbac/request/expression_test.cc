#include "rbac/request/expression.h"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace postern::rbac::request;

namespace {

std::string error_of(std::string_view text, ExpressionUse use = ExpressionUse::kFilter) {
  const auto parsed = Expression::parse(text, use);
  return parsed ? "none" : parsed.error().str();
}

struct Facts {
  std::vector<std::string> reviewer_roles;
  ValueMap reviewer_traits;
  std::vector<std::string> request_roles;
  std::string request_reason;
  ValueMap request_annotations;
  std::string review_reason;
  ValueMap review_annotations;
};

bool holds(std::string_view text, const Facts& facts) {
  const auto parsed = Expression::parse(text, ExpressionUse::kFilter);
  REQUIRE_MESSAGE(parsed.has_value(), text << ": " << parsed.error().str());
  ExpressionContext context;
  context.reviewer_roles = &facts.reviewer_roles;
  context.reviewer_traits = &facts.reviewer_traits;
  context.request_roles = &facts.request_roles;
  context.request_reason = facts.request_reason;
  context.request_annotations = &facts.request_annotations;
  context.review_reason = facts.review_reason;
  context.review_annotations = &facts.review_annotations;
  return parsed->evaluate(context);
}

}  // namespace

TEST_CASE("behaviour 3.12 filters: what holds") {
  Facts facts;
  facts.reviewer_roles = {"dev", "ops"};
  facts.reviewer_traits = {{"team", {"blue", "green"}}};
  facts.request_roles = {"developers", "dba"};
  facts.request_reason = "Ticket 123, please";
  facts.request_annotations = {{"team", {"blue-admin"}}};
  facts.review_reason = "fine";
  facts.review_annotations = {{"seen", {"yes"}}};

  struct Row {
    std::string_view text;
    bool holds;
  };
  for (const Row& row : std::vector<Row>{
           {R"(contains(reviewer.roles, "dev"))", true},
           {R"(contains(reviewer.roles,"de"))", false},
           {R"(contains(reviewer.roles, `ops`))", true},
           {R"(contains(reviewer.traits["team"], "blue") &&
               contains(request.system_annotations["team"], "blue-admin"))",
            true},
           {R"(contains(reviewer.traits["team"], "blue") &&
               contains(request.system_annotations["team"], "red-admin"))",
            false},
           {R"(contains(reviewer.traits["none"], "blue"))", false},
           {R"(!contains(reviewer.roles, "dev") || !contains(reviewer.traits["team"], "red"))",
            true},
           {R"(!contains(reviewer.roles, "dev") || !contains(reviewer.traits["team"], "blue"))",
            false},
           {R"(equals(request.reason, "Ticket 123, please"))", true},
           {R"(equals(request.reason, review.reason))", false},
           {R"(!equals(request.reason, review.reason))", true},
           {R"(!!equals("a", "a"))", true},
           {R"(equals("a", "A"))", false},
           {R"(regexp.match(request.roles, "^dev(elopers)?$"))", true},
           {R"(regexp.match(request.roles, "^dev$"))", false},
           {R"(regexp.match(request.roles, "^dev|xyz$"))", false},  // the whole text, always
           {R"(regexp.match(request.reason, "^Ticket [0-9]+.*$"))", true},
           {R"(regexp.match(review.reason, "^Ticket [0-9]+.*$"))", false},
           {R"(regexp.match(request.reason, "Ticket*"))", true},
           {R"(regexp.match(request.reason, "Ticket"))", false},
           {R"(regexp.match("a.c", "a.c"))", true},
           {R"(regexp.match("abc", "a.c"))", false},
           {R"(contains(review.annotations["seen"], "yes"))", true},
           {R"(contains(request.roles, request.reason))", false},
           // && binds tighter than ||, and ! tightest.
           {R"(equals("a","a") || equals("a","b") && equals("a","b"))", true},
           {R"((equals("a","a") || equals("a","b")) && equals("a","b"))", false},
           {R"(!equals("a","b") && equals("c","c"))", true},
           {R"(equals("quote \" backslash \\", `quote " backslash \`))", true},
           {"equals(\"a\\n\", `a\n`)", true},
       }) {
    INFO(row.text);
    CHECK(holds(row.text, facts) == row.holds);
  }
}

TEST_CASE("behaviour 3.12 filters: one condition, facts that fit and facts that do not") {
  const auto facts = [](auto change) {
    Facts made;
    change(made);
    return made;
  };
  struct Row {
    std::string_view text;
    Facts fits;
    Facts fails;
  };
  for (const Row& row : std::vector<Row>{
           {R"(contains(reviewer.roles,"dev"))", facts([](Facts& f) {
              f.reviewer_roles = {"ops", "dev"};
            }),
            facts([](Facts& f) {
              f.reviewer_roles = {"ops", "developer"};
            })},
           {R"(contains(reviewer.traits["teams"], "blue") &&
               contains(request.system_annotations["teams"], "blue"))",
            facts([](Facts& f) {
              f.reviewer_traits = {{"teams", {"blue", "red"}}};
              f.request_annotations = {{"teams", {"blue"}}};
            }),
            facts([](Facts& f) {
              f.reviewer_traits = {{"teams", {"blue"}}};
              f.request_annotations = {{"teams", {"red"}}, {"other", {"blue"}}};
            })},
           {R"(!contains(reviewer.traits["teams"], "red") ||
               !contains(request.system_annotations["teams"], "red"))",
            facts([](Facts& f) {
              f.reviewer_traits = {{"teams", {"red"}}};
            }),
            facts([](Facts& f) {
              f.reviewer_traits = {{"teams", {"red"}}};
              f.request_annotations = {{"teams", {"red"}}};
            })},
           {R"(equals(request.reason, "holiday") && equals(review.reason, "approved"))",
            facts([](Facts& f) {
              f.request_reason = "holiday";
              f.review_reason = "approved";
            }),
            facts([](Facts& f) {
              f.request_reason = "holiday";
              f.review_reason = "Approved";
            })},
           {R"(regexp.match(request.roles, "^dev(elopers)?$"))", facts([](Facts& f) {
              f.request_roles = {"ops", "developers"};
            }),
            facts([](Facts& f) {
              f.request_roles = {"ops", "developer", "dev-1"};
            })},
           {R"(regexp.match(request.reason,"^Ticket [0-9]+.*$"))",
            facts([](Facts& f) { f.request_reason = "Ticket 123: down"; }),
            facts([](Facts& f) { f.request_reason = "a Ticket 123"; })},
           {R"(contains(review.annotations["seen"], "all"))", facts([](Facts& f) {
              f.review_annotations = {{"seen", {"all"}}};
            }),
            facts([](Facts& f) {
              f.request_annotations = {{"seen", {"all"}}};
            })},
       }) {
    INFO(row.text);
    CHECK(holds(row.text, row.fits));
    CHECK(!holds(row.text, row.fails));
  }
}

TEST_CASE("behaviour 3.12 filters: nothing known") {
  const Facts nobody;
  CHECK(holds(R"(equals("", ""))", nobody));
  CHECK(holds(R"(equals(request.reason, review.reason))", nobody));
  CHECK(!holds(R"(contains(reviewer.roles, ""))", nobody));
  CHECK(!holds(R"(regexp.match(request.roles, "*"))", nobody));
  CHECK(holds("", nobody));
  CHECK(Expression().evaluate({}));  // null pointers are empty lists
  CHECK(!Expression::parse(R"(contains(reviewer.traits["x"],"y"))", ExpressionUse::kWhere)
             ->evaluate({}));
}

TEST_CASE("behaviour 3.12 filters: errors and where they are") {
  struct Row {
    std::string_view text;
    std::string_view error;
  };
  for (const Row& row : std::vector<Row>{
           {"!", "column 2: a condition is missing: contains, equals, regexp.match, ! or ("},
           {"&& contains(reviewer.roles, \"a\")",
            "column 1: a condition is missing: contains, equals, regexp.match, ! or ("},
           {" ", "column 2: a condition is missing: contains, equals, regexp.match, ! or ("},
           {"has(reviewer.roles, \"a\")", "column 1: there is no function \"has\""},
           {"contains(reviewer.names, \"a\")", "column 10: there is no field \"reviewer.names\""},
           {"contains(reviewer, \"a\")", "column 10: there is no field \"reviewer\""},
           {"contains(reviewer.roles)", "column 24: contains takes two arguments"},
           {"contains()", "column 10: contains wants a field or a string in double quotes here"},
           {"contains(reviewer.roles, \"a\", \"b\")",
            "column 29: contains takes two arguments, then )"},
           {"equals(\"a\")", "column 11: equals takes two arguments"},
           {"contains(\"a\", \"b\")", "column 10: contains wants a list first"},
           {"contains(request.reason, \"b\")", "column 10: contains wants a list first"},
           {"contains(reviewer.roles, request.roles)", "column 26: contains wants a string second"},
           {"equals(reviewer.roles, \"a\")", "column 8: equals compares strings, not lists"},
           {"equals(\"a\", reviewer.roles)", "column 13: equals compares strings, not lists"},
           {"regexp.match(request.reason, request.reason)",
            "column 30: regexp.match wants its pattern as a string"},
           {"regexp.match(request.reason, \"^(a$\")", "column 30: the pattern does not compile"},
           {"regexp.match(request.reason, \"^a\")", "column 30: the pattern begins with ^"},
           {"reviewer.traits[\"a\"]", "column 1: there is no function \"reviewer.traits\""},
           {"contains(reviewer.traits, \"a\")", "column 25: [ is missing"},
           {"contains(reviewer.traits[a], \"a\")",
            "column 26: a string in double quotes is missing"},
           {"contains(reviewer.traits[\"a\", \"a\")", "column 29: ] is missing"},
           {"equals(\"a, \"b\")", "column 13: equals takes two arguments"},
           {"equals(\"a\", \"b", "column 13: the string does not end"},
           {"equals('a', \"b\")",
            "column 8: equals wants a field or a string in double quotes here"},
           {"equals(\"\\x\", \"b\")", "column 9: of the escapes there are"},
           {"(equals(\"a\", \"b\")", "column 18: ) is missing"},
           {"equals(\"a\", \"b\"))", "column 17: nothing may follow here but && and ||"},
           {"equals(\"a\", \"b\") equals(\"a\", \"b\")",
            "column 18: nothing may follow here but && and ||"},
           {"equals(\"a\", \"b\") &&",
            "column 20: a condition is missing: contains, equals, regexp.match, ! or ("},
           {"equals(\"a\", \"b\") & equals(\"a\", \"b\")",
            "column 18: nothing may follow here but && and ||"},
           {"equals", "column 7: ( is missing"},
       }) {
    INFO(row.text);
    const std::string error = error_of(row.text);
    CHECK_MESSAGE(error.starts_with(row.error), error);
  }
}

TEST_CASE("expressions: fields of reviews are for filters alone") {
  for (const char* text :
       {R"(equals(review.reason, "a"))", R"(contains(review.annotations["a"], "b"))"}) {
    CHECK(error_of(text, ExpressionUse::kFilter) == "none");
    CHECK(error_of(text, ExpressionUse::kWhere).find("outside of a threshold's filter") !=
          std::string::npos);
  }
}

TEST_CASE("expressions: bounds") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + R"(equals("a","a"))" + std::string(depth, ')');
  };
  CHECK(error_of(nested(kMaxExpressionDepth - 1)) == "none");
  CHECK(error_of(nested(kMaxExpressionDepth)).find("nested too deeply") != std::string::npos);
  CHECK(error_of(std::string(100'000, '(')).find("longer than") != std::string::npos);
  CHECK(error_of(std::string(4000, '!')).find("nested too deeply") != std::string::npos);
  std::string many = R"(equals("a","b"))";
  for (int i = 0; i < 200; ++i) {
    many += R"(||equals("a","b"))";
  }
  CHECK(error_of(many) == "none");  // breadth costs no depth
}

TEST_CASE("expressions: no bytes crash the parser") {
  std::uint32_t seed = 7;
  const std::string_view alphabet = "()!&|,\"`[]\\ .contaisequlrgxpmhvwy";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint32_t length = (seed = seed * 1664525 + 1013904223) >> 27; length > 0; --length) {
      seed = seed * 1664525 + 1013904223;
      text += alphabet[(seed >> 16) % alphabet.size()];
    }
    const auto parsed = Expression::parse(text, ExpressionUse::kFilter);
    if (parsed) {
      CHECK(parsed->text() == text);
      parsed->evaluate({});
    } else {
      CHECK(parsed.error().offset <= text.size());
    }
  }
}
