#include "kube/query.h"

#include <doctest/doctest.h>

using namespace postern::kube;

namespace {

/// The canonical text, or "400".
std::string canonical(std::string_view text) {
  const auto query = Query::parse(text);
  return query ? query->encode() : std::to_string(query.error().code);
}

}  // namespace

TEST_CASE("query: parsed strictly, encoded by us") {
  CHECK(canonical("") == "");
  CHECK(canonical("limit=500&labelSelector=app%3Dx") == "limit=500&labelSelector=app%3Dx");
  CHECK(canonical("labelSelector=a+in+(b,c)") == "labelSelector=a%20in%20%28b%2Cc%29");
  CHECK(canonical("wat%63h=true") == "watch=true");
  CHECK(canonical("watch") == "watch=");
  CHECK(canonical("a&watch=1&&limit=2&") == "watch=1&limit=2");
  CHECK(canonical("pretty=true&limit=1") == "limit=1");
  CHECK(canonical("command=sh&command=-c&command=x%3By%0Az%ff") ==
        "command=sh&command=-c&command=x%3By%0Az%FF");
  CHECK(canonical("dryRun=All&dryRun=All") == "dryRun=All&dryRun=All");
}

TEST_CASE("query: what two parsers could read differently is refused") {
  for (const char* bad :
       {"limit=%zz", "limit=%2", "a=1;b=2", "limit=1;", "watch=1&watch=0", "x=1&x=2", "limit=%00",
        "limit=%0a", "%0a=1", "labelSelector=%ff", "command=%00", "watch=1&wat%63h=1"}) {
    CAPTURE(bad);
    CHECK(canonical(bad) == "400");
  }
}

TEST_CASE("B42: more than 64 parameters are refused") {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "k" + std::to_string(i) + "=1&";
  CHECK(canonical(text) == "400");
  text.clear();
  for (int i = 0; i < 64; ++i) text += "command=1&";
  CHECK(Query::parse(text)->pairs().size() == 64);
}

TEST_CASE("query: a proxied application's query is kept whole, framing aside") {
  CHECK(Query::parse_opaque("a=1&a=2&pretty&b=%ff")->encode() == "a=1&a=2&pretty=&b=%FF");
  CHECK_FALSE(Query::parse_opaque("a=1;b=2").has_value());
  CHECK_FALSE(Query::parse_opaque("a=%0").has_value());
  CHECK_FALSE(Query::parse_opaque("a=%00").has_value());
}

TEST_CASE("query: Kubernetes' booleans") {
  const auto watch = [](std::string_view text) { return Query::parse(text)->get_bool("watch"); };
  for (const char* yes : {"watch", "watch=", "watch=no", "watch=f", "watch=00", "watch=TRUE"}) {
    CAPTURE(yes);
    CHECK(watch(yes));
  }
  for (const char* no : {"", "watch=0", "watch=false", "watch=FALSE", "Watch=true"}) {
    CAPTURE(no);
    CHECK_FALSE(watch(no));
  }
}

TEST_CASE("query: editing") {
  Query query = *Query::parse("command=a&limit=1&command=b");
  CHECK(query.has("limit"));
  CHECK(query.get("command") == "a");
  query.set("command", "c d");
  CHECK(query.encode() == "command=c%20d&limit=1");
  query.set("continue", "x");
  query.erase("limit");
  CHECK(query.encode() == "command=c%20d&continue=x");
  CHECK_FALSE(query.has("limit"));
  CHECK(query.get("limit").empty());
}
