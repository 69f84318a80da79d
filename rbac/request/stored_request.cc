#include "rbac/request/stored_request.h"

#include "rbac/request/agreement.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace postern::rbac::request {
namespace {

using nlohmann::json;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr int kFormat = 1;
// The deepest pattern of the effective rules is at 8. Deeper text would cost stack.
constexpr int kMaxDepth = 16;

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

std::string text_of(const AccessRequest& request) {
  json value = {{"format", kFormat},
                {"name", request.name},
                {"uid", request.uid},
                {"user", request.user},
                {"state", state_name(request.state)},
                {"spec", to_value(request.spec)},
                {"effective", json::parse(request.effective.to_json())},
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
  return value.dump();
}

// What follows reads generously: that only the one spelling is taken is seen to by writing the
// value again and comparing.

template <typename T>
T must(Result<T> result) {
  if (!result) {
    throw std::invalid_argument(result.error().message);
  }
  return std::move(*result);
}

TimePoint time_from(const json& value) {
  return TimePoint(
      std::chrono::duration_cast<TimePoint::duration>(nanoseconds(value.get<std::int64_t>())));
}

void get(const json& value, const char* key, std::optional<TimePoint>& member) {
  if (value.contains(key)) {
    member = time_from(value.at(key));
  }
}

void get(const json& value, const char* key, std::optional<seconds>& member) {
  if (value.contains(key)) {
    member = seconds(value.at(key).get<std::int64_t>());
  }
}

template <typename T>
void get(const json& value, const char* key, T& member) {
  if (value.contains(key)) {
    member = value.at(key).get<T>();
  }
}

Spec spec_from(const json& value) {
  Spec spec;
  std::vector<std::string> ids;
  get(value, "resources", ids);
  for (const std::string& id : ids) {
    spec.resource_ids.push_back(must(ResourceId::parse(id)));
  }
  get(value, "roles", spec.roles);
  get(value, "reason", spec.reason);
  get(value, "reviewers", spec.suggested_reviewers);
  get(value, "max_duration", spec.max_duration);
  get(value, "request_ttl", spec.request_ttl);
  get(value, "session_ttl", spec.session_ttl);
  get(value, "assume_start", spec.assume_start);
  return spec;
}

Review review_from(const json& value) {
  Review review;
  review.author = value.at("author").get<std::string>();
  review.vote = value.at("vote") == "approve" ? Vote::kApprove : Vote::kDeny;
  review.created = time_from(value.at("created"));
  review.effective_digest = value.at("effective_digest").get<std::string>();
  get(value, "reason", review.reason);
  get(value, "assume_start", review.assume_start);
  get(value, "counts_for", review.counts_for);
  return review;
}

Threshold threshold_from(const json& value) {
  Threshold threshold;
  std::string filter;
  get(value, "name", threshold.name);
  get(value, "filter", filter);
  auto parsed = Expression::parse(filter, ExpressionUse::kFilter);
  if (!parsed) {
    throw std::invalid_argument("a filter does not compile: " + parsed.error().str());
  }
  threshold.filter = std::move(*parsed);
  threshold.approve = value.at("approve").get<std::uint32_t>();
  threshold.deny = value.at("deny").get<std::uint32_t>();
  return threshold;
}

ThresholdSet threshold_set_from(const json& value) {
  return {value.at("role").get<std::string>(), value.at("roles").get<std::vector<std::string>>(),
          value.at("thresholds").get<std::vector<std::size_t>>()};
}

State state_from(const json& value) {
  for (const State state :
       {State::kPending, State::kApproved, State::kDenied, State::kRevoked, State::kExpired}) {
    if (value == state_name(state)) {
      return state;
    }
  }
  throw std::invalid_argument("an unknown state");
}

template <typename T>
void get_list(const json& value, const char* key, T (*read)(const json&), std::vector<T>& members) {
  if (!value.contains(key)) {
    return;
  }
  for (const json& each : value.at(key)) {
    members.push_back(read(each));
  }
}

AccessRequest request_from(const json& value) {
  AccessRequest request;
  request.name = value.at("name").get<std::string>();
  request.uid = value.at("uid").get<std::string>();
  request.user = value.at("user").get<std::string>();
  request.state = state_from(value.at("state"));
  request.spec = spec_from(value.at("spec"));
  request.effective = must(EffectiveRules::from_json(value.at("effective").dump()));
  get_list(value, "thresholds", threshold_from, request.thresholds);
  get_list(value, "threshold_sets", threshold_set_from, request.threshold_sets);
  get_list(value, "reviews", review_from, request.reviews);
  get(value, "annotations", request.system_annotations);
  request.created = time_from(value.at("created"));
  request.pending_expires = time_from(value.at("pending_expires"));
  request.access_expires = time_from(value.at("access_expires"));
  request.session_ttl = seconds(value.at("session_ttl").get<std::int64_t>());
  get(value, "assume_start", request.assume_start);
  get(value, "approved", request.approved);
  get(value, "denied", request.denied);
  get(value, "revoked", request.revoked);
  get(value, "expired", request.expired);
  get(value, "revoked_by", request.revoked_by);
  get(value, "revoke_reason", request.revoke_reason);
  return request;
}

json parse(std::string_view text) {
  const auto check = [](int depth, json::parse_event_t event, const json& parsed) {
    if (depth > kMaxDepth) {
      throw std::invalid_argument("it is nested too deeply");
    }
    // There are none in this form, and reading one as an integer may be undefined.
    if (event == json::parse_event_t::value && parsed.is_number_float()) {
      throw std::invalid_argument("a number is not whole");
    }
    return true;
  };
  json value = json::parse(text, check);
  const json& format = value.at("format");
  if (format != kFormat) {
    throw std::invalid_argument("its format " + format.dump() + " is not known to this version");
  }
  return value;
}

kube::Status broken(const std::string& why) {
  return kube::Status::internal("a stored access request cannot be read: " + why);
}

}  // namespace

Result<std::string> to_stored(const AccessRequest& request) {
  if (auto agrees = check_agreement(request); !agrees) {
    return fail(std::move(agrees.error()));
  }
  // Names and reasons that are not UTF-8 have no JSON; nlohmann says so by an exception.
  try {
    return text_of(request);
  } catch (const std::exception& error) {
    return fail(
        kube::Status::internal(std::string("an access request cannot be stored: ") + error.what()));
  }
}

Result<AccessRequest> from_stored(std::string_view text) {
  // nlohmann's only way to say that a member is missing or of another type is an exception.
  try {
    AccessRequest request = request_from(parse(text));
    if (text_of(request) != text) {
      return fail(broken("it is not in its canonical form"));
    }
    if (auto agrees = check_agreement(request); !agrees) {
      return fail(std::move(agrees.error()));
    }
    return request;
  } catch (const std::exception& error) {
    return fail(broken(error.what()));
  }
}

}  // namespace postern::rbac::request
