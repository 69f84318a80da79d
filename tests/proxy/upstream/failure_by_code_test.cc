#include "proxy/upstream/failure_by_code.h"

#include "proxy/http/codec.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

int retry_after(const std::string& fields) {
  const auto head = http::parse_response_head(
      "HTTP/1.1 429 X\r\n" + fields + "Content-Length: 0\r\n\r\n", "GET", {});
  REQUIRE(head);
  return retry_after_of(*head);
}

TEST_CASE("a failure without a Status keeps its code, a reason by it and when to try again") {
  const kube::Status busy = failure_by_code(429, 7);
  CHECK(busy.code == 429);
  CHECK(busy.reason == "TooManyRequests");
  CHECK(busy.retry_after_seconds == 7);
  CHECK(busy.message.starts_with("the server has received too many requests"));
  const kube::Status gone = failure_by_code(404, 0);
  CHECK(gone.code == 404);
  CHECK(gone.reason == "NotFound");
  CHECK(gone.retry_after_seconds == 0);
}

TEST_CASE("a code without a reason of Kubernetes' keeps its number") {
  for (const unsigned code : {418U, 507U, 599U}) {
    CHECK(failure_by_code(code, 0).code == code);
    CHECK(failure_by_code(code, 0).reason.empty());
    CHECK(failure_by_code(code, 0).message == "the API server answered " + std::to_string(code));
  }
}

TEST_CASE("what is no failure of the request is 502") {
  for (const unsigned code : {200U, 204U, 304U, 401U, 600U, 999U}) {
    CHECK(failure_by_code(code, 0).code == 502);
  }
}

TEST_CASE("when to try again: a number of seconds, within reason") {
  CHECK(retry_after("") == 0);
  CHECK(retry_after("Retry-After: 1\r\n") == 1);
  CHECK(retry_after("Retry-After: 999999\r\n") == 3600);
  for (const char* text : {"-1", "0", "soon", "1s", "99999999999999999999", ""}) {
    CHECK(retry_after("Retry-After: " + std::string(text) + "\r\n") == 0);
  }
}

TEST_CASE("words of a failure inside the API server may name any object") {
  CHECK_FALSE(is_about_the_call(500, "InternalError"));
  CHECK_FALSE(is_about_the_call(500, "StorageReadError"));
  CHECK_FALSE(is_about_the_call(503, ""));
  CHECK_FALSE(is_about_the_call(507, ""));
  CHECK(is_about_the_call(400, "BadRequest"));
  CHECK(is_about_the_call(410, "Expired"));
  CHECK(is_about_the_call(429, "TooManyRequests"));
  CHECK(is_about_the_call(500, "ServerTimeout"));
  CHECK(is_about_the_call(503, "ServiceUnavailable"));
  CHECK(is_about_the_call(504, "Timeout"));
}

}  // namespace
}  // namespace postern::proxy
