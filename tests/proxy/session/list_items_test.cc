#include "proxy/session/list_items.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

using Items = std::vector<std::string_view>;

TEST_CASE("a list falls into its objects and what is around them") {
  struct Row {
    std::string_view list;
    std::string_view envelope;
    Items items;
  };
  for (const Row& row : {
           Row{R"({"kind":"L","items":[{"a":1},{"b":[{"items":[]}]}],"x":2})",
               R"({"kind":"L","items":[],"x":2})",
               {R"({"a":1})", R"({"b":[{"items":[]}]})"}},
           Row{R"({"items":[]})", R"({"items":[]})", {}},
           Row{"{ \"items\" : [ {} ,\n {} ] }", R"({ "items" : [] })", {"{}", "{}"}},
           Row{R"({"metadata":{"items":[{"no":1}]},"items":[{"s":"]}\"[{\\"}]})",
               R"({"metadata":{"items":[{"no":1}]},"items":[]})",
               {R"({"s":"]}\"[{\\"})"}},
           Row{R"({"note":"items","other":[{"no":1}],"items":[{}]})",
               R"({"note":"items","other":[{"no":1}],"items":[]})",
               {"{}"}},
           Row{R"({"it\u0065ms":[{}]})", R"({"it\u0065ms":[]})", {"{}"}},
       }) {
    CAPTURE(row.list);
    const auto parts = split_list(row.list);
    REQUIRE(parts);
    CHECK(parts->envelope == row.envelope);
    CHECK(parts->items == row.items);
  }
}

TEST_CASE("what is not put together like a list is none") {
  for (const std::string_view text :
       {"", "{}", "[]", R"({"items":null})", R"({"items":{"a":[]}})", R"({"items":[)",
        R"({"items":[{}])", R"({"items":[{})", R"({"items":[{}]}})", R"({"items":[["a"]]})",
        R"({"items":["a"]})", R"({"items":[{}],"items":[{}]})", R"({"items":[{"a)",
        R"([{"items":[{}]}])", R"({"items":[{}],"it\u0065ms":[{}]})", R"({"items":[{}{}]})", "]"}) {
    CAPTURE(text);
    CHECK_FALSE(split_list(text));
  }
}

}  // namespace
}  // namespace postern::proxy
