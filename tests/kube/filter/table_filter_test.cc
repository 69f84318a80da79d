#include "tests/kube/filter/list_bodies.h"

#include <doctest/doctest.h>
#include <string>
#include <string_view>

namespace postern::kube::filter::testing {

TEST_CASE("tables: rows are cut down by their object's metadata") {
  const Outcome outcome =
      list(table(row("db-0") + "," + row("nginx-1") + "," + row("nginx-1", "prod")));
  REQUIRE(outcome.error == "");
  CHECK(outcome.out == table(row("nginx-1")));
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

}  // namespace postern::kube::filter::testing
