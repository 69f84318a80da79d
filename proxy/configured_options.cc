#include "proxy/configured_options.h"

namespace postern::proxy {

ClientLimits client_limits(const LimitsConfiguration& limits) {
  ClientLimits client;
  client.head = {.max_bytes = limits.head_bytes, .max_fields = limits.head_fields};
  client.head_time = limits.head_timeout;
  client.idle_time = limits.idle_timeout;
  client.stall_time = limits.stall_timeout;
  client.body_bytes = limits.decision_body_bytes;
  client.drain_bytes = limits.discard_bytes;
  return client;
}

UpstreamTimeouts upstream_timeouts(const UpstreamConfiguration& upstream) {
  return {.connect = upstream.connect_timeout, .first_byte = upstream.first_byte_timeout};
}

std::optional<TokenReviewer::Options> token_review_options(
    const AuthenticationConfiguration& authentication) {
  if (!authentication.token_review) return std::nullopt;
  const TokenReviewConfiguration& review = *authentication.token_review;
  TokenReviewer::Options options;
  options.rules = {
      review.kube_cluster, review.audiences, {review.prefix.users, review.prefix.groups}};
  options.cache.ttl = review.cache_ttl;
  // One whose token is still unknown is soon known; one who guesses gains no time by it.
  options.cache.refusal_ttl = review.cache_ttl / 5;
  return options;
}

}  // namespace postern::proxy
