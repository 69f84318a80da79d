#include "tests/kube/filter/filter_run.h"

#include <doctest/doctest.h>
#include <string>
#include <string_view>

namespace postern::kube::filter::testing {
namespace {

Outcome list(std::string_view body, FilterOptions options = {}) {
  return run_all_ways(make_json_list_filter, options, nginx_in_dev, body);
}

std::string pod(std::string_view name, std::string_view ns = "dev", std::string_view rest = "") {
  return R"({"metadata":{"name":")" + std::string(name) + R"(","namespace":")" + std::string(ns) +
         R"(","uid":"u"},"spec":{"a":[1.10,1e400,18446744073709551615]})" + std::string(rest) + "}";
}

std::string pod_list(const std::string& items) {
  return R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[)" +
         items + "]}\n";
}

std::string table(const std::string& rows) {
  return R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"7"},)"
         R"("columnDefinitions":[{"name":"Name"}],"rows":[)" +
         rows + "]}\n";
}

std::string row(std::string_view name, std::string_view ns = "dev") {
  return R"({"cells":[")" + std::string(name) +
         R"(",1],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",)"
         R"("metadata":{"name":")" +
         std::string(name) + R"(","namespace":")" + std::string(ns) + R"(","uid":"u"}}})";
}

}  // namespace

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

TEST_CASE("tables: rows are cut down by their object's metadata") {
  const Outcome outcome =
      list(table(row("db-0") + "," + row("nginx-1") + "," + row("nginx-1", "prod")));
  REQUIRE(outcome.error == "");
  CHECK(outcome.out == table(row("nginx-1")));
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

TEST_CASE("tables for includeObject=None: objects are blanked") {
  FilterOptions options;
  options.blank_table_objects = true;
  const Outcome outcome = list(table(row("nginx-1") + "," + row("db-0")), options);
  CHECK(outcome.out == table(R"({"cells":["nginx-1",1],"object":null})"));
  CHECK(
      list(
          table(
              R"({"object" : {"metadata":{"namespace":"dev","name":"nginx-1"},"z":[]} , "cells":[]})"),
          options)
          .out == table(R"({"object" : null , "cells":[]})"));
}

TEST_CASE("tables of events: objects are reduced to their metadata") {
  FilterOptions options;
  options.reduce_table_objects = options.event_references = true;
  const auto about_nginx = [](const Item& item) {
    return item.regarding && item.regarding->name == "nginx-1";
  };
  const auto event_row = [](std::string_view about, std::string_view tail) {
    return R"({"cells":[1],"object":{"kind":"Event","metadata":{"name":"e", "namespace":"dev"},)"
           R"("involvedObject":{"kind":"Pod","name":")" +
           std::string(about) + R"("},"message":"m")" + std::string(tail);
  };
  const Outcome outcome = run_all_ways(
      make_json_list_filter, options, about_nginx,
      table(event_row("db-0", "}}") + "," + event_row("nginx-1", R"(},"conditions":[]})")));
  REQUIRE(outcome.error == "");
  CHECK(outcome.out ==
        table(R"({"cells":[1],"object":{"kind":"PartialObjectMetadata",)"
              R"("apiVersion":"meta.k8s.io/v1","metadata":{"name":"e", "namespace":"dev"}},)"
              R"("conditions":[]})"));
}

TEST_CASE("events: references reach the predicate") {
  FilterOptions options;
  options.event_references = true;
  std::string seen;
  const auto spy = [&seen](const Item& item) {
    seen += std::string(item.name) + ":";
    for (const auto* reference : {&item.regarding, &item.related}) {
      if (!*reference) continue;
      const ObjectReference& r = **reference;
      seen += std::string(r.api_version) + "," + std::string(r.kind) + "," +
              std::string(r.namespace_) + "," + std::string(r.name) + ";";
    }
    return true;
  };
  const std::string items =
      R"({"metadata":{"name":"e1"},"involvedObject":{"kind":"Pod","namespace":"dev","name":"nginx\u002d1","apiVersion":"v1"},"related":{"name":"db-0"}},)"
      R"({"related":null,"regarding":{"kind":"Node","name":"n1","uid":"x"},"metadata":{"name":"e2"}})";
  const Outcome outcome = run(make_json_list_filter, options, spy, pod_list(items));
  REQUIRE(outcome.error == "");
  CHECK(seen == "e1:v1,Pod,dev,nginx-1;,,,db-0;e2:,Node,,n1;");
  CHECK(outcome.out == pod_list(items));
  const auto refused = [&](const std::string& item) {
    return run_all_ways(make_json_list_filter, options, spy, pod_list(item)).error;
  };
  CHECK(refused(R"({"metadata":{"name":"e"},"regarding":{},"involvedObject":{}})") ==
        "duplicate reference key");
  CHECK(refused(R"({"metadata":{"name":"e"},"related":{"name":"a","name":"b"}})") ==
        "a reference cannot be read");
  CHECK(refused(R"({"metadata":{"name":"e"},"related":{"name":7}})") ==
        "a reference cannot be read");
  CHECK(refused(R"({"metadata":{"name":"e"},"related":"db-0"})") == "a reference cannot be read");
}

