#include "proxy/upstream/server_time.h"

#include <doctest/doctest.h>

namespace postern::proxy::test {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

TEST_CASE("server time: HTTP dates and Kubernetes times, and nothing that only looks so") {
  const system_clock::time_point known{seconds(784111777)};
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == known);
  CHECK(parse_kube_time("1994-11-06T08:49:37Z") == known);
  CHECK(kube_time(known) == "1994-11-06T08:49:37Z");
  for (const char* text : {"", "Sun, 06 Nov 1994 08:49:37 CET", "1994-11-06T08:49:37Z",
                           "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Foo 1994 08:49:37 GMT"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_http_date(text));
  }
  for (const char* text : {"", "1994-11-06", "1994-11-06T08:49:37", "1994-11-06T08:49:37+01:00",
                           "1994-13-06T08:49:37Z"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_kube_time(text));
  }
}

}  // namespace
}  // namespace postern::proxy::test
