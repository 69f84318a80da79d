#include "proxy/net/connection_counter.h"

#include "proxy/net/task.h"

#include <doctest/doctest.h>
#include <thread>
#include <vector>

using namespace postern::proxy;

TEST_CASE("counting: IPv6 by /64, mapped IPv4 as IPv4, and nothing is left behind") {
  using Verdict = ConnectionCounter::Verdict;
  const auto counter = std::make_shared<ConnectionCounter>(ConnectionLimits{3, 1});
  const auto address = [](const char* text) { return asio::ip::make_address(text); };
  {
    ConnectionCounter::Place a, b, c, d;
    CHECK(counter->admit(address("2001:db8:1:2::1"), a) == Verdict::kAdmitted);
    CHECK(counter->admit(address("2001:db8:1:2:ffff::9"), b) == Verdict::kTooManyFromAddress);
    CHECK(counter->admit(address("2001:db8:1:3::1"), b) == Verdict::kAdmitted);
    CHECK(counter->admit(address("192.0.2.1"), c) == Verdict::kAdmitted);
    CHECK(counter->admit(address("192.0.2.2"), d) == Verdict::kTooMany);
    CHECK(counter->total() == 3);
    const ConnectionCounter::Place moved = std::move(a);
    CHECK(counter->total() == 3);
  }
  CHECK(counter->total() == 0);
  ConnectionCounter::Place v4, mapped;
  CHECK(counter->admit(address("192.0.2.1"), v4) == Verdict::kAdmitted);
  CHECK(counter->admit(address("::ffff:192.0.2.1"), mapped) == Verdict::kTooManyFromAddress);
  // A network whose bytes are those of an IPv4 address, read from the other end.
  ConnectionCounter::Place v6;
  CHECK(counter->admit(address("102:c0:0:0::1"), v6) == Verdict::kAdmitted);
}

TEST_CASE("counting from several threads") {
  const auto counter = std::make_shared<ConnectionCounter>(ConnectionLimits{64, 8});
  std::atomic<int> admitted{0};
  const auto churn = [&](unsigned seed) {
    for (unsigned i = 0; i < 5000; ++i) {
      ConnectionCounter::Place place;
      const asio::ip::address_v4 address((seed * 31 + i) % 20);
      if (counter->admit(address, place) == ConnectionCounter::Verdict::kAdmitted) ++admitted;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(churn, i);
  for (std::thread& thread : threads) thread.join();
  CHECK(admitted > 0);
  CHECK(counter->total() == 0);
}
