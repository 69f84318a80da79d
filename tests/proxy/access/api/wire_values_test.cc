#include "proxy/access/api/wire_values.h"

#include <doctest/doctest.h>

namespace {

using namespace postern::proxy::access::api;
using std::chrono::seconds;

TEST_CASE("times are RFC 3339") {
  const auto time = parse_time("2026-11-23T12:34:56Z");
  REQUIRE(time);
  CHECK(time_text(*time) == "2026-11-23T12:34:56Z");
  CHECK(parse_time("2026-11-23T14:34:56.789+02:00") == time);
  CHECK(parse_time("2026-11-23t10:04:56-02:30") == time);
  for (const char* text :
       {"", "2026-11-23", "2026-11-23T12:34:56", "2026-11-23 12:34:56Z", "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T12:34:56.Z",
        "2026-11-23T12:34:56+0200", "9999-01-01T00:00:00Z", "2026-11-23T12:34:56Zx"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("durations are Go's, of whole seconds") {
  CHECK(parse_duration("4h") == seconds(14400));
  CHECK(parse_duration("1h30m5s") == seconds(5405));
  CHECK(parse_duration("1.5h") == seconds(5400));
  CHECK(parse_duration("0") == seconds(0));
  CHECK(parse_duration("2000ms") == seconds(2));
  for (const char* text : {"", "4", "h", "-4h", "4d", "1.5s", "4h ", "1e3h", "999999999h", "4 h"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("ages as kubectl shows them") {
  CHECK(age_text(seconds(-5)) == "0s");
  CHECK(age_text(seconds(119)) == "119s");
  CHECK(age_text(seconds(125)) == "2m5s");
  CHECK(age_text(seconds(1800)) == "30m");
  CHECK(age_text(seconds(3 * 3600 + 1200)) == "3h20m");
  CHECK(age_text(seconds(41 * 3600)) == "41h");
  CHECK(age_text(seconds(5 * 86400)) == "5d");
}

}  // namespace
