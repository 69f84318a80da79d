#include "proxy/session/loopback.h"

#include <doctest/doctest.h>
#include <string>

namespace postern::proxy {
namespace {

TEST_CASE("hosts that are this machine, and those that only resolve to it") {
  for (const char* host : {"localhost", "LocalHost:6443", "127.0.0.1", "127.0.0.1:6443",
                           "127.8.9.1", "[::1]", "[::1]:6443", "postern.localhost:80"}) {
    CAPTURE(std::string(host));
    CHECK(is_loopback_host(host, {}));
  }
  for (const char* host :
       {"evil.example.com", "localhost.evil.example.com", "127.0.0.1.nip.io", "10.0.0.1:6443",
        "[fe80::1]", "[::1", "notlocalhost", "0.0.0.0", "2130706433", "postern", "postern:6443"}) {
    CAPTURE(std::string(host));
    CHECK_FALSE(is_loopback_host(host, {}));
  }
}

TEST_CASE("names of the configuration count too, exactly") {
  const std::vector<std::string> more = {"api.pod.internal"};
  CHECK(is_loopback_host("API.pod.internal:6443", more));
  CHECK_FALSE(is_loopback_host("x.api.pod.internal", more));
}

TEST_CASE("a request without Host is refused as one with a foreign one") {
  http::Fields fields;
  CHECK(check_loopback_host(fields, {}).error().code == 403);
  fields.add({"Host", "evil.example.com"});
  CHECK(check_loopback_host(fields, {}).error().code == 403);
  http::Fields good;
  good.add({"Host", "127.0.0.1:6443"});
  CHECK(check_loopback_host(good, {}));
}

}  // namespace
}  // namespace postern::proxy
