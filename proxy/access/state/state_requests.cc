#include "kube/text.h"
#include "proxy/access/state/name_reach.h"
#include "proxy/access/state/random_names.h"
#include "proxy/access/state/state_impl.h"
#include "rbac/request/field_errors.h"
#include "rbac/request/review.h"

#include <algorithm>
#include <utility>
#include <variant>

// The life of access requests: rbac/request decides, this stores and tells.
namespace postern::proxy::access {

using rbac::request::FieldErrors;
using rbac::request::State;

namespace {

constexpr std::string_view kPlural = "accessrequests";
constexpr std::size_t kMaxPairs = 64;
constexpr std::size_t kMaxMetadataBytes = 16 * 1024;
constexpr std::size_t kMaxGenerateName = 50;

bool is_generate_name(std::string_view text) {
  const bool known =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
  return known && !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
         text.find("..") == std::string_view::npos && text.size() <= kMaxGenerateName;
}

void check_pairs(const char* field, const std::map<std::string, std::string>& pairs,
                 FieldErrors& errors) {
  if (pairs.size() > kMaxPairs) {
    errors.too_many(field, pairs.size(), kMaxPairs);
  }
  std::size_t bytes = 0;
  for (const auto& [key, value] : pairs) {
    bytes += key.size() + value.size();
    if (key.empty() || !kube::is_printable(key)) {
      errors.invalid(field, key, "must be printable");
    } else if (!kube::is_utf8(value)) {
      errors.invalid(std::string(field) + "." + key, value, "must be UTF-8");
    }
  }
  if (bytes > kMaxMetadataBytes) {
    errors.too_long(field, kMaxMetadataBytes);
  }
}

Result<void> check_document(const Caller& caller, const RequestDocument& document) {
  FieldErrors errors;
  if (!document.user.empty() && document.user != caller.user.name) {
    errors.invalid("spec.user", document.user, "must be your own name, or left out");
  }
  if (!document.generate_name.empty() && !is_generate_name(document.generate_name)) {
    errors.invalid("metadata.generateName", document.generate_name,
                   "must be at most 50 lower-case letters, digits, - and ., a letter first");
  }
  check_pairs("metadata.labels", document.labels, errors);
  check_pairs("metadata.annotations", document.annotations, errors);
  if (!errors.empty()) {
    return fail(errors.status(document.generate_name));
  }
  return {};
}

std::string_view decision_word(ReviewDocument::Decision decision) {
  switch (decision) {
    case ReviewDocument::Decision::kApprove:
      return "approve";
    case ReviewDocument::Decision::kDeny:
      return "deny";
    case ReviewDocument::Decision::kRevoke:
      break;
  }
  return "revoke";
}

ReviewDecision label_of(ReviewDocument::Decision decision) {
  switch (decision) {
    case ReviewDocument::Decision::kApprove:
      return ReviewDecision::kApprove;
    case ReviewDocument::Decision::kDeny:
      return ReviewDecision::kDeny;
    case ReviewDocument::Decision::kRevoke:
      break;
  }
  return ReviewDecision::kRevoke;
}

Result<void> check_review(const RequestObject& request, const ReviewDocument& review) {
  FieldErrors errors;
  if (review.decision != ReviewDocument::Decision::kRevoke) {
    if (review.uid.empty()) {
      errors.required("spec.uid", "names the request that you saw");
    }
    if (review.effective_digest.empty()) {
      errors.required("spec.effectiveDigest", "names the effective rules that you saw");
    }
  }
  if (review.assume_start && review.decision != ReviewDocument::Decision::kApprove) {
    errors.forbidden("spec.assumeStartTime", "goes with an approval only");
  }
  if (!errors.empty()) {
    return fail(errors.status(request.meta.name));
  }
  const bool other_digest =
      !review.effective_digest.empty() && review.effective_digest != request.effective_digest();
  if (auto same = check_preconditions(request.meta, {review.uid, {}}, kPlural); !same) {
    return same;
  }
  if (other_digest) {
    return fail(conflict(kPlural, request.meta.name,
                         "its effective rules are not those that you saw; look at it again"));
  }
  return {};
}

rbac::request::Event event_of(const RequestObject& request, rbac::request::Person person,
                              const ReviewDocument& review) {
  if (review.decision == ReviewDocument::Decision::kRevoke) {
    if (person.name == request.request.user && review.reason.empty()) {
      return rbac::request::DropEvent{person.name};
    }
    return rbac::request::RevokeEvent{std::move(person), review.reason};
  }
  rbac::request::ReviewEvent event;
  event.reviewer = std::move(person);
  event.vote = review.decision == ReviewDocument::Decision::kApprove ? rbac::request::Vote::kApprove
                                                                     : rbac::request::Vote::kDeny;
  event.reason = review.reason;
  event.uid = review.uid;
  event.effective_digest = review.effective_digest;
  event.assume_start = review.assume_start;
  return event;
}

}  // namespace

void AccessState::Impl::note_resolved(const RequestObject& before, RequestResolution result) {
  if (metrics != nullptr) {
    metrics->access_request_resolved(result, now() - before.meta.created);
  }
}

Result<RequestPtr> AccessState::Impl::find_request(const Caller& caller,
                                                   std::string_view name) const {
  const auto found = requests.find(name);
  if (found == requests.end() || !reaches(caller.user, clusters, found->second->request) ||
      !rbac::request::may_see(found->second->request, person(caller.user))) {
    return fail(not_found(kPlural, name));
  }
  return found->second;
}

Result<RequestPtr> AccessState::Impl::create_request(const Caller& caller,
                                                     const RequestDocument& document,
                                                     bool dry_run) {
  if (auto unlocked = require_unlocked(caller, "create", kPlural, ""); !unlocked) {
    return fail(std::move(unlocked.error()));
  }
  if (auto checked = check_document(caller, document); !checked) {
    return fail(std::move(checked.error()));
  }
  const auto open = open_requests.find(caller.user.name);
  if (open != open_requests.end() && open->second >= options.max_requests_per_user) {
    return fail(kube::Status::too_many_requests(
        "you have " + std::to_string(open->second) + " open access requests; drop some first", 60));
  }
  std::string name = document.generate_name;
  if (!dry_run) {
    name += random_name();
  }
  const auto session = sessions.find(caller.session);
  const rbac::request::Person requester = person(caller.user);
  const auto checked_against = directory.load();
  rbac::request::CreateContext context{.requester = requester,
                                       .directory = *checked_against,
                                       .limits = options.limits,
                                       .now = now(),
                                       .session_ends = {},
                                       .name = name,
                                       .uid = random_uid(),
                                       .dry_run = dry_run};
  if (session != sessions.end()) {
    context.session_ends = session->second->expires;
  }
  auto request = rbac::request::create(document.spec, context);
  if (!request) {
    return fail(std::move(request.error()));
  }
  if (!reaches(caller.user, clusters, *request)) {
    return fail(refused(caller.user.name, "create", kPlural, "",
                        reach_sentence(caller.user) + ": ask for resources of that cluster"));
  }
  RequestObject object;
  object.request = std::move(*request);
  object.meta = {.name = name,
                 .uid = context.uid,
                 .version = 0,
                 .created = object.request.created,
                 .labels = document.labels,
                 .annotations = document.annotations,
                 .generate_name = document.generate_name};
  if (dry_run) {
    return std::make_shared<const RequestObject>(std::move(object));
  }
  auto text = encode(object);
  if (!text) {
    return fail(std::move(text.error()));
  }
  auto done = commit({Write::create(std::string(kRequestKind), name, std::move(*text))});
  if (!done) {
    return fail(std::move(done.error()));
  }
  if (metrics != nullptr) {
    metrics->access_request_created();
  }
  audit(caller, "accessrequest.create", name, "reason", document.spec.reason);
  return just_written(requests, kPlural, name);
}

Result<RequestPtr> AccessState::Impl::review_request(const Caller& caller, std::string_view name,
                                                     const ReviewDocument& review, bool dry_run) {
  if (auto unlocked = require_unlocked(caller, "create", kPlural, name); !unlocked) {
    return fail(std::move(unlocked.error()));
  }
  const auto held = find_request(caller, name);
  if (!held) {
    return fail(held.error());
  }
  const RequestPtr before = *held;
  if (auto checked = check_review(*before, review); !checked) {
    return fail(std::move(checked.error()));
  }
  auto next = rbac::request::apply(before->request, event_of(*before, person(caller.user), review),
                                   now(), options.limits);
  if (!next) {
    return fail(std::move(next.error()));
  }
  RequestObject object{before->meta, std::move(*next)};
  if (dry_run) {
    return std::make_shared<const RequestObject>(std::move(object));
  }
  auto text = encode(object);
  if (!text) {
    return fail(std::move(text.error()));
  }
  auto done = commit({Write::update(std::string(kRequestKind), before->meta.name, std::move(*text),
                                    before->meta.version)});
  if (!done) {
    return fail(std::move(done.error()));
  }
  const std::string_view word = decision_word(review.decision);
  audit(caller, word == "revoke" ? "accessrequest.revoke" : "accessrequest.review", name,
        "decision", word);
  const auto written = just_written(requests, kPlural, before->meta.name);
  if (!written) {
    return written;
  }
  const RequestPtr after = *written;
  if (metrics != nullptr) {
    metrics->access_request_reviewed(label_of(review.decision));
  }
  if (before->request.state == State::kPending && after->request.state != State::kPending) {
    audit(caller,
          after->request.state == State::kApproved ? "accessrequest.approve" : "accessrequest.deny",
          name, "for", after->request.user);
    note_resolved(*before, after->request.state == State::kApproved ? RequestResolution::kApproved
                                                                    : RequestResolution::kDenied);
  }
  return after;
}

Result<RequestPtr> AccessState::Impl::delete_request(const Caller& caller, std::string_view name,
                                                     const Preconditions& preconditions,
                                                     bool dry_run) {
  if (auto unlocked = require_unlocked(caller, "delete", kPlural, name); !unlocked) {
    return fail(std::move(unlocked.error()));
  }
  const auto held = find_request(caller, name);
  if (!held) {
    return fail(held.error());
  }
  const RequestPtr before = *held;
  if (before->request.user != caller.user.name) {
    if (auto may = require(caller, "access_request", "delete", kPlural, name); !may) {
      return fail(std::move(may.error()));
    }
  }
  if (auto same = check_preconditions(before->meta, preconditions, kPlural); !same) {
    return fail(std::move(same.error()));
  }
  if (dry_run) {
    return before;
  }
  auto done =
      commit({Write::remove(std::string(kRequestKind), before->meta.name, before->meta.version)});
  if (!done) {
    return fail(std::move(done.error()));
  }
  audit(caller, "accessrequest.delete", name, "state",
        rbac::request::state_name(before->request.state));
  if (before->request.state == State::kPending) {
    note_resolved(*before, RequestResolution::kDeleted);
  }
  return before;
}

Result<RequestPtr> AccessState::create_request(const Caller& caller,
                                               const RequestDocument& document, bool dry_run) {
  return impl_->create_request(caller, document, dry_run);
}
Result<RequestPtr> AccessState::review_request(const Caller& caller, std::string_view name,
                                               const ReviewDocument& review, bool dry_run) {
  return impl_->review_request(caller, name, review, dry_run);
}
Result<RequestPtr> AccessState::delete_request(const Caller& caller, std::string_view name,
                                               const Preconditions& preconditions, bool dry_run) {
  return impl_->delete_request(caller, name, preconditions, dry_run);
}

}  // namespace postern::proxy::access
