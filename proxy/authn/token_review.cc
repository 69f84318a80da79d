#include "proxy/authn/token_review.h"

#include "kube/text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

// Tested by tests/proxy/authn/token_review_test.cc
namespace postern::proxy {
namespace {

using nlohmann::json;

/// So many groups no identity has; more would be carried along with every request.
constexpr std::size_t kMaxGroups = 1000;

/// A member that must be a text when it is there; nullptr: it is something else.
const std::string* text_at(const json& object, const char* key) {
  static const std::string none;
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return &none;
  return found->get_ptr<const json::string_t*>();
}

/// A list of texts; nullopt for what is none. Left out: an empty one.
std::optional<std::vector<std::string>> texts_at(const json& object, const char* key) {
  std::vector<std::string> texts;
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return texts;
  if (!found->is_array()) return std::nullopt;
  for (const json& item : *found) {
    if (!item.is_string()) return std::nullopt;
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

tl::unexpected<kube::Status> no_review() {
  return fail(kube::Status::internal("the cluster's answer about the token is no TokenReview"));
}

TokenVerdict refuse(std::string why) {
  return Refusal(std::move(why));
}

/// `user` of the status; nullopt when it has another shape.
std::optional<rbac::UserInfo> read_user(const json& status) {
  const auto found = status.find("user");
  if (found == status.end() || !found->is_object()) return std::nullopt;
  const std::string* name = text_at(*found, "username");
  const std::string* uid = text_at(*found, "uid");
  auto groups = texts_at(*found, "groups");
  if (name == nullptr || uid == nullptr || !groups || groups->size() > kMaxGroups) {
    return std::nullopt;
  }
  return rbac::UserInfo{*name, std::move(*groups), *uid};
}

bool confirms_one(const std::vector<std::string>& confirmed,
                  const std::vector<std::string>& wanted) {
  return std::any_of(confirmed.begin(), confirmed.end(), [&](const std::string& audience) {
    return std::find(wanted.begin(), wanted.end(), audience) != wanted.end();
  });
}

Result<TokenVerdict> read_status(const json& status, const TokenReviewRules& rules) {
  const auto authenticated = status.find("authenticated");
  const std::string* error = text_at(status, "error");
  const auto audiences = texts_at(status, "audiences");
  const bool yes =
      authenticated != status.end() && authenticated->is_boolean() && authenticated->get<bool>();
  if (error == nullptr || !audiences) return no_review();
  if (!yes) {
    return refuse("the cluster does not accept the token" +
                  (error->empty() ? "" : ": " + kube::printable(*error)));
  }
  if (!error->empty()) return refuse("the cluster's review failed: " + kube::printable(*error));
  if (!confirms_one(*audiences, rules.audiences)) {
    return refuse("the token is for another audience");
  }
  auto proved = read_user(status);
  if (!proved) return no_review();
  auto user = finish_identity(std::move(*proved), rules.prefix);
  if (!user) return refuse(std::move(user.error()));
  user->kube_cluster = rules.kube_cluster;
  return TokenVerdict(std::move(*user));
}

}  // namespace

std::string token_review_body(std::string_view token, const TokenReviewRules& rules) {
  return json{{"apiVersion", "authentication.k8s.io/v1"},
              {"kind", "TokenReview"},
              {"spec", {{"token", token}, {"audiences", rules.audiences}}}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<TokenVerdict> read_token_review(unsigned status, std::string_view body,
                                       const TokenReviewRules& rules) {
  if (status == 429 || status >= 500) {
    return fail(kube::Status::unavailable("the token cannot be reviewed at the moment"));
  }
  if (status != 200 && status != 201) {
    return fail(kube::Status::internal("postern may not have tokens reviewed by the cluster"));
  }
  const json review = json::parse(body, nullptr, false);
  const auto found = review.is_object() ? review.find("status") : review.end();
  if (!review.is_object() || review.value("kind", json()) != "TokenReview" ||
      found == review.end() || !found->is_object()) {
    return no_review();
  }
  return read_status(*found, rules);
}

}  // namespace postern::proxy
