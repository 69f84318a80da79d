#include "rbac/request/stored_request.h"

#include "rbac/request/agreement.h"
#include "rbac/request/request_text.h"
#include "rbac/request/stored_fields.h"

#include <exception>
#include <simdjson.h>
#include <stdexcept>
#include <utility>

namespace postern::rbac::request {
namespace {

using namespace stored;
using std::chrono::seconds;

// The deepest pattern of the effective rules is at 8. Deeper text would cost stack.
constexpr int kMaxDepth = 16;
// A number of more digits would be read as a floating-point one.
constexpr int kMaxDigits = 19;
constexpr std::string_view kKey = R"("effective":)";

Spec spec_from(const object& value) {
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

Review review_from(const object& value) {
  Review review;
  review.author = text_from(value["author"]);
  review.vote = std::string_view(value["vote"]) == "approve" ? Vote::kApprove : Vote::kDeny;
  review.created = time_from(value["created"]);
  review.effective_digest = text_from(value["effective_digest"]);
  get(value, "reason", review.reason);
  get(value, "assume_start", review.assume_start);
  get(value, "counts_for", review.counts_for);
  return review;
}

Threshold threshold_from(const object& value) {
  Threshold threshold;
  std::string filter;
  get(value, "name", threshold.name);
  get(value, "filter", filter);
  auto parsed = Expression::parse(filter, ExpressionUse::kFilter);
  if (!parsed) {
    throw std::invalid_argument("a filter does not compile: " + parsed.error().str());
  }
  threshold.filter = std::move(*parsed);
  threshold.approve = static_cast<std::uint32_t>(std::uint64_t(value["approve"]));
  threshold.deny = static_cast<std::uint32_t>(std::uint64_t(value["deny"]));
  return threshold;
}

ThresholdSet threshold_set_from(const object& value) {
  ThresholdSet set;
  set.requester_role = text_from(value["role"]);
  read(value["roles"], set.roles);
  read(value["thresholds"], set.thresholds);
  return set;
}

State state_from(std::string_view value) {
  for (const State state :
       {State::kPending, State::kApproved, State::kDenied, State::kRevoked, State::kExpired}) {
    if (value == state_name(state)) {
      return state;
    }
  }
  throw std::invalid_argument("an unknown state");
}

AccessRequest request_from(const object& value) {
  AccessRequest request;
  request.name = text_from(value["name"]);
  request.uid = text_from(value["uid"]);
  request.user = text_from(value["user"]);
  request.state = state_from(value["state"]);
  request.spec = spec_from(value["spec"]);
  get_list(value, "thresholds", threshold_from, request.thresholds);
  get_list(value, "threshold_sets", threshold_set_from, request.threshold_sets);
  get_list(value, "reviews", review_from, request.reviews);
  get(value, "annotations", request.system_annotations);
  request.created = time_from(value["created"]);
  request.pending_expires = time_from(value["pending_expires"]);
  request.access_expires = time_from(value["access_expires"]);
  request.session_ttl = seconds(std::int64_t(value["session_ttl"]));
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

/// The rest, with the effective rules cut out. Lives until the next call on this thread.
object parse_rest(std::string_view text, std::string_view effective) {
  thread_local simdjson::dom::parser parser;
  const auto begin = static_cast<std::size_t>(effective.data() - text.data());
  std::string rest;
  rest.reserve(text.size() - effective.size() + sizeof "null" + simdjson::SIMDJSON_PADDING);
  rest.append(text.substr(0, begin)).append("null").append(text.substr(begin + effective.size()));
  const object value = parser.parse(rest);
  const element format = value["format"];
  if (!format.is<std::int64_t>() || std::int64_t(format) != kStoredFormat) {
    throw std::invalid_argument("its format " + simdjson::minify(format) +
                                " is not known to this version");
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

Result<std::optional<EndedRequest>> ended_from_stored(std::string_view text) {
  constexpr std::string_view kExpired = R"("state":"EXPIRED")";
  // Most of the others are told from it without reading them.
  if (text.find(kExpired) == std::string_view::npos) {
    return std::nullopt;
  }
  try {
    const std::string_view effective = find_effective(text);
    const object rest = parse_rest(text, effective);
    if (state_from(rest["state"]) != State::kExpired) {
      return std::nullopt;
    }
    return EndedRequest{request_from(rest), std::string(effective)};
  } catch (const std::exception& error) {
    return fail(broken(error.what()));
  }
}

}  // namespace postern::rbac::request
