#include "tests/kube/filter/filter_run.h"

#include <doctest/doctest.h>
#include <string>
#include <string_view>

namespace postern::kube::filter::testing {
namespace {

Outcome watch(std::string_view body, FilterOptions options = {}) {
  return run_all_ways(make_json_watch_filter, options, nginx_in_dev, body);
}

std::string event(std::string_view type, std::string_view object) {
  return R"({"type":")" + std::string(type) + R"(","object":)" + std::string(object) + "}\n";
}

std::string pod(std::string_view name, std::string_view ns = "dev") {
  return R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + std::string(name) +
         R"(","namespace":")" + std::string(ns) + R"(","uid":"u"},"spec":{"n":1.10}})";
}

std::string table(std::string_view columns, std::string_view rows) {
  return R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"5"},"columnDefinitions":)" +
         std::string(columns) + R"(,"rows":)" + std::string(rows) + "}";
}

std::string row(std::string_view name) {
  return R"([{"cells":[")" + std::string(name) +
         R"("],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":")" +
         std::string(name) + R"(","namespace":"dev"}}}])";
}

}  // namespace

TEST_CASE("events about objects go by the predicate, whatever their type") {
  const std::string kept = event("ADDED", pod("nginx-1")) + event("MODIFIED", pod("nginx-1")) +
                           event("DELETED", pod("nginx-2"));
  const Outcome outcome = watch(event("ADDED", pod("db-0")) + kept + event("DELETED", pod("db-0")) +
                                event("MODIFIED", pod("nginx-1", "prod")));
  REQUIRE(outcome.error == "");
  CHECK(outcome.out == kept);
  CHECK(outcome.summary.kept == 3);
  CHECK(outcome.summary.dropped == 3);
}

TEST_CASE("an event is written when it is complete, never in part") {
  FunctionPredicate predicate(nginx_in_dev);
  const auto filter = make_json_watch_filter({}, predicate);
  const std::string text = event("ADDED", pod("nginx-1"));
  std::string out;
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    REQUIRE(filter->feed(text.substr(i, 1), out));
    CHECK(out == "");
  }
  REQUIRE(filter->feed("}", out));
  CHECK(out == text);
  CHECK(filter->finish(out));
}

TEST_CASE("any order of keys, any white space") {
  const std::string reversed =
      R"({"object" : {"metadata":{"namespace":"dev","name":"nginx-1"},"kind":"Pod"},  "type":"ADDED"})";
  const std::string hidden =
      R"({"object":{"metadata":{"namespace":"dev","name":"db-0"},"kind":"Pod"},"type":"ADDED"})";
  CHECK(watch(reversed + "\n\n " + hidden + reversed).out == reversed + "\n" + reversed + "\n");
}

TEST_CASE("G118: bookmarks are rebuilt and always pass") {
  CHECK(
      watch(
          event(
              "BOOKMARK",
              R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"db-0","labels":{"a":"db-0"},"resourceVersion":"12","annotations":{"x":"db-0","k8s.io/initial-events-end":"true"}},"spec":{"x":"db-0"}})"))
          .out ==
      event(
          "BOOKMARK",
          R"({"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"12","annotations":{"k8s.io/initial-events-end":"true"}}})"));
  CHECK(
      watch(
          event(
              "BOOKMARK",
              R"({"metadata":{"resourceVersion":"12","annotations":{"k8s.io/initial-events-end":"db-0"}},"apiVersion":"v1","kind":"Pod"})"))
          .out ==
      event("BOOKMARK", R"({"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"12"}})"));
  CHECK(watch(event("BOOKMARK", R"({"kind":"Pod","apiVersion":"v1","metadata":{}})")).error ==
        "a bookmark without resourceVersion");
  CHECK(
      watch(
          event(
              "BOOKMARK",
              R"({"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"1","resourceVersion":"2"}})"))
          .error == "a bookmark cannot be read");
  CHECK(watch(event("BOOKMARK", R"({"kind":"Pod","metadata":{"resourceVersion":"1"}})")).error ==
        "a bookmark cannot be read");
}

