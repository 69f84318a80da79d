#pragma once

#include "proxy/authn/authenticator.h"
#include "proxy/authn/token_hash.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace postern::proxy {

/// What a cluster lately said about tokens, by their SHA-256; bounded, the oldest are forgotten
/// first. One per worker, used on its thread only.
class TokenReviewCache : public ReviewedTokens {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    std::chrono::milliseconds ttl{10'000};  ///< kube-apiserver's own for delegated reviews
    /// Of refusals: short, so that a service account that was just made is not kept waiting.
    std::chrono::milliseconds refusal_ttl{2'000};
    std::size_t max_entries = 4096;
  };

  /// `metrics` (may be nullptr) counts hits and misses, and must outlive the cache.
  explicit TokenReviewCache(Options options, Metrics* metrics = nullptr)
      : options_(options), metrics_(metrics) {}

  /// nullptr: nothing is known, or not any more. The pointer is good until the next put().
  const TokenVerdict* find(std::string_view token) override { return find(token, Clock::now()); }
  const TokenVerdict* find(std::string_view token, Clock::time_point now);
  /// Whether the cluster's last word on the token, however old, is that it proves nobody.
  bool refused_last(std::string_view token) const;
  void put(const TokenHash& token, TokenVerdict verdict, Clock::time_point now);

  /// Grows when a token that had been accepted is refused: what rests on it has to end.
  std::uint64_t withdrawals() const { return withdrawals_; }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    TokenVerdict verdict;
    Clock::time_point until;
    std::uint64_t number = 0;  ///< of the newest put(), to tell it from older ones in `in_order_`
  };
  void forget_oldest();

  Options options_;
  Metrics* metrics_;
  std::unordered_map<TokenHash, Entry, TokenHashHash> entries_;
  std::deque<std::pair<std::uint64_t, TokenHash>> in_order_;
  std::uint64_t puts_ = 0;
  std::uint64_t withdrawals_ = 0;
};

}  // namespace postern::proxy
