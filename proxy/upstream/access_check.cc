#include "proxy/upstream/access_check.h"

#include "proxy/net/event.h"
#include "proxy/net/worker.h"
#include "proxy/upstream/impersonation.h"
#include "proxy/upstream/response_builder.h"
#include "proxy/upstream/upstream.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>
#include <exception>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

// Tested by tests/proxy/upstream/access_check_test.cc
namespace postern::proxy {
namespace {

constexpr std::string_view kReviewPath = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
constexpr std::size_t kMaxReviewBytes = 256 * 1024;

/// Each part with its length in front, so that no two lists of parts give the same key.
void append_part(std::string& key, std::string_view part) {
  key.append(std::to_string(part.size())).append(":").append(part);
}

std::string cache_key(const rbac::Principals& principals, std::string_view access_request,
                      const AccessQuestion& question) {
  std::string key;
  for (const std::string_view part :
       {std::string_view(question.verb), std::string_view(question.group),
        std::string_view(question.version), std::string_view(question.resource),
        std::string_view(question.subresource), std::string_view(question.namespace_),
        std::string_view(question.name), access_request, std::string_view(principals.user)}) {
    append_part(key, part);
  }
  for (const std::string& group : principals.groups) append_part(key, group);
  return key;
}

/// One question that was asked or is being asked.
struct Review {
  explicit Review(Executor executor) : answered(executor) {}
  Event answered;
  Result<bool> answer = false;
  Clock::time_point until;  ///< how long the answer is good
};

}  // namespace

struct AccessCheck::Impl {
  explicit Impl(Options with) : options(with) {}

  std::shared_ptr<Review> find(const std::string& key);
  std::shared_ptr<Review> insert(const std::string& key, Executor executor);
  void forget(const std::string& key, const std::shared_ptr<Review>& review);

  Options options;
  std::unordered_map<std::string, std::shared_ptr<Review>> reviews;
  std::deque<std::string> in_order;  ///< keys of `reviews`, the oldest first; some may be gone
  std::size_t asked = 0;
};

namespace {

Task<Result<bool>> ask(UpstreamPool& pool, rbac::Principals principals, HeaderFields fields,
                       std::string body) {
  fields.insert(fields.begin(),
                {{"Content-Type", "application/json"}, {"Accept", "application/json"}});
  const auto response = co_await fetch(pool, "POST", std::string(kReviewPath), std::move(fields),
                                       std::move(body), kMaxReviewBytes);
  if (!response) co_return fail(response.error());
  if (response->status == 403) {
    if (auto refused = replace_refusal(response->body, principals)) co_return fail(*refused);
  }
  co_return parse_access_review(response->status, response->body);
}

}  // namespace

std::shared_ptr<Review> AccessCheck::Impl::find(const std::string& key) {
  const auto found = reviews.find(key);
  if (found == reviews.end()) return nullptr;
  const bool stale = found->second->answered.happened() && found->second->until <= Clock::now();
  return stale ? nullptr : found->second;
}

std::shared_ptr<Review> AccessCheck::Impl::insert(const std::string& key, Executor executor) {
  auto review = std::make_shared<Review>(executor);
  reviews.insert_or_assign(key, review);
  in_order.push_back(key);
  while (in_order.size() > options.max_entries) {
    reviews.erase(in_order.front());
    in_order.pop_front();
  }
  return review;
}

void AccessCheck::Impl::forget(const std::string& key, const std::shared_ptr<Review>& review) {
  const auto found = reviews.find(key);
  if (found != reviews.end() && found->second == review) reviews.erase(found);
}

AccessCheck::AccessCheck() : AccessCheck(Options()) {}
AccessCheck::AccessCheck(Options options) : impl_(std::make_shared<Impl>(options)) {}
AccessCheck::~AccessCheck() = default;

std::size_t AccessCheck::cached() const {
  return impl_->reviews.size();
}
std::size_t AccessCheck::asked() const {
  return impl_->asked;
}

namespace {

/// Runs by itself, so that those who wait for the same answer do not depend on the first one's
/// client.
template <typename Impl>
Task<void> answer_review(std::shared_ptr<Impl> impl, UpstreamPool& pool, std::string key,
                         std::shared_ptr<Review> review, rbac::Principals principals,
                         HeaderFields fields, std::string body) {
  std::exception_ptr bug;
  try {
    review->answer = co_await ask(pool, std::move(principals), std::move(fields), std::move(body));
  } catch (...) {
    bug = std::current_exception();
  }
  if (bug) review->answer = fail(kube::Status::internal("the access review could not be made"));
  review->until = Clock::now() + impl->options.ttl;
  if (!review->answer) impl->forget(key, review);
  review->answered.set();
}

}  // namespace

Task<Result<bool>> AccessCheck::allowed(UpstreamPool& pool, rbac::Principals principals,
                                        std::string access_request, const kube::RequestInfo& info) {
  return allowed(pool, std::move(principals), std::move(access_request), access_question(info));
}

Task<Result<bool>> AccessCheck::allowed(UpstreamPool& pool, rbac::Principals principals,
                                        std::string access_request, AccessQuestion question) {
  const std::shared_ptr<Impl> impl = impl_;
  auto fields = impersonation_fields(principals, access_request);
  if (!fields) co_return fail(fields.error());
  std::string key = cache_key(principals, access_request, question);
  std::shared_ptr<Review> review = impl->find(key);
  if (!review) {
    const Executor executor = pool.worker().executor();
    review = impl->insert(key, executor);
    ++impl->asked;
    asio::co_spawn(executor,
                   answer_review(impl, pool, std::move(key), review, std::move(principals),
                                 std::move(*fields), access_review_body(question)),
                   asio::detached);
  }
  co_await review->answered.wait();
  co_return review->answer;
}

AccessQuestion access_question(const kube::RequestInfo& info) {
  return {info.verb,
          info.api_group,
          info.api_version,
          info.resource,
          info.subresource,
          info.namespace_,
          info.name.empty() ? info.field_selector_name : info.name};
}

std::string access_review_body(const AccessQuestion& question) {
  nlohmann::json attributes{{"verb", question.verb},
                            {"group", question.group},
                            {"version", question.version},
                            {"resource", question.resource}};
  if (!question.subresource.empty()) attributes["subresource"] = question.subresource;
  if (!question.namespace_.empty()) attributes["namespace"] = question.namespace_;
  if (!question.name.empty()) attributes["name"] = question.name;
  return nlohmann::json{{"apiVersion", "authorization.k8s.io/v1"},
                        {"kind", "SelfSubjectAccessReview"},
                        {"spec", {{"resourceAttributes", std::move(attributes)}}}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<bool> parse_access_review(unsigned status, std::string_view body) {
  const auto refuse = [](const char* why) { return fail(kube::Status::bad_gateway(why)); };
  if (status != 200 && status != 201) {
    return refuse("the cluster does not answer access reviews");
  }
  const auto review = nlohmann::json::parse(body, nullptr, false);
  const auto verdict = [&](const char* key) -> std::optional<bool> {
    if (!review["status"].contains(key)) return false;
    const auto& value = review["status"][key];
    return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
  };
  if (!review.is_object() || !review.contains("status") || !review["status"].is_object() ||
      review.value("kind", nlohmann::json()) != "SelfSubjectAccessReview") {
    return refuse("the cluster's answer is no access review");
  }
  const auto allowed = verdict("allowed");
  const auto denied = verdict("denied");
  if (!allowed || !denied) return refuse("the cluster's answer is no access review");
  return *allowed && !*denied;
}

}  // namespace postern::proxy
