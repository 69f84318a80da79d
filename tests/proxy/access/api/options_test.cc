#include "proxy/access/api/options.h"

#include <doctest/doctest.h>
#include <string>

namespace {

using namespace postern::proxy::access::api;
using postern::kube::Query;

Query query(const char* text) {
  auto parsed = Query::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

unsigned list_code(const char* text) {
  const auto options = read_list_options(query(text), access_requests());
  return options ? 200 : options.error().code;
}

unsigned watch_code(const char* text) {
  const auto options = read_watch_options(query(text), access_requests());
  return options ? 200 : options.error().code;
}

TEST_CASE("parameters of lists") {
  struct Row {
    const char* query;
    unsigned code;
  };
  const Row rows[] = {{"", 200},
                      {"limit=500&resourceVersion=0", 200},
                      {"limit=-1", 422},
                      {"limit=x", 422},
                      {"resourceVersion=x", 422},
                      {"resourceVersion=5&resourceVersionMatch=Exact", 200},
                      {"resourceVersionMatch=Exact", 422},
                      {"resourceVersion=0&resourceVersionMatch=Exact", 422},
                      {"resourceVersion=0&resourceVersionMatch=NotOlderThan", 200},
                      {"resourceVersion=5&resourceVersionMatch=Sometimes", 422},
                      {"sendInitialEvents=true", 422},
                      {"continue=nonsense", 400},
                      {"fieldSelector=status.state%3DPENDING", 200},
                      {"fieldSelector=spec.reason%3Dx", 400},
                      {"labelSelector=a%20in%20(b", 400}};
  for (const Row& row : rows) {
    CAPTURE(row.query);
    CHECK(list_code(row.query) == row.code);
  }
}

TEST_CASE("selectors have at most a hundred requirements") {
  const auto selector = [](const char* what, const char* one, int count) {
    std::string text = std::string(what) + one;
    for (int i = 1; i < count; ++i) text.append("%2C").append(one);
    return list_code(text.c_str());
  };
  CHECK(selector("labelSelector=", "!a", 100) == 200);
  CHECK(selector("labelSelector=", "!a", 101) == 400);
  CHECK(selector("fieldSelector=", "status.state!%3DDENIED", 100) == 200);
  CHECK(selector("fieldSelector=", "status.state!%3DDENIED", 101) == 400);
}

TEST_CASE("parameters of watches") {
  CHECK(watch_code("watch=true") == 200);
  CHECK(watch_code("watch=true&sendInitialEvents=true") == 422);
  CHECK(watch_code("watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan") == 200);
  CHECK(watch_code("watch=true&resourceVersionMatch=NotOlderThan") == 422);
  const auto informer = read_watch_options(
      query("watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&"
            "allowWatchBookmarks=true&timeoutSeconds=300"),
      access_requests());
  REQUIRE(informer);
  CHECK(informer->initial_events);
  CHECK(informer->initial_end);
  CHECK(informer->timeout == std::chrono::seconds(300));
  const auto endless =
      read_watch_options(query("watch=true&timeoutSeconds=9223372036854775807"), access_requests());
  REQUIRE(endless);
  CHECK(endless->timeout == std::chrono::hours(24));
  const auto old_style =
      read_watch_options(query("watch=true&resourceVersion=0"), access_requests());
  CHECK_FALSE(old_style->version);
  CHECK(old_style->initial_events);
  CHECK_FALSE(old_style->initial_end);
}

TEST_CASE("parameters of writes") {
  CHECK(read_write_options(query(""))->validation == FieldValidation::kWarn);
  CHECK(read_write_options(query("fieldValidation=Strict"))->validation ==
        FieldValidation::kStrict);
  CHECK(read_write_options(query("dryRun=All"))->dry_run);
  CHECK(read_write_options(query("dryRun=Some")).error().code == 422);
  CHECK(read_write_options(query("fieldValidation=strict")).error().code == 422);
}

TEST_CASE("a continue token says where to go on") {
  const ContinuePoint point{77, "abc/\"x"};
  const auto read = ContinuePoint::parse(point.token());
  REQUIRE(read);
  CHECK(read->version == 77);
  CHECK(read->after == "abc/\"x");
  CHECK(list_code(("continue=" + point.token()).c_str()) == 200);
  CHECK(list_code(("resourceVersion=5&continue=" + point.token()).c_str()) == 400);
}

}  // namespace
