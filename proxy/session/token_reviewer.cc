#include "proxy/session/token_reviewer.h"

#include "proxy/net/event.h"
#include "proxy/net/worker.h"
#include "proxy/observe/log.h"
#include "proxy/upstream/upstream.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <unordered_map>
#include <utility>

// Tested by tests/proxy/session/token_reviewer_test.cc
namespace postern::proxy {
namespace {

constexpr const char* kPath = "/apis/authentication.k8s.io/v1/tokenreviews";
constexpr std::size_t kMaxReviewBytes = 256 * 1024;

/// A review under way.
struct Running {
  explicit Running(Executor executor) : done(executor) {}
  Event done;
  Result<void> outcome;
};

kube::Status cannot_be_asked() {
  kube::Status status = kube::Status::unavailable(
      "the token cannot be reviewed at the moment: the API server that knows it does not answer");
  status.retry_after_seconds = 1;
  return status;
}

}  // namespace

struct TokenReviewer::Impl {
  Impl(UpstreamPool& with_pool, Options with, Log& to, Metrics* metrics)
      : pool(with_pool), options(std::move(with)), cache(options.cache, metrics), log(to) {}

  std::shared_ptr<Running> join(const std::string& token, const std::shared_ptr<Impl>& self);
  void tell(const kube::Status& status);

  UpstreamPool& pool;
  Options options;
  TokenReviewCache cache;
  Log& log;
  std::unordered_map<TokenHash, std::shared_ptr<Running>, TokenHashHash> running;
  std::size_t asked = 0;
};

void TokenReviewer::Impl::tell(const kube::Status& status) {
  log.write_limited("tokenreviews", LogLevel::kWarn, "a token could not be reviewed",
                    {{"cluster", options.rules.kube_cluster}, {"why", status.message}});
}

namespace {

template <typename Impl>
Task<Result<void>> ask(const std::shared_ptr<Impl>& impl, const std::string& token) {
  const TokenReviewRules& rules = impl->options.rules;
  const auto answer =
      co_await fetch(impl->pool, "POST", kPath,
                     {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
                     token_review_body(token, rules), kMaxReviewBytes);
  if (!answer) {
    impl->tell(answer.error());
    co_return fail(cannot_be_asked());
  }
  auto verdict = read_token_review(answer->status, answer->body, rules);
  if (!verdict) {
    impl->tell(kube::Status::bad_gateway("the API server answered " +
                                         std::to_string(answer->status) + ": " +
                                         verdict.error().message));
    co_return fail(std::move(verdict.error()));
  }
  impl->cache.put(hash_token(token), std::move(*verdict), TokenReviewCache::Clock::now());
  co_return Result<void>();
}

/// Runs by itself, so that those who wait for the same review do not depend on the first one's
/// client.
template <typename Impl>
Task<void> run(std::shared_ptr<Impl> impl, std::string token, std::shared_ptr<Running> review) {
  bool bug = false;
  try {
    review->outcome = co_await ask(impl, token);
  } catch (const std::exception&) {
    bug = true;
  }
  if (bug) review->outcome = fail(kube::Status::internal("the token could not be reviewed"));
  impl->running.erase(hash_token(token));
  review->done.set();
}

}  // namespace

/// nullptr: too many are under way.
std::shared_ptr<Running> TokenReviewer::Impl::join(const std::string& token,
                                                   const std::shared_ptr<Impl>& self) {
  const TokenHash hash = hash_token(token);
  if (const auto found = running.find(hash); found != running.end()) return found->second;
  if (running.size() >= options.max_running) return nullptr;
  const Executor executor = pool.worker().executor();
  auto review = std::make_shared<Running>(executor);
  running.emplace(hash, review);
  ++asked;
  asio::co_spawn(executor, run(self, token, review), asio::detached);
  return review;
}

TokenReviewer::TokenReviewer(UpstreamPool& pool, Options options, Log& log, Metrics* metrics)
    : impl_(std::make_shared<Impl>(pool, std::move(options), log, metrics)) {}
TokenReviewer::~TokenReviewer() = default;

TokenReviewCache& TokenReviewer::known() {
  return impl_->cache;
}
std::size_t TokenReviewer::asked() const {
  return impl_->asked;
}

Task<Result<void>> TokenReviewer::review(std::string token) {
  const std::shared_ptr<Impl> impl = impl_;
  const auto review = impl->join(token, impl);
  if (review == nullptr) {
    co_return fail(kube::Status::too_many_requests("too many tokens are being reviewed", 1));
  }
  co_await review->done.wait();
  co_return review->outcome;
}

void TokenReviewer::review_soon(std::string token) {
  impl_->join(token, impl_);
}

}  // namespace postern::proxy
