#include "rbac/request/create.h"

#include "kube/text.h"
#include "rbac/request/check_ids.h"
#include "rbac/request/choose_roles.h"
#include "rbac/request/field_errors.h"
#include "rbac/request/freeze_terms.h"
#include "rbac/request/role_match.h"

#include <algorithm>
#include <set>
#include <utility>

namespace postern::rbac::request {
namespace {

using Roles = std::vector<const Role*>;

constexpr std::size_t kMaxNameBytes = 253;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(' ') == std::string_view::npos;
}

/// Names that people typed: not empty, not longer than a name may be, printable.
void check_names(const std::vector<std::string>& names, const char* field, std::size_t most,
                 FieldErrors& errors) {
  if (names.size() > most) {
    errors.too_many(field, names.size(), most);
    return;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (is_blank(names[i])) {
      errors.required(indexed(field, i), "a name is missing");
    } else if (names[i].size() > kMaxNameBytes) {
      errors.too_long(indexed(field, i), kMaxNameBytes);
    } else if (!kube::is_printable(names[i])) {
      errors.invalid(indexed(field, i), names[i], "has control characters or is not UTF-8");
    }
  }
}

void check_reason(const std::string& reason, const Limits& limits, FieldErrors& errors) {
  if (reason.size() > limits.reason_bytes) {
    errors.too_long("spec.reason", limits.reason_bytes);
  } else if (!kube::is_printable(reason)) {
    errors.invalid("spec.reason", reason, "has control characters or is not UTF-8");
  }
}

std::vector<std::string> names_of(const Roles& roles) {
  std::vector<std::string> names;
  for (const Role* role : roles) {
    names.push_back(role->name);
  }
  return names;
}

/// The making of one request, step by step; the first step with errors ends it.
class Creation {
 public:
  Creation(const NewRequest& asked, const CreateContext& context)
      : asked_(asked), context_(context) {
    request_.name = context.name;
    request_.uid = context.uid;
    request_.user = context.requester.name;
    // In whole seconds, as the API shows times: access ends at the very time that people read.
    request_.created = std::chrono::floor<std::chrono::seconds>(context.now);
  }

  Result<AccessRequest> run() {
    Result<void> done = check_requester();
    for (const auto step : {&Creation::check_text, &Creation::choose, &Creation::check_reached,
                            &Creation::demand_reason, &Creation::set_times, &Creation::set_terms,
                            &Creation::set_effective}) {
      done = done ? (this->*step)() : std::move(done);
    }
    return done ? Result<AccessRequest>(std::move(request_)) : fail(std::move(done.error()));
  }

 private:
  Result<void> check_requester() {
    const std::string& name = context_.requester.name;
    if (name.empty() || !kube::is_printable(name)) {
      return fail(refused(name, "create", "", "", "a user of that name cannot request access"));
    }
    if (context_.session_ends && *context_.session_ends <= context_.now) {
      return fail(refused(name, "create", "", "", "your session has ended"));
    }
    return {};
  }

  Result<void> check_text() {
    FieldErrors errors;
    check_reason(asked_.reason, context_.limits, errors);
    check_names(asked_.roles, "spec.roles", context_.limits.roles, errors);
    check_names(asked_.suggested_reviewers, "spec.suggestedReviewers", context_.limits.reviewers,
                errors);
    request_.spec.resource_ids = check_ids(asked_.resource_ids, context_.requester,
                                           context_.directory, context_.limits, errors);
    if (asked_.resource_ids.empty() && asked_.roles.empty()) {
      errors.required("spec.resources", "a request names resources, roles or both");
    }
    return done_unless(errors);
  }

  Result<void> choose() {
    const auto& ids = request_.spec.resource_ids;
    auto roles = ids.empty() ? choose_roles(context_.requester, context_.directory, asked_.roles)
                             : choose_search_roles(context_.requester, context_.directory,
                                                   asked_.roles, ids);
    if (!roles) {
      return fail(std::move(roles.error()));
    }
    roles_ = std::move(*roles);
    request_.spec.roles = names_of(roles_);
    return {};
  }

  /// Kinds of a cluster that nobody has seen yet were not checked.
  Result<void> check_reached() {
    for (const ResourceId& id : request_.spec.resource_ids) {
      const KnownCluster* cluster = context_.directory.kube_cluster(id.kube_cluster());
      if (cluster == nullptr || cluster->catalog == nullptr) {
        return fail(kube::Status::unavailable("the kube cluster " +
                                              kube::quoted(id.kube_cluster()) +
                                              " has not been reached yet; try again"));
      }
    }
    return {};
  }

