#include "rbac/request/request_text.h"

#include <nlohmann/json.hpp>

namespace postern::rbac::request {
namespace {

using nlohmann::json;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// Stands for the effective rules, which have a text of their own. No string of JSON holds it, since
// a quote inside has a backslash before it.
constexpr std::string_view kPlace = R"("effective":null)";
constexpr std::string_view kKey = R"("effective":)";

std::int64_t to_value(TimePoint time) {
  return std::chrono::duration_cast<nanoseconds>(time.time_since_epoch()).count();
}

std::int64_t to_value(seconds duration) {
  return duration.count();
}

template <typename T>
void set(json& value, const char* key, const std::optional<T>& member) {
  if (member) {
    value[key] = to_value(*member);
  }
}

void set(json& value, const char* key, const std::vector<std::string>& member) {
  if (!member.empty()) {
    value[key] = member;
  }
}

void set(json& value, const char* key, const std::string& member) {
  if (!member.empty()) {
    value[key] = member;
  }
}

json to_value(const Spec& spec) {
  json value = json::object();
  for (const ResourceId& id : spec.resource_ids) {
    value["resources"].push_back(id.str());
  }
  set(value, "roles", spec.roles);
  set(value, "reason", spec.reason);
  set(value, "reviewers", spec.suggested_reviewers);
  set(value, "max_duration", spec.max_duration);
  set(value, "request_ttl", spec.request_ttl);
  set(value, "session_ttl", spec.session_ttl);
  set(value, "assume_start", spec.assume_start);
  return value;
}

json to_value(const Review& review) {
  json value = {{"author", review.author},
                {"vote", review.vote == Vote::kApprove ? "approve" : "deny"},
                {"created", to_value(review.created)},
                {"effective_digest", review.effective_digest}};
  set(value, "reason", review.reason);
  set(value, "assume_start", review.assume_start);
  if (!review.counts_for.empty()) {
    value["counts_for"] = review.counts_for;
  }
  return value;
}

json to_value(const Threshold& threshold) {
  json value = {{"approve", threshold.approve}, {"deny", threshold.deny}};
  set(value, "name", threshold.name);
  set(value, "filter", threshold.filter.text());
  return value;
}

json to_value(const ThresholdSet& set_of) {
  return {
      {"role", set_of.requester_role}, {"roles", set_of.roles}, {"thresholds", set_of.thresholds}};
}

template <typename T>
void set_list(json& value, const char* key, const std::vector<T>& members) {
  for (const T& member : members) {
    value[key].push_back(to_value(member));
  }
}

}  // namespace

std::string request_text(const AccessRequest& request, std::string_view effective) {
  json value = {{"format", kStoredFormat},
                {"name", request.name},
                {"uid", request.uid},
                {"user", request.user},
                {"state", state_name(request.state)},
                {"spec", to_value(request.spec)},
                {"effective", nullptr},
                {"created", to_value(request.created)},
                {"pending_expires", to_value(request.pending_expires)},
                {"access_expires", to_value(request.access_expires)},
                {"session_ttl", to_value(request.session_ttl)}};
  set_list(value, "thresholds", request.thresholds);
  set_list(value, "threshold_sets", request.threshold_sets);
  set_list(value, "reviews", request.reviews);
  if (!request.system_annotations.empty()) {
    value["annotations"] = request.system_annotations;
  }
  set(value, "assume_start", request.assume_start);
  set(value, "approved", request.approved);
  set(value, "denied", request.denied);
  set(value, "revoked", request.revoked);
  set(value, "expired", request.expired);
  set(value, "revoked_by", request.revoked_by);
  set(value, "revoke_reason", request.revoke_reason);
  std::string text = value.dump();
  return text.replace(text.find(kPlace) + kKey.size(), kPlace.size() - kKey.size(), effective);
}

}  // namespace postern::rbac::request
