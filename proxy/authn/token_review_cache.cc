#include "proxy/authn/token_review_cache.h"

#include <utility>

// Tested by tests/proxy/authn/token_review_cache_test.cc
namespace postern::proxy {

const TokenVerdict* TokenReviewCache::find(std::string_view token, Clock::time_point now) {
  const auto found = entries_.find(hash_token(token));
  const bool hit = found != entries_.end() && now < found->second.until;
  if (metrics_ != nullptr) metrics_->token_cache(hit);
  return hit ? &found->second.verdict : nullptr;
}

bool TokenReviewCache::refused_last(std::string_view token) const {
  const auto found = entries_.find(hash_token(token));
  return found != entries_.end() && !found->second.verdict;
}

void TokenReviewCache::put(const TokenHash& token, TokenVerdict verdict, Clock::time_point now) {
  const auto ttl = verdict ? options_.ttl : options_.refusal_ttl;
  auto [place, is_new] = entries_.try_emplace(token);
  Entry& entry = place->second;
  if (!is_new && entry.verdict && !verdict) ++withdrawals_;
  entry = Entry{std::move(verdict), now + ttl, ++puts_};
  in_order_.emplace_back(entry.number, token);
  forget_oldest();
}

void TokenReviewCache::forget_oldest() {
  // A token that was reviewed again stands in the queue once for each review; only the last counts.
  while (entries_.size() > options_.max_entries || in_order_.size() > 2 * options_.max_entries) {
    const auto [number, token] = in_order_.front();
    in_order_.pop_front();
    const auto found = entries_.find(token);
    if (found != entries_.end() && found->second.number == number) entries_.erase(found);
  }
}

}  // namespace postern::proxy
