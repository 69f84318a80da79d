#include "kube/text.h"
#include "proxy/access/api/api_object.h"
#include "proxy/access/api/wire_values.h"
#include "rbac/request/durations.h"
#include "rbac/request/implications.h"

#include <algorithm>
#include <utility>

namespace postern::proxy::access::api {
namespace {

using rbac::request::AccessRequest;
using rbac::request::duration_text;
using rbac::request::State;

constexpr std::size_t kMaxCell = 64;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text.append(text.empty() ? "" : ",").append(word);
  }
  return text;
}

void set_time(Json& object, const char* key, const std::optional<TimePoint>& time) {
  if (time) object[key] = time_text(*time);
}

void set_duration(Json& object, const char* key,
                  const std::optional<std::chrono::seconds>& duration) {
  if (duration) object[key] = duration_text(*duration);
}

Json spec_json(const AccessRequest& request) {
  const rbac::request::Spec& spec = request.spec;
  Json json = {{"user", request.user}, {"roles", spec.roles}};
  Json ids = Json::array();
  for (const rbac::ResourceId& id : spec.resource_ids) ids.push_back(id.str());
  if (!ids.empty()) json["resources"] = std::move(ids);
  if (!spec.reason.empty()) json["reason"] = spec.reason;
  if (!spec.suggested_reviewers.empty()) json["suggestedReviewers"] = spec.suggested_reviewers;
  set_duration(json, "maxDuration", spec.max_duration);
  set_duration(json, "requestTTL", spec.request_ttl);
  set_duration(json, "sessionTTL", spec.session_ttl);
  set_time(json, "assumeStartTime", spec.assume_start);
  return json;
}

Json condition(const char* type, const char* reason, std::string message, TimePoint since) {
  return {{"type", type},
          {"status", "True"},
          {"reason", reason},
          {"message", std::move(message)},
          {"lastTransitionTime", time_text(since)}};
}

std::string reviewed_by(const AccessRequest& request, rbac::request::Vote vote) {
  std::vector<std::string> names;
  for (const rbac::request::Review& review : request.reviews) {
    if (review.vote == vote) names.push_back(review.author);
  }
  return names.empty() ? "by nobody" : "by " + joined(names);
}

std::string revoked_text(const AccessRequest& request) {
  std::string text = request.revoked_by == request.user ? "dropped by " : "by ";
  text += request.revoked_by;
  return request.revoke_reason.empty() ? text : text + ": " + request.revoke_reason;
}

/// Each of them stays once it holds; the first of them resolves the request.
Json conditions_json(const AccessRequest& request) {
  using rbac::request::Vote;
  Json conditions = Json::array();
  std::optional<TimePoint> resolved;
  const auto add = [&](const std::optional<TimePoint>& since, const char* type, const char* reason,
                       const std::string& message) {
    if (!since) return;
    conditions.push_back(condition(type, reason, message, *since));
    resolved = resolved ? std::min(*resolved, *since) : *since;
  };
  add(request.approved, "Approved", "Reviewed", reviewed_by(request, Vote::kApprove));
  add(request.denied, "Denied", "Reviewed", reviewed_by(request, Vote::kDeny));
  add(request.revoked, "Revoked",
      request.revoked_by == request.user ? "DroppedByOwner" : "RevokedByReviewer",
      revoked_text(request));
  add(request.expired, "Expired", "TimeIsOver",
      request.approved ? "the access has ended" : "the request has ended");
  if (resolved) {
    conditions.push_back(condition(
        "Resolved", "Decided", std::string(rbac::request::state_name(request.state)), *resolved));
  }
  return conditions;
}

Json reviews_json(const AccessRequest& request) {
  Json reviews = Json::array();
  for (const rbac::request::Review& review : request.reviews) {
    const bool approves = review.vote == rbac::request::Vote::kApprove;
    Json json = {{"author", review.author},
                 {"decision", approves ? "Approve" : "Deny"},
                 {"time", time_text(review.created)}};
    if (!review.reason.empty()) json["reason"] = review.reason;
    set_time(json, "assumeStartTime", review.assume_start);
    reviews.push_back(std::move(json));
  }
  return reviews;
}

Json thresholds_json(const AccessRequest& request) {
  Json thresholds = Json::array();
  for (const rbac::request::Threshold& threshold : request.thresholds) {
    Json json = {{"approve", threshold.approve}, {"deny", threshold.deny}};
    if (!threshold.name.empty()) json["name"] = threshold.name;
    if (!threshold.filter.text().empty()) json["filter"] = threshold.filter.text();
    thresholds.push_back(std::move(json));
  }
  return thresholds;
}

