#pragma once

#include "kube/result.h"
#include "proxy/authn/token_review.h"
#include "proxy/authn/token_review_cache.h"
#include "proxy/net/task.h"

#include <cstddef>
#include <memory>
#include <string>

namespace postern::proxy {

class Log;
class UpstreamPool;

/// Asks a cluster who tokens belong to, with postern's own credential, for one worker: what is
/// known already is read from the cache without waiting; the same token is asked about once at a
/// time. Used on that worker's thread only.
class TokenReviewer {
 public:
  struct Options {
    TokenReviewRules rules;
    TokenReviewCache::Options cache;
    /// Reviews under way at once: unknown tokens, which anybody can make up, must not become a
    /// flood at the API server.
    std::size_t max_running = 64;
  };

  /// `pool` has postern's own credential; it, `log` and `metrics` (may be nullptr) must outlive the
  /// worker's last coroutine.
  TokenReviewer(UpstreamPool& pool, Options options, Log& log, Metrics* metrics);
  ~TokenReviewer();
  TokenReviewer(const TokenReviewer&) = delete;
  TokenReviewer& operator=(const TokenReviewer&) = delete;

  TokenReviewCache& known();
  /// After success the cache has the cluster's verdict. 503 when the cluster cannot be asked at the
  /// moment, 500 when it does not let postern ask, 429 when too many are asked already.
  Task<Result<void>> review(std::string token);
  /// The same without waiting: for open streams, whose token was accepted before.
  void review_soon(std::string token);
  std::size_t asked() const;  ///< calls upstream so far

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace postern::proxy