TEST_CASE("events in reduced rows are the same wherever the body is cut") {
  FilterOptions options;
  options.reduce_table_objects = options.event_references = true;
  std::string seen;
  const auto spy = [&seen](const Item& item) {
    seen += std::string(item.namespace_) + "/" + std::string(item.name);
    if (item.regarding) seen += " of " + std::string(item.regarding->name);
    if (item.related) seen += " with " + std::string(item.related->kind);
    return item.name != "b";
  };
  const std::string body = table(
      R"({"cells":[1],"object":{"regarding":{"name":"x\u002d1"},"metadata":{"name":"a","namespace":"d"},)"
      R"("related":{"kind":"Pod"}},"conditions":[]},)"
      R"({"object":{"metadata":{"name":"b"},"regarding":{"name":"hidden"}}},)"
      R"({"object":{"metadata":{"n\u0061me":"c\u0063"}}})");
  const std::string expected = table(
      R"({"cells":[1],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",)"
      R"("metadata":{"name":"a","namespace":"d"}},"conditions":[]},)"
      R"({"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",)"
      R"("metadata":{"n\u0061me":"c\u0063"}}})");
  for (std::size_t cut = 1; cut < body.size(); ++cut) {
    for (const std::size_t then : {std::size_t{1}, body.size()}) {
      seen.clear();
      std::size_t next = cut;
      const Outcome outcome = run_pieces(make_json_list_filter, options, spy, body, [&] {
        const std::size_t size = next;
        next = then;
        return size;
      });
      CAPTURE(cut);
      REQUIRE(outcome.error == "");
      REQUIRE(outcome.out == expected);
      REQUIRE(seen == "d/a of x-1 with Pod/b of hidden/cc");
    }
  }
}

TEST_CASE("E107: escaped keys and names are decoded before they count") {
  const std::string escaped =
      R"({"meta\u0064ata":{"n\u0061me":"nginx\u002d1","namespace":"d\u0065v"}})";
  CHECK(list(pod_list(escaped)).out == pod_list(escaped));
  const std::string disguised = R"({"meta\u0064ata":{"name":"db-0","namespace":"dev"}})";
  CHECK(list(pod_list(disguised)).out == pod_list(""));
  std::string name;
  const auto spy = [&name](const Item& item) {
    name = item.name;
    return true;
  };
  run(make_json_list_filter, {}, spy,
      pod_list(R"({"metadata":{"name":"a\u003cb\u0026\ud83d\ude00é"}})"));
  CHECK(name == "a<b&\U0001F600é");
}

TEST_CASE("E108: what is ambiguous is refused") {
  const auto error = [](const std::string& item) { return list(pod_list(item)).error; };
  CHECK(error(R"({"metadata":{"name":"nginx-1","namespace":"dev"},"metadata":{"name":"db-0"}})") ==
        "duplicate metadata key");
  CHECK(
      error(
          R"({"metadata":{"name":"nginx-1","namespace":"dev"},"meta\u0064ata":{"name":"db-0"}})") ==
      "duplicate metadata key");
  CHECK(error(R"({"metadata":{"name":"nginx-1","name":"db-0","namespace":"dev"}})") ==
        "duplicate name key");
  CHECK(error(R"({"metadata":{"name":"nginx-1","namespace":"dev","uid":"u","name":"db-0"}})") ==
        "duplicate name key");
  CHECK(error(R"({"metadata":{"name":"nginx-1","namespace":"dev","namespace":"prod"}})") ==
        "duplicate namespace key");
  CHECK(error(R"({"metadata":{"name":5}})") == "a value has the wrong type");
  CHECK(error(R"({"metadata":{"name":["nginx-1"]}})") == "a value has the wrong type");
  CHECK(error(R"({"metadata":[]})") == "a value has the wrong type");
  CHECK(error(R"({"metadata":"x"})") == "a value has the wrong type");
  CHECK(error(R"("nginx-1")") == "a value has the wrong type");
  CHECK(error(R"({"metadata":{"name":"\ud800"}})") == "a name cannot be decoded");
  CHECK(error(R"({"metadata":{"name":"\udc00\ud800"}})") == "a name cannot be decoded");
  CHECK(error(R"({"metadata":{"name":"\x"}})") == "a name cannot be decoded");
  CHECK(error("{\"metadata\":{\"name\":\"nginx\xff\"}}") == "a name cannot be decoded");
  CHECK(error("{\"metadata\":{\"name\":\"nginx\xed\xa0\x80\"}}") == "a name cannot be decoded");
  CHECK(error("{\"metadata\":{\"name\":\"nginx\n\"}}") == "a name cannot be decoded");
  CHECK(error(R"({"metadata":{"name":")" + std::string(5000, 'n') + R"("}})") ==
        "a key or text is too long");
  CHECK(error(R"({"meta\q":1})") == "a key cannot be decoded");
  CHECK(list(table(R"({"object":{"metadata":{"name":"nginx-1","namespace":"dev"}},"object":{}})"))
            .error == "duplicate object key in a row");
}

