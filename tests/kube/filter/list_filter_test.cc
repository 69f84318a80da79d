#include "tests/kube/filter/list_bodies.h"

#include <doctest/doctest.h>
#include <string>
#include <string_view>

namespace postern::kube::filter::testing {

TEST_CASE("E85-87: a list is cut down to what is allowed, kept bytes unchanged") {
  const auto body = pod_list(pod("nginx-1") + "," + pod("db-0") + "," + pod("nginx-1", "prod") +
                             "," + pod("nginx-2"));
  const Outcome outcome = list(body);
  REQUIRE(outcome.error == "");
  CHECK(outcome.out == pod_list(pod("nginx-1") + "," + pod("nginx-2")));
  CHECK(outcome.summary.kept == 2);
  CHECK(outcome.summary.dropped == 2);
}

TEST_CASE("a list of which everything is allowed comes back byte by byte") {
  const auto body = pod_list(pod("nginx-1") + "," + pod("nginx-2"));
  CHECK(list(body).out == body);
  CHECK(list(pod_list("")).out == pod_list(""));
  CHECK(list(table(row("nginx-1"))).out == table(row("nginx-1")));
}

TEST_CASE("E90: keys in the order of an unstructured list, name after managedFields") {
  const std::string visible =
      R"({"apiVersion":"e.com/v1","kind":"Widget","metadata":{"annotations":{"a":"{\"metadata\":)"
      R"({\"name\":\"db-0\"}}"},"managedFields":[{"f:metadata":{"name":{}}}],"name":"nginx-1",)"
      R"("namespace":"dev"},"spec":{}})";
  const std::string hidden =
      R"({"apiVersion":"e.com/v1","kind":"Widget","metadata":{"name":"w2","namespace":"dev"}})";
  FilterOptions options;
  options.seal_continue = [](std::string_view token) {
    return "sealed-" + std::to_string(token.size());
  };
  const Outcome outcome = list(
      R"({"apiVersion":"e.com/v1","items":[)" + hidden + "," + visible + "," + hidden +
          R"(],"kind":"WidgetList","metadata":{"continue":"w2\u0000","remainingItemCount":9,"resourceVersion":"8"}})",
      options);
  REQUIRE(outcome.error == "");
  CHECK(outcome.out ==
        R"({"apiVersion":"e.com/v1","items":[)" + visible +
            R"(],"kind":"WidgetList","metadata":{"continue":"sealed-3","resourceVersion":"8"}})"
            "\n");
  CHECK(outcome.summary.continue_token == std::string("w2\0", 3));
}

TEST_CASE("pretty output is read, too; an item keeps its white space") {
  const std::string item =
      "{\n  \"metadata\" : {\n \"name\" :\t\"nginx-1\", \"namespace\": \"dev\"\n} \r\n}";
  const Outcome outcome = list(
      "{ \"kind\": \"PodList\",\n \"apiVersion\":\"v1\" , \"metadata\": { } ,\n \"items\": [\n " +
      item + " ,\n" + pod("db-0") + "\n]\n}\n\n");
  REQUIRE(outcome.error == "");
  CHECK(outcome.out ==
        R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[)" + item + "]}\n");
}

TEST_CASE("E105: null items become an empty array; null metadata an empty object") {
  CHECK(list(R"({"kind":"PodList","apiVersion":"v1","metadata":null,"items":null})").out ==
        R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]})"
        "\n");
  CHECK(list(R"({"kind":"Table","rows":null})").out == R"({"kind":"Table","rows":[]})"
                                                       "\n");
}

TEST_CASE("list metadata: what counts or shards is dropped, a token needs a seal") {
  const auto with = [](std::string_view metadata) {
    return R"({"kind":"PodList","metadata":)" + std::string(metadata) + R"(,"items":[]})";
  };
  CHECK(
      list(
          with(
              R"({"resourceVersion":"1","remainingItemCount":3,"shardInfo":{"selector":"x"},"x":1})"))
          .out == with(R"({"resourceVersion":"1"})") + "\n");
  CHECK(list(with(R"({"continue":"","selfLink":"/api"})")).out ==
        with(R"({"selfLink":"/api"})") + "\n");
  CHECK(list(with(R"({"continue":"abc"})")).error == "a continue token where none was expected");
  FilterOptions options;
  options.seal_continue = [](std::string_view) { return std::string("s"); };
  CHECK(list(with(R"({"continue":"abc"})"), options).out == with(R"({"continue":"s"})") + "\n");
  CHECK(list(with(R"({"continue":"a","continue":"b"})"), options).error ==
        "duplicate continue key");
  CHECK(list(with(R"({"continue":5})"), options).error == "the continue token cannot be read");
  CHECK(list(with(R"({"continue":"\ud800"})"), options).error ==
        "the continue token cannot be read");
  CHECK(list(with(R"(["x"])")).error == "the list's metadata cannot be read");
  CHECK(list(with(R"({"resourceVersion":{"x":1}})")).error == "the list's metadata cannot be read");
}