TEST_CASE("a bookmark in a table stream is a table") {
  const std::string upstream = table(
      R"([{"name":"Name"}])",
      R"([{"cells":["db-0",1],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"db-0","resourceVersion":"5","annotations":{"k8s.io/initial-events-end":"true"}}}}])");
  CHECK(
      watch(event("BOOKMARK", upstream)).out ==
      event(
          "BOOKMARK",
          R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"5"},"columnDefinitions":[],"rows":[{"cells":[],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"5","annotations":{"k8s.io/initial-events-end":"true"}}}}]})"));
  CHECK(
      watch(event("BOOKMARK", table("null", R"([{"cells":["db-0"],"object":null}])"))).out ==
      event(
          "BOOKMARK",
          R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"5"},"columnDefinitions":[],"rows":[]})"));
}

TEST_CASE("ERROR events pass as a Status; texts that may name objects do not") {
  const std::string expired =
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 [9]","reason":"Expired","code":410})";
  CHECK(watch(event("ERROR", expired)).out == event("ERROR", expired));
  CHECK(
      watch(
          event(
              "ERROR",
              R"({"kind":"Status","apiVersion":"v1","metadata":{"continue":"db-0"},"reason":"Expired","code":410})"))
          .out ==
      event("ERROR",
            R"({"kind":"Status","apiVersion":"v1","metadata":{},"reason":"Expired","code":410})"));
  FilterOptions options;
  options.seal_continue = [](std::string_view) { return std::string("s"); };
  CHECK(watch(event("ERROR",
                    R"({"kind":"Status","metadata":{"continue":"db-0"},"reason":"Expired"})"),
              options)
            .out ==
        event("ERROR", R"({"kind":"Status","metadata":{"continue":"s"},"reason":"Expired"})"));
  const Outcome internal = watch(event(
      "ERROR",
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"cannot decode dev/db-0","reason":"InternalError","details":{"name":"db-0"},"code":500})"));
  CHECK(
      internal.out ==
      event(
          "ERROR",
          R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the API server ended the watch with an error","reason":"InternalError","code":500})"));
  CHECK(watch(event("ERROR", pod("nginx-1"))).error == "an error event without a Status");
}

TEST_CASE("G119, G121: unknown types and broken events end the stream, nothing of them gets out") {
  const std::string good = event("ADDED", pod("nginx-1"));
  const auto error = [&](const std::string& bad) {
    const Outcome outcome = watch(good + bad);
    CHECK(outcome.out == good);
    return outcome.error;
  };
  CHECK(error(event("FOO", pod("nginx-1"))) == "an unknown event type");
  CHECK(error(event("added", pod("nginx-1"))) == "an unknown event type");
  CHECK(error(event("", pod("nginx-1"))) == "an unknown event type");
  CHECK(error(R"({"object":)" + pod("nginx-1") + "}") == "an event without type or object");
  CHECK(error(R"({"type":"ADDED"})") == "an event without type or object");
  CHECK(error(R"({"type":"ADDED","object":null})") == "an event without type or object");
  CHECK(error(R"({"type":null})") == "an event without type or object");
  CHECK(error(R"({"type":5})") == "a value has the wrong type");
  CHECK(error(R"({"type":"ADDED","type":"ADDED"})") == "duplicate type key");
  CHECK(error(R"({"type":"ADDED","object":)" + pod("nginx-1") + R"(,"object":{}})") ==
        "duplicate object key");
  CHECK(error(R"({"type":"ADDED","extra":1})") == "an unknown key in an event");
  CHECK(
      error(
          R"({"type":"ADDED","object":{"metadata":{"name":"nginx-1","namespace":"dev"},"metadata":{}}})") ==
      "duplicate metadata key");
  CHECK(error(R"({"type":"ADDED","object":{"metadata":{"name":"nginx-1","name":"nginx-1"}}})") ==
        "duplicate name key");
  CHECK(error(R"({"type":"ADDED","object":{"kind":"Pod","kind":"Table"}})") ==
        "duplicate kind key");
  CHECK(error("nonsense") == "not a JSON object");
  CHECK(error(R"({"type":"ADDED","object":{)") == "the body ends early");
}