/// The effective rules in the two forms in which they are told of.
struct Effective {
  explicit Effective(const RequestObject& object)
      : json(object.effective_json()), rules(object.effective_rules()) {}

  std::string json;
  Result<rbac::request::EffectiveRules> rules;  ///< an error: `json` is nothing that can be read
};

/// `shown` stands for the effective rules themselves.
Json status_json(const RequestObject& object, const Effective& effective, Json shown) {
  const AccessRequest& request = object.request;
  Json json = {{"state", rbac::request::state_name(request.state)},
               {"accessExpires", time_text(request.access_expires)},
               {"pendingExpires", time_text(request.pending_expires)},
               {"sessionTTL", duration_text(request.session_ttl)},
               {"thresholds", thresholds_json(request)},
               {"effective", std::move(shown)},
               {"effectiveDigest", rbac::request::EffectiveRules::digest_of(effective.json)}};
  if (Json conditions = conditions_json(request); !conditions.empty()) {
    json["conditions"] = std::move(conditions);
  }
  if (!request.reviews.empty()) json["reviews"] = reviews_json(request);
  if (effective.rules) {
    if (const auto sentences = rbac::request::implications(*effective.rules)) {
      json["implications"] = *sentences;
    }
  }
  set_time(json, "assumeStartTime", request.assume_start);
  if (request.revoked) {
    json["revokedBy"] = request.revoked_by;
    if (!request.revoke_reason.empty()) json["revokeReason"] = request.revoke_reason;
  }
  return json;
}

std::string resources_cell(const AccessRequest& request) {
  const auto& ids = request.spec.resource_ids;
  if (ids.empty()) return "<all of the roles>";
  std::string text = ids.front().str();
  if (text.size() > kMaxCell) text = text.substr(0, kMaxCell - 3) + "...";
  return ids.size() == 1 ? text : text + " +" + std::to_string(ids.size() - 1);
}

std::string expires_cell(const AccessRequest& request, TimePoint now) {
  const bool ends = request.state == State::kPending || request.state == State::kApproved;
  return ends ? age_text(std::chrono::floor<std::chrono::seconds>(request.expires() - now)) : "-";
}

std::string reviewers_cell(const AccessRequest& request) {
  if (request.reviews.empty()) return joined(request.spec.suggested_reviewers);
  std::vector<std::string> names;
  for (const rbac::request::Review& review : request.reviews) names.push_back(review.author);
  return joined(names);
}

class RequestView : public ApiObject {
 public:
  explicit RequestView(RequestPtr request) : object_(std::move(request)) {}

  const KindInfo& kind() const override { return access_requests(); }
  const ObjectMeta& meta() const override { return object_->meta; }
  std::string_view field(std::string_view path) const override { return field_of(*object_, path); }
  Json document() const override {
    const Effective effective(*object_);
    return document_with(effective, effective.rules ? Json::parse(effective.json) : Json());
  }
  /// The effective rules are the most of it, and are JSON already, as it is written here.
  std::string document_text() const override {
    constexpr std::string_view kPlace = R"("effective":null)";
    constexpr std::size_t kNull = std::string_view("null").size();
    const Effective effective(*object_);
    std::string text = json_text(document_with(effective, nullptr));
    if (!effective.rules) return text;
    // No string in JSON holds a bare quote, so that this is the member and nothing else.
    const std::size_t end = text.rfind(kPlace) + kPlace.size();
    return text.replace(end - kNull, kNull, effective.json);
  }
  std::vector<Json> cells(TimePoint now) const override {
    const AccessRequest& request = object_->request;
    const auto age = std::chrono::floor<std::chrono::seconds>(now - request.created);
    return {object_->meta.name,
            request.user,
            joined(request.spec.roles),
            resources_cell(request),
            rbac::request::state_name(request.state),
            expires_cell(request, now),
            age_text(age),
            request.spec.reason,
            reviewers_cell(request)};
  }

 private:
  Json document_with(const Effective& effective, Json shown) const {
    Json json = document_head("AccessRequest", metadata());
    json["spec"] = spec_json(object_->request);
    json["status"] = status_json(*object_, effective, std::move(shown));
    return json;
  }

  RequestPtr object_;
};

}  // namespace

std::string_view field_of(const RequestObject& request, std::string_view path) {
  if (path == "spec.user") return request.request.user;
  if (path == "status.state") return rbac::request::state_name(request.request.state);
  return request.meta.name;
}

ObjectPtr make_object(RequestPtr request) {
  return std::make_shared<RequestView>(std::move(request));
}

}  // namespace postern::proxy::access::api
