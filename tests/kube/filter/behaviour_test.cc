// The rows of the behaviour reference's table 3.7 about envelopes and broken items. Kinds, forms
// and rules are in tests/rbac/behaviour_filters_test.cc. Where postern differs, it refuses a body
// that it cannot read for sure, and makes its own what clients cannot tell from the API server's.

#include "tests/kube/filter/filter_run.h"

#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <vector>

namespace postern::kube::filter::testing {
namespace {

std::string item(std::string_view name, std::string_view space) {
  return R"({"metadata":{"name":")" + std::string(name) + R"(","namespace":")" +
         std::string(space) + R"("},"spec":{"a":1.0}})";
}

std::string row(std::string_view object) {
  return R"({"cells":["x",1],"object":)" + std::string(object) + "}";
}

const char* const kListHead = R"({"kind":"PodList","apiVersion":"v1",)"
                              R"("metadata":{"resourceVersion":"42"},"items":)";
const char* const kTableHead =
    R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"42"},)"
    R"("columnDefinitions":[{"name":"Name","priority":0}],"rows":)";

std::string list(std::string_view items) {
  return kListHead + std::string(items) + "}\n";
}
std::string table(std::string_view rows) {
  return kTableHead + std::string(rows) + "}\n";
}

/// The whole answer, or "error".
std::string filtered(std::string_view body, bool all = false) {
  const auto allows = [all](const Item& one) { return all || nginx_in_dev(one); };
  const Outcome outcome = run_all_ways(make_json_list_filter, {}, allows, body);
  return outcome.ok() ? outcome.out : "error";
}

}  // namespace

TEST_CASE("behaviour 3.7: envelopes") {
  const std::string both = item("nginx-1", "dev") + "," + item("redis", "dev");
  // apiVersion, kind, resourceVersion and column definitions are kept as they came.
  CHECK(filtered(list("[" + both + "]")) == list("[" + item("nginx-1", "dev") + "]"));
  CHECK(filtered(table("[" + row(item("nginx-1", "dev")) + "," + row(item("redis", "dev")) +
                       "]")) == table("[" + row(item("nginx-1", "dev")) + "]"));
  CHECK(filtered(list("[" + both + "]"), true) == list("[" + both + "]"));
  CHECK(filtered(list("[]")) == list("[]"));
  CHECK(filtered(table("[]")) == table("[]"));
  // Differs: an empty array for null, which is what clients take it for; so an answer does not tell
  // by its form whether anything was hidden.
  CHECK(filtered(list("null")) == list("[]"));
  CHECK(filtered(table("null")) == table("[]"));
  // Stricter: what is no known part of a list could hold anything, and is left out.
  CHECK(filtered(R"({"kind":"PodList","apiVersion":"v1","extra":{"name":"redis"},"items":[]})") ==
        R"({"kind":"PodList","apiVersion":"v1","items":[]})"
        "\n");
  // Stricter: an object that is no list for sure does not get out.
  CHECK(filtered("{}") == "error");
  CHECK(filtered(R"({"metadata":{"resourceVersion":"42"}})") == "error");
}

TEST_CASE("behaviour 3.7: items whose name or namespace is missing or broken") {
  const std::string good = item("nginx-1", "dev");
  const auto beside = [&](std::string_view broken) {
    return filtered(list("[" + std::string(broken) + "," + good + "]"), true);
  };
  const std::string only_good = list("[" + good + "]");
  for (const char* nameless :
       {"{}", "null", R"({"spec":{}})", R"({"metadata":{}})", R"({"metadata":null})",
        R"({"metadata":{"namespace":"dev"}})", R"({"metadata":{"name":""}})"}) {
    CAPTURE(nameless);
    CHECK(beside(nameless) == only_good);
  }
  // Without a namespace it is an object that has none.
  const std::string bare = R"({"metadata":{"name":"n1"}})";
  CHECK(beside(bare) == list("[" + bare + "," + good + "]"));
  CHECK(filtered(list("[" + bare + "," + good + "]")) == only_good);
  // Stricter: metadata of another type, and JSON that is broken, make the whole answer an error.
  for (const char* broken : {R"({"metadata":"x"})", R"({"metadata":["x"]})", R"({"metadata":7})",
                             R"({"metadata":{"name":7}})", R"("x")", "7", "{", R"({"metadata":)",
                             R"({"metadata":{"name":"a" "namespace":"dev"}})"}) {
    CAPTURE(broken);
    CHECK(beside(broken) == "error");
  }
}

TEST_CASE("behaviour 3.7: rows of tables without an object or a name") {
  const std::string good = row(item("nginx-1", "dev"));
  for (const char* nameless :
       {R"({"cells":["nginx-1"]})", R"({"cells":["nginx-1"],"object":null})",
        R"({"cells":["nginx-1"],"object":{}})", R"({"cells":["nginx-1"],"object":{"metadata":{}}})",
        R"({"cells":["nginx-1"],"object":{"metadata":{"name":"","namespace":"dev"}}})"}) {
    CAPTURE(nameless);
    CHECK(filtered(table("[" + std::string(nameless) + "," + good + "]"), true) ==
          table("[" + good + "]"));
  }
  for (const char* broken : {R"({"cells":["nginx-1"],"object":"x"})",
                             R"({"cells":["nginx-1"],"object":{"metadata":1}})"}) {
    CAPTURE(broken);
    CHECK(filtered(table("[" + std::string(broken) + "," + good + "]"), true) == "error");
  }
}

}  // namespace postern::kube::filter::testing
