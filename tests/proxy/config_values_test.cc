#include "proxy/config_values.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

using std::chrono::milliseconds;

TEST_CASE("durations and sizes") {
  CHECK(parse_duration("1h2m3s4ms") == milliseconds(3'723'004));
  CHECK(parse_duration("0") == milliseconds(0));
  CHECK(parse_duration("0s") == milliseconds(0));
  for (const char* bad : {"", "1", "s", "1 s", "1S", "-1s", "1.5s", "1us", "1d", "1s ", "99999999h",
                          "18446744073709551616s", "1s1"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(parse_duration(bad));
  }
  for (const std::int64_t ms : {0LL, 1LL, 999LL, 1000LL, 61'000LL, 3'600'000LL, 5'430'017LL}) {
    CHECK(parse_duration(format_duration(milliseconds(ms))) == milliseconds(ms));
  }
  CHECK(format_duration(milliseconds(90'000)) == "1m30s");

  CHECK(parse_bytes("0") == 0);
  CHECK(parse_bytes("64Ki") == 65536);
  CHECK(parse_bytes("1k") == 1000);
  CHECK(parse_bytes("2Gi") == 2147483648);
  for (const char* bad : {"", "Ki", "1K", "1KiB", "-1", "1.5Mi", "1 Mi", "99999999999Gi", "0x10"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(parse_bytes(bad));
  }
  CHECK(format_bytes(3 * 1024 * 1024) == "3Mi");
  CHECK(format_bytes(1000) == "1000");
  CHECK(format_bytes(0) == "0");
}

TEST_CASE("addresses") {
  CHECK(parse_listen_address("127.0.0.1:0") == ListenAddress{"127.0.0.1", 0});
  CHECK(parse_listen_address("[::1]:8443") == ListenAddress{"::1", 8443});
  CHECK(parse_listen_address("[::1]:8443")->to_string() == "[::1]:8443");
  for (const char* bad : {"", ":", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:1x", "[127.0.0.1]:1", "::1:1",
                          "[::1]", "host:1", "1.2.3:1", "[]:1", "1.2.3.4:-1"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(parse_listen_address(bad));
  }
}

}  // namespace
}  // namespace postern::proxy