TEST_CASE("what is no list is refused") {
  CHECK(list(R"({"kind":"Status","apiVersion":"v1","metadata":{}})").error ==
        "the kind is no list's");
  CHECK(list(R"({"kind":"Pod","metadata":{"name":"db-0"}})").error == "the kind is no list's");
  CHECK(list(R"({"kind":null,"items":[]})").error == "the kind is no list's");
  CHECK(list(R"({"kind":["PodList"],"items":[]})").error == "the kind cannot be read");
  CHECK(list(R"({"items":[]})").error == "the list has no kind");
  CHECK(list(R"({"kind":"PodList"})").error == "the list has no items");
  CHECK(list(R"({"kind":"PodList","rows":[]})").error == "neither a list nor a table");
  CHECK(list(R"({"kind":"Table","items":[]})").error == "neither a list nor a table");
  CHECK(list(R"({"items":[],"kind":"Table"})").error == "neither a list nor a table");
  CHECK(list(R"({"kind":"PodList","columnDefinitions":[],"items":[]})").error ==
        "neither a list nor a table");
  CHECK(list(R"({"kind":"PodList","items":[],"items":[]})").error == "items or rows twice");
  CHECK(list(R"({"kind":"PodList","items":[],"rows":[]})").error == "items or rows twice");
  CHECK(list(R"({"kind":"PodList","kind":"PodList","items":[]})").error ==
        "duplicate key in the list");
  CHECK(list(R"({"metadata":{},"metadata":{},"kind":"PodList","items":[]})").error ==
        "duplicate key in the list");
  CHECK(list(R"({"kind":"PodList","items":{}})").error == "a value has the wrong type");
  CHECK(list(R"({"kind":"PodList","items":"x"})").error == "a value has the wrong type");
}

TEST_CASE("E104: what ends early or goes on is refused") {
  const auto body = pod_list(pod("nginx-1") + "," + pod("db-0"));
  for (std::size_t size = 0; size + 2 <= body.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(run(make_json_list_filter, {}, nginx_in_dev, body.substr(0, size)).ok());
  }
  CHECK(list("").error == "the body is empty");
  CHECK(list(" \n").error == "the body is empty");
  CHECK(list(body + "{}").error == "data after the list");
  CHECK(list(body + "x").error == "not a JSON object");
  CHECK(list("\xEF\xBB\xBF" + body).error == "not a JSON object");
  CHECK(list("[]").error == "not a JSON object");
  CHECK(list("null").error == "not a JSON object");
}

TEST_CASE("broken JSON at the levels that are read is refused") {
  const auto error = [](const std::string& body) { return list(body).error; };
  CHECK(error(R"({"kind" "PodList"})") == "no colon after a key");
  CHECK(error(R"({"kind":"PodList" "items":[]})") == "no comma after a value");
  CHECK(error(R"({"kind":"PodList","items":[],})") == "no key where one must be");
  CHECK(error(R"({"kind":"PodList","items":[{}{}]})") == "no comma after a value");
  CHECK(error(R"({"kind":"PodList","items":[{},]})") == "a value has the wrong type");
  CHECK(error(R"({"kind":"PodList","items":[}})") == "a value has the wrong type");
  CHECK(error(R"({"kind":"PodList","x":tru,"items":[]})") == "not a JSON value");
  CHECK(error(R"({"kind":"PodList","x":01,"items":[]})") == "not a JSON value");
  CHECK(error(R"({"kind":"PodList","x":[},"items":[]})") == "brackets do not match");
  CHECK(error(R"({"kind":"PodList","x":[\"],"items":[]})") == "backslash outside of a string");
  CHECK(error(R"({"kind":"PodList","x":)" + std::string(20000, '[')) == "nested too deeply");
  CHECK(error(R"({"kind":"PodList","x":)" + std::string(10000, '[') + std::string(10000, ']') +
              R"(,"items":[]})") == "");
}

TEST_CASE("after an error the filter is dead") {
  FunctionPredicate predicate(nginx_in_dev);
  const auto filter = make_json_list_filter({}, predicate);
  std::string out;
  CHECK_FALSE(filter->feed("x", out));
  const auto again = filter->feed(pod_list(""), out);
  REQUIRE_FALSE(again);
  CHECK(again.error().reason == std::string("not a JSON object"));
  CHECK_FALSE(filter->finish(out));
  CHECK(out == "");
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
