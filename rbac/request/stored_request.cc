#include "rbac/request/stored_request.h"

#include "rbac/request/agreement.h"
#include "rbac/request/request_text.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace postern::rbac::request {
namespace {

using nlohmann::json;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// The deepest pattern of the effective rules is at 8. Deeper text would cost stack.
constexpr int kMaxDepth = 16;
// A number of more digits would be read as a floating-point one.
constexpr int kMaxDigits = 19;
constexpr std::string_view kKey = R"("effective":)";

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

/// Refuses what to_stored() never writes and what costs more than its size: spaces, numbers that
/// are not whole or fit no integer, literals, deep nesting. Strings are left to the parser.
void check_shape(std::string_view text) {
  int depth = 0;
  int digits = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      in_string = c != '"';
      continue;
    }
    in_string = c == '"';
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (depth > kMaxDepth) {
      throw std::invalid_argument("it is nested too deeply");
    }
    if (std::string_view("{}[],:\"-0123456789").find(c) == std::string_view::npos ||
        digits > kMaxDigits) {
      throw std::invalid_argument("it is not in its canonical form");
    }
  }
}

/// Where the object that begins here ends; its text was checked.
std::size_t end_of_object(std::string_view text, std::size_t begin) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      in_string = c != '"';
      continue;
    }
    in_string = c == '"';
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (depth == 0) {
      return i + 1;
    }
  }
  throw std::invalid_argument("it is cut off");
}

/// The effective rules within the text. Before them there are no other objects under that key, or
/// the text is none of ours, which shows when it is written again.
std::string_view find_effective(std::string_view text) {
  const std::size_t at = text.find(R"("effective":{)");
  if (at == std::string_view::npos) {
    throw std::invalid_argument("it has no effective rules");
  }
  const std::size_t begin = at + kKey.size();
  return text.substr(begin, end_of_object(text, begin) - begin);
}

/// The rest, with the effective rules cut out.
json parse_rest(std::string_view text, std::string_view effective) {
  const auto begin = static_cast<std::size_t>(effective.data() - text.data());
  std::string rest(text.substr(0, begin));
  rest += "null";
  rest += text.substr(begin + effective.size());
  json value = json::parse(rest);
  const json& format = value.at("format");
  if (format != kStoredFormat) {
    throw std::invalid_argument("its format " + format.dump() + " is not known to this version");
  }
  return value;
}

kube::Status broken(const std::string& why) {
  return kube::Status::internal("a stored access request cannot be read: " + why);
}

}  // namespace

Result<std::string> to_stored(const AccessRequest& request) {
  // Names and reasons that are not UTF-8 have no JSON; nlohmann says so by an exception.
  try {
    const std::string effective = request.effective.to_json();
    if (auto agrees = check_agreement(request, effective); !agrees) {
      return fail(std::move(agrees.error()));
    }
    return request_text(request, effective);
  } catch (const std::exception& error) {
    return fail(
        kube::Status::internal(std::string("an access request cannot be stored: ") + error.what()));
  }
}

Result<AccessRequest> from_stored(std::string_view text) {
  // nlohmann's only way to say that a member is missing or of another type is an exception.
  try {
    check_shape(text);
    const std::string_view effective = find_effective(text);
    AccessRequest request = request_from(parse_rest(text, effective));
    request.effective = must(EffectiveRules::from_json(effective));
    if (request_text(request, effective) != text) {
      return fail(broken("it is not in its canonical form"));
    }
    if (auto agrees = check_agreement(request, effective); !agrees) {
      return fail(std::move(agrees.error()));
    }
    return request;
  } catch (const std::exception& error) {
    return fail(broken(error.what()));
  }
}

}  // namespace postern::rbac::request