  Result<void> demand_reason() {
    const ReasonDemand demand = reason_demand(context_.requester, request_.spec.roles);
    if (demand.required && is_blank(asked_.reason)) {
      std::string why = "your roles want a reason";
      for (const std::string& prompt : demand.prompts) {
        why += ": " + prompt;
      }
      FieldErrors errors;
      errors.required("spec.reason", why);
      return fail(errors.status(context_.name));
    }
    request_.spec.reason = asked_.reason;
    return {};
  }

  Result<void> set_times() {
    const TimeCaps caps =
        time_caps(context_.requester, roles_, context_.limits, context_.now, context_.session_ends);
    FieldErrors errors;
    const GrantedTimes times = grant_times(asked_.times, caps, context_.limits, request_.created,
                                           context_.dry_run, errors);
    request_.spec.max_duration = asked_.times.max_duration;
    request_.spec.request_ttl = asked_.times.request_ttl;
    request_.spec.session_ttl = asked_.times.session_ttl;
    request_.spec.assume_start = asked_.times.assume_start;
    request_.access_expires = times.access_expires;
    request_.pending_expires = times.pending_expires;
    request_.session_ttl = times.session_ttl;
    request_.assume_start = times.assume_start;
    return done_unless(errors);
  }

  Result<void> set_terms() {
    std::set<std::string> reviewers(asked_.suggested_reviewers.begin(),
                                    asked_.suggested_reviewers.end());
    request_.spec.suggested_reviewers = reviewers.empty()
                                            ? default_reviewers(context_.requester)
                                            : std::vector(reviewers.begin(), reviewers.end());
    request_.system_annotations = collect_annotations(context_.requester, request_.spec.roles);
    return freeze_thresholds(request_, context_.requester, context_.limits);
  }

  Result<void> set_effective() {
    auto effective = effective_rules(context_.requester.name, context_.requester.traits, roles_,
                                     request_.spec.resource_ids, context_.directory);
    if (!effective) {
      return fail(std::move(effective.error()));
    }
    request_.effective = std::move(*effective);
    FieldErrors errors;
    if (request_.effective.to_json().size() > context_.limits.effective_bytes) {
      errors.forbidden("spec.roles",
                       "the rules of these roles together are too large to be frozen");
    }
    return done_unless(errors);
  }

  Result<void> done_unless(const FieldErrors& errors) const {
    return errors.empty() ? Result<void>() : fail(errors.status(context_.name));
  }

  const NewRequest& asked_;
  const CreateContext& context_;
  AccessRequest request_;
  Roles roles_;
};

}  // namespace

Result<AccessRequest> create(const NewRequest& asked, const CreateContext& context) {
  return Creation(asked, context).run();
}

ReasonDemand reason_demand(const Person& requester, const std::vector<std::string>& roles) {
  ReasonDemand demand;
  const auto prompt = [&](const std::string& text) {
    if (!text.empty() &&
        std::find(demand.prompts.begin(), demand.prompts.end(), text) == demand.prompts.end()) {
      demand.prompts.push_back(text);
    }
  };
  for (const auto& own : requester.roles) {
    if (own->options.request_access == RequestAccess::kReason) {
      demand.required = true;
    }
    prompt(own->options.request_prompt);
    const bool listed = std::any_of(roles.begin(), roles.end(), [&](const std::string& role) {
      return lists(*own, requester.traits, role);
    });
    if (listed) {
      demand.required |= own->allow.request.reason_required;
      prompt(own->allow.request.reason_prompt);
    }
  }
  return demand;
}

Result<void> could_still_file(const AccessRequest& request, const Person& requester,
                              const Directory& directory) {
  const auto& ids = request.spec.resource_ids;
  const auto usable = search_roles(requester, directory);
  if (request.spec.roles.empty()) {
    return fail(kube::Status::internal("a stored request has no roles"));
  }
  for (const std::string& role : request.spec.roles) {
    const bool searchable = std::binary_search(usable.begin(), usable.end(), role) &&
                            std::all_of(ids.begin(), ids.end(), [&](const ResourceId& id) {
                              return kind_requestable(requester, role, id);
                            });
    const bool requestable = directory.role(role) != nullptr && may_request(requester, role);
    if (requester.name != request.user || !(ids.empty() ? requestable : searchable)) {
      return fail(refused(requester.name, "create", "", "",
                          "today's roles no longer let " + kube::quoted(request.user) +
                              " request the role " + kube::quoted(role)));
    }
  }
  return {};
}

}  // namespace postern::rbac::request
