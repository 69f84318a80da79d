#include "proxy/authn/token_review_cache.h"

#include "proxy/authn/identity.h"

#include <doctest/doctest.h>
#include <string>

namespace postern::proxy {
namespace {

using namespace std::chrono_literals;

const TokenReviewCache::Clock::time_point kNow{1h};
const rbac::UserInfo kAlice{"alice", {}, "", "staging"};

void put(TokenReviewCache& cache, const std::string& token, TokenVerdict verdict,
         TokenReviewCache::Clock::time_point now = kNow) {
  cache.put(hash_token(token), std::move(verdict), now);
}

TEST_CASE("a verdict is known for its time, a refusal for a shorter one") {
  Metrics metrics;
  TokenReviewCache cache({.ttl = 10s, .refusal_ttl = 2s}, &metrics);
  put(cache, "good", kAlice);
  put(cache, "bad", Refusal("no"));
  REQUIRE(cache.find("good", kNow + 9s) != nullptr);
  CHECK(cache.find("good", kNow + 9s)->value() == kAlice);
  CHECK(cache.find("good", kNow + 10s) == nullptr);
  REQUIRE(cache.find("bad", kNow + 1s) != nullptr);
  CHECK(cache.find("bad", kNow + 1s)->error() == "no");
  CHECK(cache.find("bad", kNow + 2s) == nullptr);
  CHECK(cache.find("goo", kNow) == nullptr);
  const std::string text = metrics.serialize();
  CHECK(text.find("postern_token_cache_requests_total{result=\"hit\"} 4\n") != std::string::npos);
  CHECK(text.find("postern_token_cache_requests_total{result=\"miss\"} 3\n") != std::string::npos);
}

TEST_CASE("a token that is refused after it was accepted has been withdrawn") {
  TokenReviewCache cache({});
  put(cache, "one", Refusal("not yet"));
  put(cache, "one", kAlice);
  put(cache, "one", kAlice);
  CHECK(cache.withdrawals() == 0);
  put(cache, "one", Refusal("deleted"));
  put(cache, "one", Refusal("deleted"));
  CHECK(cache.withdrawals() == 1);
  CHECK(cache.find("one", kNow + 1h) == nullptr);
  CHECK(cache.refused_last("one"));
  CHECK_FALSE(cache.refused_last("two"));
  put(cache, "one", kAlice);
  CHECK_FALSE(cache.refused_last("one"));
}

TEST_CASE("the memory is bounded, and the newest are kept") {
  TokenReviewCache cache({.max_entries = 3});
  for (int i = 0; i < 5; ++i) put(cache, std::to_string(i), kAlice);
  CHECK(cache.size() == 3);
  CHECK(cache.find("1", kNow) == nullptr);
  CHECK(cache.find("2", kNow) != nullptr);
  // Reviewed again and again, a token takes one place.
  for (int i = 0; i < 100; ++i) put(cache, "4", kAlice);
  CHECK(cache.size() <= 3);
  CHECK(cache.find("4", kNow) != nullptr);
}

}  // namespace
}  // namespace postern::proxy
