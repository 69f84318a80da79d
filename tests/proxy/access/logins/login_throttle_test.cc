#include "proxy/access/logins/login_throttle.h"

#include <doctest/doctest.h>
#include <string>

using namespace postern::proxy::access;
using namespace std::chrono_literals;

namespace {

using Time = LoginThrottle::TimePoint;
const Time kStart{1000h};

/// Admitted: 0; else the seconds to wait.
int tried(LoginThrottle& throttle, std::string_view user, std::string_view address, Time now) {
  const auto begun = throttle.begin(user, address, now);
  if (begun) return 0;
  CHECK(begun.error().code == 429);
  CHECK(begun.error().reason == "TooManyRequests");
  CHECK(begun.error().retry_after_seconds > 0);
  CHECK(begun.error().message ==
        "too many logins that are wrong or not answered yet; try again in " +
            std::to_string(begun.error().retry_after_seconds) + " s");
  return begun.error().retry_after_seconds;
}

/// How many guesses somebody makes in that time, each as soon as it is let in.
int guesses_within(LoginThrottle& throttle, std::chrono::seconds time, auto user_and_address) {
  int guesses = 0;
  for (Time now = kStart; now < kStart + time;) {
    const auto [user, address] = user_and_address(guesses);
    const int wait = tried(throttle, user, address, now);
    if (wait == 0) ++guesses;
    now += std::chrono::seconds(wait) + 100ms;
  }
  return guesses;
}

}  // namespace

TEST_CASE("a few mistakes are free, then each costs twice the wait") {
  LoginThrottle throttle;
  for (int i = 0; i < 5; ++i) CHECK(tried(throttle, "alice", "10.0.0.1", kStart) == 0);
  Time now = kStart;
  for (const int expected : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900}) {
    CHECK(tried(throttle, "alice", "10.0.0.1", now) == expected);
    // Asking too early is not a guess, and prolongs nothing.
    CHECK(tried(throttle, "alice", "10.0.0.1", now + 300ms) == expected);
    now += std::chrono::seconds(expected);
    CHECK(tried(throttle, "alice", "10.0.0.1", now - 1ms) == 1);
    CHECK(tried(throttle, "alice", "10.0.0.1", now) == 0);
  }
  // Others are not concerned, nor is she elsewhere.
  CHECK(tried(throttle, "bob", "10.0.0.1", now) == 0);
  CHECK(tried(throttle, "alice", "10.0.0.2", now) == 0);
}

TEST_CASE("a right login ends the wait of that user there") {
  LoginThrottle throttle;
  for (int i = 0; i < 8; ++i) {
    const int wait = tried(throttle, "alice", "10.0.0.1", kStart + std::chrono::minutes(i));
    CHECK(wait == 0);
  }
  throttle.succeeded("alice", "10.0.0.1", kStart + 8min);
  for (int i = 0; i < 5; ++i) CHECK(tried(throttle, "alice", "10.0.0.1", kStart + 8min) == 0);
  CHECK(tried(throttle, "alice", "10.0.0.1", kStart + 8min) == 1);
}

TEST_CASE("many right logins are never slowed down") {
  LoginThrottle throttle;
  for (int i = 0; i < 1000; ++i) {
    CHECK(tried(throttle, "ci", "10.0.0.1", kStart) == 0);
    throttle.succeeded("ci", "10.0.0.1", kStart);
  }
  for (int i = 0; i < 1000; ++i) {
    const std::string user = "user-" + std::to_string(i);
    CHECK(tried(throttle, user, "10.0.0.1", kStart) == 0);
    throttle.succeeded(user, "10.0.0.1", kStart);
  }
}

TEST_CASE("attempts at the same time are charged before they are found wrong") {
  LoginThrottle throttle;
  int admitted = 0;
  for (int i = 0; i < 100; ++i) {
    admitted += throttle.begin("alice", "10.0.0.1", kStart) ? 1 : 0;
  }
  CHECK(admitted == 5);
  // What could not be checked is taken back.
  for (int i = 0; i < 5; ++i) throttle.abandoned("alice", "10.0.0.1");
  CHECK(tried(throttle, "alice", "10.0.0.1", kStart) == 0);
}

TEST_CASE("wrong attempts are forgotten after a while") {
  LoginThrottle throttle;
  for (int i = 0; i < 5; ++i) CHECK(tried(throttle, "alice", "10.0.0.1", kStart) == 0);
  CHECK(tried(throttle, "alice", "10.0.0.1", kStart) == 1);
  for (int i = 0; i < 5; ++i) CHECK(tried(throttle, "alice", "10.0.0.1", kStart + 1h) == 0);
  CHECK(tried(throttle, "alice", "10.0.0.1", kStart + 1h) == 1);
}