TEST_CASE("G120: a kept event larger than the cap ends the stream, a hidden one does not") {
  FilterOptions options;
  options.max_undecided_bytes = 1000;
  const auto large = [](std::string_view name) {
    return event("ADDED", R"({"kind":"Pod","metadata":{"name":")" + std::string(name) +
                              R"(","namespace":"dev"},"x":")" + std::string(2000, 'x') + R"("})");
  };
  CHECK(watch(large("nginx-1"), options).error == "an event is too large");
  CHECK(watch(large("db-0") + event("ADDED", pod("nginx-1")), options).out ==
        event("ADDED", pod("nginx-1")));
}

TEST_CASE("G122: one-row tables; the columns come with the first visible event") {
  const std::string columns = R"([{"name":"Name","type":"string"}])";
  const Outcome outcome = watch(event("ADDED", table(columns, row("db-0"))) +
                                event("ADDED", table("null", row("nginx-1"))) +
                                event("MODIFIED", table("null", row("nginx-1"))) +
                                event("MODIFIED", table("null", row("db-0"))));
  REQUIRE(outcome.error == "");
  CHECK(outcome.out == event("ADDED", table(columns, row("nginx-1"))) +
                           event("MODIFIED", table("null", row("nginx-1"))));
  const std::string unchanged = event("ADDED", table(columns, row("nginx-1")));
  CHECK(watch(unchanged).out == unchanged);
}

TEST_CASE("the columns of a bookmark that came first are not lost") {
  const std::string columns = R"([{"name":"Name"}])";
  const Outcome outcome = watch(event("BOOKMARK", table(columns, "[]")) +
                                event("ADDED", table("null", row("nginx-1"))));
  REQUIRE(outcome.error == "");
  CHECK(outcome.out.ends_with(event("ADDED", table(columns, row("nginx-1")))));
}

TEST_CASE("tables without a name are dropped, with several rows refused") {
  CHECK(watch(event("ADDED", table("null", "[]"))).out == "");
  CHECK(watch(event("ADDED", table("null", "null"))).out == "");
  CHECK(watch(event("ADDED", table("null", R"([{"cells":["nginx-1"],"object":null}])"))).out == "");
  CHECK(watch(event("ADDED", table("null", R"([{"cells":[]},{"cells":[]}])"))).error ==
        "more than one row in an event");
  CHECK(watch(event("ADDED",
                    table("null", R"([{"object":{"metadata":{"name":"nginx-1","name":"x"}}}])")))
            .error == "duplicate name key");
}

TEST_CASE("a table event is not read past its end") {
  const std::string next = event("ADDED", table("null", row("nginx-2")));
  for (const std::string_view rows :
       {R"([{"object":{"metadata":{"name":"nginx-1","namespace":"dev"}]}])",
        R"([{"object":{"metadata":{"name":"nginx-1","namespace":"dev"]}}])",
        R"([{"object":{"metadata":[}}])", R"([{"object":{"metadata":{"name":}}}])",
        R"([{"object":{"a":[}])"}) {
    const Outcome outcome = watch(event("ADDED", table("null", rows)) + next);
    CAPTURE(rows);
    CHECK(outcome.error != "");
    CHECK(outcome.out == "");
  }
}

