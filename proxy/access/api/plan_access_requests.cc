#include "proxy/access/api/api_errors.h"
#include "proxy/access/api/fields.h"
#include "proxy/access/api/plan_parts.h"
#include "proxy/access/api/reading.h"
#include "rbac/request/review.h"

#include <utility>

namespace postern::proxy::access::api {
namespace {

using Causes = std::vector<kube::StatusCause>;

rbac::request::AskedTimes asked_times(const Fields& spec) {
  return {.max_duration = spec.duration("maxDuration"),
          .request_ttl = spec.duration("requestTTL"),
          .session_ttl = spec.duration("sessionTTL"),
          .assume_start = spec.time("assumeStartTime")};
}

Result<RequestDocument> read_request(const Json& document) {
  Causes causes;
  const Fields metadata(document, "metadata", causes);
  const Fields spec(document, "spec", causes);
  RequestDocument request;
  request.spec = {.resource_ids = spec.texts("resources"),
                  .roles = spec.texts("roles"),
                  .reason = spec.text("reason"),
                  .suggested_reviewers = spec.texts("suggestedReviewers"),
                  .times = asked_times(spec)};
  request.user = spec.text("user");
  request.generate_name = metadata.text("generateName");
  request.labels = metadata.map("labels");
  request.annotations = metadata.map("annotations");
  check_metadata(document, causes);
  const std::string name = metadata.text("name");
  if (!name.empty()) {
    causes.push_back(forbidden_value("metadata.name",
                                     "postern makes the name; a beginning of it may be given as "
                                     "metadata.generateName"));
  }
  if (!causes.empty()) return fail(invalid("AccessRequest", name, std::move(causes)));
  return request;
}

Result<Call> plan_create(Planning& planning) {
  const auto body = planning.body("AccessRequest", planning.kind.schema);
  if (!body) return fail(body.error());
  auto request = read_request(*body);
  if (!request) return fail(std::move(request.error()));
  return state_call(201, [caller = planning.request.caller, request = std::move(*request),
                          dry_run = planning.options.dry_run](AccessState& state) {
    return state.create_request(caller, request, dry_run);
  });
}

ReviewDocument::Decision decision_of(const std::string& word) {
  if (word == "Approve") return ReviewDocument::Decision::kApprove;
  return word == "Revoke" ? ReviewDocument::Decision::kRevoke : ReviewDocument::Decision::kDeny;
}

Result<Call> plan_review(Planning& planning, const SubresourceInfo& reviews) {
  const auto body = planning.body(reviews.kind, reviews.schema);
  if (!body) return fail(body.error());
  Causes causes;
  const Fields spec(*body, "spec", causes);
  ReviewDocument review;
  review.decision = decision_of(spec.text("decision"));
  review.reason = spec.text("reason");
  review.uid = spec.text("uid");
  review.effective_digest = spec.text("effectiveDigest");
  review.assume_start = spec.time("assumeStartTime");
  if (!causes.empty()) return fail(invalid(reviews.kind, planning.name(), std::move(causes)));
  return state_call(201, [caller = planning.request.caller, name = planning.name(), review,
                          dry_run = planning.options.dry_run](AccessState& state) {
    return state.review_request(caller, name, review, dry_run);
  });
}

/// Why something is refused, without kube-apiserver's words about who cannot do what.
std::string reason_of(const kube::Status& refusal) {
  constexpr std::string_view kScope = "at the cluster scope: ";
  const std::size_t scope = refusal.message.find(kScope);
  return scope == std::string::npos ? refusal.message
                                    : refusal.message.substr(scope + kScope.size());
}

/// Whether the caller may review it now, and what stands against it.
Result<Json> reviewability(const AccessState& state, const Caller& caller,
                           const std::string& name) {
  const auto request = request_to_preview(state, caller, name);
  if (!request) return fail(request.error());
  const auto may = rbac::request::may_review((*request)->request, Viewer(state, caller).person());
  Json answer = document_head("AccessReviewability", metadata_json((*request)->meta));
  answer["status"]["mayReview"] = may.has_value();
  if (!may) answer["status"]["why"] = reason_of(may.error());
  return answer;
}

Result<Call> plan_delete(Planning& planning) {
  auto wish = read_delete(planning.request);
  if (!wish) return fail(std::move(wish.error()));
  return state_call(200,
                    [caller = planning.request.caller, name = planning.name(),
                     wish = std::move(*wish)](AccessState& state) -> Result<Json> {
                      const auto gone =
                          state.delete_request(caller, name, wish.preconditions, wish.dry_run);
                      if (!gone) return fail(gone.error());
                      return deleted_status(access_requests(), (*gone)->meta);
                    });
}

}  // namespace

Result<RequestPtr> request_to_preview(const AccessState& state, const Caller& caller,
                                      std::string_view name) {
  const auto found = state.requests().find(name);
  if (found == state.requests().end() || !Viewer(state, caller).sees(*found->second)) {
    return fail(no_such_object(access_requests(), name));
  }
  return found->second;
}

Result<Call> plan_access_requests(Planning& planning) {
  const kube::RequestInfo& info = planning.request.info;
  const SubresourceInfo* subresource = planning.kind.subresource(info.subresource);
  if (info.subresource == "reviews") return plan_review(planning, *subresource);
  if (info.subresource == "preview") return PreviewCall{info.name};
  if (info.subresource == "review") {
    return state_call(200, [caller = planning.request.caller, name = info.name](
                               AccessState& state) { return reviewability(state, caller, name); });
  }
  return info.verb == "create" ? plan_create(planning) : plan_delete(planning);
}

}  // namespace postern::proxy::access::api