TEST_CASE("other members of the envelope are left out") {
  CHECK(list(R"({"kind":"PodList","summary":{"hidden":["db-0"]},"items":[],"x":1})").out ==
        R"({"kind":"PodList","items":[]})"
        "\n");
}

TEST_CASE("E92, E93: rows and items that name nothing are dropped") {
  const std::string rows =
      R"({"cells":["nginx-1"],"object":null},{"cells":["nginx-1"]},null,)"
      R"({"cells":["nginx-1"],"object":{"metadata":{}}},{"object":{"metadata":null}},)"
      R"({"object":{"metadata":{"name":"","namespace":"dev"}}},{"object":{}})";
  CHECK(list(table(rows)).out == table(""));
  CHECK(list(table(rows)).summary.dropped == 7);
  const std::string items =
      R"({},{"metadata":{}},{"metadata":{"namespace":"dev"}},null,{"metadata":null},)"
      R"({"metadata":{"name":null,"namespace":"dev"}},{"spec":{"name":"nginx-1"}})";
  const Outcome outcome = run_all_ways(
      make_json_list_filter, {}, [](const Item&) { return true; }, pod_list(items));
  CHECK(outcome.out == pod_list(""));
  CHECK(outcome.summary.dropped == 7);
}

TEST_CASE("hold_until_kept: nothing is written before the first kept item") {
  FilterOptions options;
  options.hold_until_kept = true;
  options.seal_continue = [](std::string_view) { return std::string("s"); };
  FunctionPredicate predicate(nginx_in_dev);
  std::string out;
  const std::string head = R"({"kind":"PodList","metadata":{"continue":"t"},"items":[)";
  const auto hidden = make_json_list_filter(options, predicate);
  REQUIRE(hidden->feed(head + pod("db-0") + "]}", out));
  CHECK(out == "");
  REQUIRE(hidden->finish(out));
  CHECK(out == R"({"kind":"PodList","metadata":{"continue":"s"},"items":[]})"
               "\n");
  CHECK(hidden->summary().continue_token == "t");
  CHECK(hidden->summary().kept == 0);

  const auto visible = make_json_list_filter(options, predicate);
  out.clear();
  REQUIRE(visible->feed(head + pod("db-0") + "," + pod("nginx-1"), out));
  CHECK(out == R"({"kind":"PodList","metadata":{"continue":"s"},"items":[)" + pod("nginx-1"));
  REQUIRE(visible->feed("]}", out));
  REQUIRE(visible->finish(out));
  CHECK(out.ends_with("]}\n"));
}

TEST_CASE("E106: an undecided head has a cap, the rest of an item has none") {
  FilterOptions options;
  options.max_undecided_bytes = 1000;
  const std::string late = R"({"spec":")" + std::string(2000, 'x') +
                           R"(","metadata":{"name":"nginx-1","namespace":"dev"}})";
  CHECK(list(pod_list(late), options).error == "an item's head is too large");
  const std::string early =
      pod("nginx-1", "dev", R"(,"status":")" + std::string(100000, 'x') + "\"");
  CHECK(list(pod_list(early), options).out == pod_list(early));
  CHECK(
      list(R"({"kind":"PodList","metadata":{"x":")" + std::string(2000, 'x') + R"("},"items":[]})",
           options)
          .error == "a value is too large");
}

TEST_CASE("the predicate is asked once an item, in order") {
  FunctionPredicate predicate(nginx_in_dev);
  const auto filter = make_json_list_filter({}, predicate);
  std::string out;
  const auto body = pod_list(pod("nginx-1") + "," + pod("db-0") + R"(,{"metadata":{"name":"n1"}})");
  for (const char c : body) REQUIRE(filter->feed({&c, 1}, out));
  REQUIRE(filter->finish(out));
  CHECK(predicate.asked == std::vector<std::string>{"dev/nginx-1", "dev/db-0", "/n1"});
}

}  // namespace postern::kube::filter::testing