TEST_CASE("tables for includeObject=None and of events") {
  FilterOptions blank;
  blank.blank_table_objects = true;
  CHECK(watch(event("ADDED", table("null", row("nginx-1"))), blank).out ==
        event("ADDED", table("null", R"([{"cells":["nginx-1"],"object":null}])")));
  FilterOptions reduce;
  reduce.reduce_table_objects = true;
  CHECK(
      watch(
          event(
              "ADDED",
              table(
                  "null",
                  R"([{"cells":[],"object":{"kind":"Event","metadata":{"name":"nginx-1","namespace":"dev"},"message":"m"},"conditions":[]}])")),
          reduce)
          .out ==
      event(
          "ADDED",
          table(
              "null",
              R"([{"cells":[],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"nginx-1","namespace":"dev"}},"conditions":[]}])")));
}

TEST_CASE("G123: an object that upstream failed to make a table of goes by its own metadata") {
  CHECK(watch(event("ADDED", pod("db-0")) + event("ADDED", pod("nginx-1"))).out ==
        event("ADDED", pod("nginx-1")));
  const std::string custom =
      R"({"apiVersion":"furniture.com/v1","kind":"Table","metadata":{"name":"nginx-1","namespace":"dev"},"rows":[{"object":{"metadata":{"name":"x"}}}]})";
  CHECK(watch(event("ADDED", custom)).out == event("ADDED", custom));
}

TEST_CASE("events about events: the references decide") {
  FilterOptions options;
  options.event_references = true;
  const auto about = [](const Item& item) {
    return item.regarding && item.regarding->name == "nginx-1";
  };
  const auto object = [](std::string_view name) {
    return R"({"kind":"Event","metadata":{"name":"e","namespace":"dev"},"involvedObject":{"name":")" +
           std::string(name) + R"("},"message":"m"})";
  };
  const Outcome outcome =
      run_all_ways(make_json_watch_filter, options, about,
                   event("ADDED", object("db-0")) + event("ADDED", object("nginx-1")));
  REQUIRE(outcome.error == "");
  CHECK(outcome.out == event("ADDED", object("nginx-1")));
}

TEST_CASE("an empty stream is fine") {
  CHECK(watch("").error == "");
  CHECK(watch("\n").out == "");
}

TEST_CASE("K199: a single object passes unchanged or not at all") {
  const auto get = [](std::string_view body, FilterOptions options = {}) {
    return run_all_ways(make_json_object_filter, options, nginx_in_dev, body);
  };
  const std::string visible = " " + pod("nginx-1") + " \n";
  CHECK(get(visible).out == visible);
  CHECK(get(visible).summary.kept == 1);
  CHECK(get(pod("db-0")).error == "hidden");
  CHECK(get(pod("db-0")).out == "");
  CHECK(get("{}").error == "hidden");
  CHECK(get(R"({"metadata":null})").error == "hidden");
  CHECK(get(R"({"metadata":{"name":"nginx-1","namespace":"dev"}} x)").error ==
        "the object cannot be read");
  CHECK(get(R"({"metadata":{"name":"nginx-1","namespace":"dev"})").error ==
        "the object cannot be read");
  CHECK(get(R"({"metadata":{"name":"nginx-1","namespace":"dev"},"metadata":{}})").error ==
        "duplicate metadata key");
  CHECK(get(R"({"metadata":{"name":"nginx-1","name":"db-0"}})").error == "duplicate name key");
  CHECK(get("").error == "the object cannot be read");
  FilterOptions options;
  options.max_undecided_bytes = 20;
  CHECK(get(visible, options).error == "the object is too large");
  options = {};
  options.event_references = true;
  const auto event_about = [](std::string_view name) {
    return R"({"metadata":{"name":"nginx-1.1","namespace":"dev"},"regarding":{"kind":"Pod","name":")" +
           std::string(name) + R"("}})";
  };
  const auto about = [](const Item& item) {
    return item.regarding && item.regarding->name == "nginx-1";
  };
  CHECK(run_all_ways(make_json_object_filter, options, about, event_about("nginx-1")).out ==
        event_about("nginx-1"));
  CHECK(run_all_ways(make_json_object_filter, options, about, event_about("db-0")).error ==
        "hidden");
}

}  // namespace postern::kube::filter::testing
