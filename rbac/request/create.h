#pragma once

#include "kube/result.h"
#include "rbac/request/access_request.h"
#include "rbac/request/directory.h"
#include "rbac/request/durations.h"

#include <optional>
#include <string>
#include <vector>

namespace postern::rbac::request {

/// A request as it was typed: `spec` of an AccessRequest document. Field paths of errors:
/// `spec.resources[i]`, `spec.roles[i]`, `spec.reason`, `spec.suggestedReviewers[i]`,
/// `spec.maxDuration`, `spec.requestTTL`, `spec.sessionTTL`, `spec.assumeStartTime`.
struct NewRequest {
  std::vector<std::string> resource_ids;
  /// With resource IDs: search roles; none means those that reach them. Without: roles to be
  /// requested as a whole, or `*` alone for all that may be requested and are not held.
  std::vector<std::string> roles;
  std::string reason;
  std::vector<std::string> suggested_reviewers;  ///< none: those of the roles
  AskedTimes times;
};

/// Who files it, when, and what it is checked against. References live as long as the call.
struct CreateContext {
  const Person& requester;
  const Directory& directory;
  const Limits& limits;
  TimePoint now;
  /// When the requester's own session ends; nullopt for credentials without an end.
  std::optional<TimePoint> session_ends;
  std::string name;  ///< made by the server, never used before
  std::string uid;
  bool dry_run = false;
};

/// Checks and completes a new request; the result is PENDING, with its roles chosen, its times,
/// thresholds, annotations and effective rules frozen. Nothing is stored; a dry run differs in one
/// point only, the duration that it assumes (grant_times).
///
/// Errors: 422 for what is written wrongly, every field at once, each a `details.causes` entry; 403
/// for what the requester may not ask for, or has to give a reason for; 503 when a cluster that it
/// is about has not been reached. Roles, kube clusters and kinds that the requester may not know of
/// are told from those that do not exist by nothing. An error never leaves a part of a request.
///
/// Source: design §4, docs/access-requests.md. Roles of a request for resources: explicit ones have
/// to be search roles; otherwise those search roles that may request every kind of the IDs and
/// reach at least one of them. An ID that none of them reaches refuses the request.
Result<AccessRequest> create(const NewRequest& asked, const CreateContext& context);

/// Whether a reason must be given for these roles, and what people are to be asked for it.
struct ReasonDemand {
  bool required = false;
  std::vector<std::string> prompts;  ///< as the roles have them; each once
};
ReasonDemand reason_demand(const Person& requester, const std::vector<std::string>& roles);

/// Whether the requester's roles of today still let them file this request: every role exists and
/// may be requested, with every kind. What a grant rests on (design §2 "Roles"). 403 with a
/// sentence.
Result<void> could_still_file(const AccessRequest& request, const Person& requester,
                              const Directory& directory);

}  // namespace postern::rbac::request
