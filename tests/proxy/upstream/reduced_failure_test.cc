#include "proxy/upstream/reduced_failure.h"

#include "proxy/http/codec.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

http::ResponseHead response(unsigned status, const std::string& fields = "") {
  auto head = http::parse_response_head(
      "HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields + "Content-Length: 0\r\n\r\n", "PUT",
      {});
  REQUIRE(head);
  return std::move(*head);
}

std::string body(const std::string& message) {
  return R"({"kind":"Status","message":")" + message + R"("})";
}

TEST_CASE("words of a failed write that may quote the object are left out") {
  const std::string quoting = body("patch: Invalid value: hunter2");
  for (const unsigned code : {400U, 403U, 409U, 410U, 422U, 500U, 503U, 504U, 507U}) {
    CAPTURE(code);
    const auto reduced = reduced_failure(response(code), quoting);
    REQUIRE(reduced);
    CHECK(reduced->code == code);
    CHECK(reduced->to_json().find("hunter2") == std::string::npos);
    CHECK(reduced->message.find("verb get") != std::string::npos);
  }
  CHECK(reduced_failure(response(409), "")->reason == "Conflict");
  CHECK(reduced_failure(response(422), "")->reason == "Invalid");
}

TEST_CASE("what can only be about the request is told") {
  for (const unsigned code : {404U, 405U, 406U, 413U, 415U, 429U}) {
    CAPTURE(code);
    CHECK_FALSE(reduced_failure(response(code), body("words")));
  }
}

TEST_CASE("of refusals the authorizer's words are told, admission's are not") {
  const auto told = [](const std::string& message) {
    return !reduced_failure(response(403), body(message));
  };
  CHECK(told(
      R"(pods \"a\" is forbidden: User \"alice\" cannot patch resource \"pods\" in API group)"));
  CHECK_FALSE(told(R"(pods \"a\" is forbidden: violates PodSecurity: container \"hunter2\")"));
  CHECK_FALSE(told(R"(pods \"a\" is forbidden: hunter2 is forbidden: User \"alice\" cannot )"));
  CHECK_FALSE(told(R"(hunter2)"));
  CHECK(reduced_failure(response(403), "hunter2"));
  CHECK(reduced_failure(response(403), R"({"message":{"a":"hunter2"}})"));
}

TEST_CASE("when to try again is told, within reason") {
  CHECK(reduced_failure(response(503, "Retry-After: 7\r\n"), "")->retry_after_seconds == 7);
  CHECK(reduced_failure(response(503, "Retry-After: 999999\r\n"), "")->retry_after_seconds == 3600);
  CHECK(reduced_failure(response(503, "Retry-After: soon\r\n"), "")->retry_after_seconds == 0);
}

}  // namespace
}  // namespace postern::proxy