TEST_CASE("guessing is slow, however it is done") {
  using Pair = std::pair<std::string, std::string>;
  SUBCASE("one name from one address") {
    LoginThrottle throttle;
    const int guesses =
        guesses_within(throttle, 24h, [](int) { return Pair("alice", "10.0.0.1"); });
    CHECK(guesses > 50);
    CHECK(guesses < 120);
  }
  SUBCASE("one name from everywhere") {
    LoginThrottle throttle;
    const int guesses = guesses_within(throttle, 24h, [](int i) {
      return Pair("alice", "10." + std::to_string(i / 200 % 200) + ".0." + std::to_string(i % 200));
    });
    CHECK(guesses < 1500);
  }
  SUBCASE("every name from one address") {
    LoginThrottle throttle;
    const int guesses = guesses_within(
        throttle, 24h, [](int i) { return Pair("user-" + std::to_string(i), "10.0.0.1"); });
    CHECK(guesses < 400);
  }
  SUBCASE("every name from one address, with a login of one's own between them") {
    LoginThrottle throttle;
    int admitted = 0;
    for (Time now = kStart; now < kStart + 1h; now += 1s) {
      if (throttle.begin("mallory", "10.0.0.1", now))
        throttle.succeeded("mallory", "10.0.0.1", now);
      if (throttle.begin("user-" + std::to_string(admitted), "10.0.0.1", now)) ++admitted;
    }
    CHECK(admitted < 100);
  }
  SUBCASE("addresses of one network of IPv6") {
    LoginThrottle throttle;
    const int guesses = guesses_within(throttle, 24h, [](int i) {
      return Pair("alice", "2001:db8:1:2::" + std::to_string(i % 9999));
    });
    CHECK(guesses < 120);
  }
}

TEST_CASE("guesses of others do not keep a user out where they work") {
  LoginThrottle throttle;
  CHECK(tried(throttle, "alice", "10.0.0.1", kStart) == 0);
  throttle.succeeded("alice", "10.0.0.1", kStart);
  Time now = kStart + 1s;
  for (int i = 0; i < 200; ++i) {
    now += std::chrono::seconds(tried(throttle, "alice", "10.1.0." + std::to_string(i), now));
  }
  CHECK(tried(throttle, "alice", "10.9.9.9", now) > 0);
  CHECK(tried(throttle, "alice", "10.0.0.1", now) == 0);
}

TEST_CASE("addresses are what one person has") {
  const auto same = [](const std::string& one, const std::string& other) {
    LoginThrottle throttle;
    for (int i = 0; i < 5; ++i) CHECK(tried(throttle, "alice", one, kStart) == 0);
    return tried(throttle, "alice", other, kStart) != 0;
  };
  CHECK(same("10.0.0.1", "::ffff:10.0.0.1"));
  CHECK(same("2001:db8::1", "2001:db8::ffff:2"));
  CHECK(same("fe80::1%eth0", "fe80::2"));
  CHECK(same("", "unix socket"));
  CHECK_FALSE(same("2001:db8::1", "2001:db8:0:1::1"));
  CHECK_FALSE(same("10.0.0.1", "10.0.0.2"));
  CHECK_FALSE(same("10.0.0.1", ""));
}

TEST_CASE("a clock that goes back does not open the door") {
  LoginThrottle throttle;
  for (int i = 0; i < 5; ++i) CHECK(tried(throttle, "alice", "10.0.0.1", kStart) == 0);
  CHECK(tried(throttle, "alice", "10.0.0.1", kStart - 500h) == 1);
  CHECK(tried(throttle, "alice", "10.0.0.1", Time{}) == 1);
}

TEST_CASE("filling the memory frees nobody") {
  LoginThrottleOptions options;
  options.slots = 8;
  LoginThrottle throttle(options);
  for (int i = 0; i < 5; ++i) CHECK(tried(throttle, "alice", "10.0.0.1", kStart) == 0);
  for (int i = 0; i < 1000; ++i) {
    [[maybe_unused]] const auto ignored =
        throttle.begin("u" + std::to_string(i), "10.0.1." + std::to_string(i % 250), kStart);
  }
  CHECK(tried(throttle, "alice", "10.0.0.1", kStart) > 0);
}
