#include "proxy/access/api/request_json.h"

#include "proxy/access/api/api_object.h"
#include "proxy/access/api/json_writer.h"
#include "rbac/request/durations.h"
#include "rbac/request/implications.h"

#include <algorithm>
#include <utility>

namespace postern::proxy::access::api {
namespace {

using rbac::request::AccessRequest;
using rbac::request::duration_text;
using rbac::request::Review;
using rbac::request::Vote;

void write_duration(ObjectWriter& json, std::string_view key,
                    const std::optional<std::chrono::seconds>& duration) {
  if (duration) json.text(key, duration_text(*duration));
}

void write_spec(const AccessRequest& request, std::string& out) {
  const rbac::request::Spec& spec = request.spec;
  ObjectWriter json(out);
  json.optional("assumeStartTime", spec.assume_start);
  write_duration(json, "maxDuration", spec.max_duration);
  json.optional("reason", spec.reason);
  write_duration(json, "requestTTL", spec.request_ttl);
  if (!spec.resource_ids.empty()) {
    ListWriter resources(json.member("resources"));
    for (const rbac::ResourceId& id : spec.resource_ids) append_json(resources.item(), id.str());
  }
  json.texts("roles", spec.roles);
  write_duration(json, "sessionTTL", spec.session_ttl);
  json.optional("suggestedReviewers", spec.suggested_reviewers);
  json.text("user", request.user);
}

std::string reviewed_by(const AccessRequest& request, Vote vote) {
  std::string names;
  for (const Review& review : request.reviews) {
    if (review.vote == vote) names.append(names.empty() ? "" : ",").append(review.author);
  }
  return names.empty() ? "by nobody" : "by " + names;
}

std::string revoked_text(const AccessRequest& request) {
  std::string text = request.revoked_by == request.user ? "dropped by " : "by ";
  text += request.revoked_by;
  return request.revoke_reason.empty() ? text : text + ": " + request.revoke_reason;
}

void write_condition(std::string_view type, std::string_view reason, std::string_view message,
                     TimePoint since, std::string& out) {
  ObjectWriter json(out);
  json.time("lastTransitionTime", since);
  json.text("message", message);
  json.text("reason", reason);
  json.text("status", "True");
  json.text("type", type);
}

/// Each of them stays once it holds; the first of them resolves the request.
void write_conditions(const AccessRequest& request, std::string& out) {
  ListWriter conditions(out);
  std::optional<TimePoint> resolved;
  const auto add = [&](const std::optional<TimePoint>& since, std::string_view type,
                       std::string_view reason, std::string_view message) {
    write_condition(type, reason, message, *since, conditions.item());
    resolved = resolved ? std::min(*resolved, *since) : *since;
  };
  if (const auto& since = request.approved) {
    add(since, "Approved", "Reviewed", reviewed_by(request, Vote::kApprove));
  }
  if (const auto& since = request.denied) {
    add(since, "Denied", "Reviewed", reviewed_by(request, Vote::kDeny));
  }
  if (const auto& since = request.revoked) {
    const bool by_owner = request.revoked_by == request.user;
    add(since, "Revoked", by_owner ? "DroppedByOwner" : "RevokedByReviewer", revoked_text(request));
  }
  if (const auto& since = request.expired) {
    add(since, "Expired", "TimeIsOver",
        request.approved ? "the access has ended" : "the request has ended");
  }
  if (resolved) add(resolved, "Resolved", "Decided", rbac::request::state_name(request.state));
}

bool is_resolved(const AccessRequest& request) {
  return request.approved || request.denied || request.revoked || request.expired;
}

void write_review(const Review& review, std::string& out) {
  ObjectWriter json(out);
  json.optional("assumeStartTime", review.assume_start);
  json.text("author", review.author);
  json.text("decision", review.vote == Vote::kApprove ? "Approve" : "Deny");
  json.optional("reason", review.reason);
  json.time("time", review.created);
}

void write_threshold(const rbac::request::Threshold& threshold, std::string& out) {
  ObjectWriter json(out);
  json.number("approve", threshold.approve);
  json.number("deny", threshold.deny);
  json.optional("filter", threshold.filter.text());
  json.optional("name", threshold.name);
}

template <typename Item>
void write_all(const std::vector<Item>& items, void (*write)(const Item&, std::string&),
               std::string& out) {
  ListWriter list(out);
  for (const Item& item : items) write(item, list.item());
}

/// The effective rules, which are JSON already, and what follows from them; null for what is kept
/// and cannot be read.
void write_effective(const RequestObject& object, ObjectWriter& json) {
  const std::string text = object.effective_json();
  const auto rules = object.effective_rules();
  json.member("effective") += rules ? std::string_view(text) : "null";
  json.text("effectiveDigest", rbac::request::EffectiveRules::digest_of(text));
  if (!rules) return;
  if (const auto sentences = rbac::request::implications(*rules)) {
    json.texts("implications", *sentences);
  }
}

void write_status(const RequestObject& object, std::string& out) {
  const AccessRequest& request = object.request;
  ObjectWriter json(out);
  json.time("accessExpires", request.access_expires);
  json.optional("assumeStartTime", request.assume_start);
  if (is_resolved(request)) write_conditions(request, json.member("conditions"));
  write_effective(object, json);
  json.time("pendingExpires", request.pending_expires);
  if (!request.reviews.empty()) write_all(request.reviews, write_review, json.member("reviews"));
  if (request.revoked) {
    json.optional("revokeReason", request.revoke_reason);
    json.text("revokedBy", request.revoked_by);
  }
  json.text("sessionTTL", duration_text(request.session_ttl));
  json.text("state", rbac::request::state_name(request.state));
  write_all(request.thresholds, write_threshold, json.member("thresholds"));
}

}  // namespace

void append_request(std::string& out, const RequestObject& object) {
  ObjectWriter json(out);
  json.text("apiVersion", kApiVersion);
  json.text("kind", "AccessRequest");
  json.member("metadata") += json_text(metadata_json(object.meta));
  write_spec(object.request, json.member("spec"));
  write_status(object, json.member("status"));
}

}  // namespace postern::proxy::access::api
