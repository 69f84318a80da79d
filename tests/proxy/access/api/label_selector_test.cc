#include "proxy/access/api/label_selector.h"

#include <doctest/doctest.h>
#include <map>
#include <string>

namespace {

using postern::proxy::access::api::LabelSelector;
using Labels = std::map<std::string, std::string>;

bool matches(const char* text, const Labels& labels) {
  const auto selector = LabelSelector::parse(text);
  REQUIRE(selector);
  return selector->matches(labels);
}

TEST_CASE("the operators of label selectors") {
  const Labels labels = {{"env", "dev"}, {"n", "5"}, {"e.com/x", ""}};
  struct Row {
    const char* selector;
    bool matches;
  };
  const Row rows[] = {{"", true},
                      {"env=dev", true},
                      {"env==dev", true},
                      {"env = dev", true},
                      {"env=prod", false},
                      {"env!=prod", true},
                      {"absent!=prod", true},
                      {"env in (dev,prod)", true},
                      {"env in (prod)", false},
                      {"env notin (prod, test)", true},
                      {"absent notin (prod)", true},
                      {"env", true},
                      {"absent", false},
                      {"!absent", true},
                      {"!env", false},
                      {"n>4", true},
                      {"n<4", false},
                      {"env>4", false},
                      {"e.com/x", true},
                      {"e.com/x=", true},
                      {"e.com/x in (,a)", true},
                      {"env=dev,n=5", true},
                      {"env=dev,n=6", false}};
  for (const Row& row : rows) {
    CAPTURE(row.selector);
    CHECK(matches(row.selector, labels) == row.matches);
  }
}

TEST_CASE("what is no selector is 400") {
  for (const char* text :
       {"=", "env=dev,", ",env", "env in dev", "env in (dev", "env in (a b)", "!env=dev", "env dev",
        "a/b/c", "-x", "env=-", "n>x", "env=(a)", "env=a=b", "in (a)"}) {
    CAPTURE(text);
    const auto selector = LabelSelector::parse(text);
    REQUIRE_FALSE(selector);
    CHECK(selector.error().code == 400);
  }
}

}  // namespace
