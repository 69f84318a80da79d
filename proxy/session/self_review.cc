#include "proxy/session/self_review.h"

#include "kube/access_review.h"
#include "proxy/access/api/access_api.h"
#include "proxy/access/api/kinds.h"
#include "proxy/access/api/own_review.h"
#include "proxy/session/access_caller.h"
#include "proxy/session/answer.h"
#include "proxy/session/route.h"
#include "proxy/session/rules_review.h"
#include "proxy/session/whole_body.h"
#include "rbac/self_review.h"

#include <chrono>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::string_view kAccessReviews = "selfsubjectaccessreviews";
constexpr std::string_view kRulesReviews = "selfsubjectrulesreviews";
constexpr const char* kExplanation = "access.postern.dev/explanation";

Task<Result<kube::AccessReviewSpec>> read_question(WorkerState& state, ClientConnection& client,
                                                   ProxiedRequest& request) {
  const auto encoding = co_await take_object_body(state, client, request, kMaxReviewBytes);
  if (!encoding) {
    co_return fail(encoding.error());
  }
  co_return kube::read_access_review(*encoding, *request.body);
}

rbac::AccessQuestion question_to_postern(const kube::AccessReviewSpec& spec) {
  rbac::AccessQuestion question;
  if (spec.non_resource) {
    question.verb = spec.non_resource->verb;
    question.path = spec.non_resource->path;
    return question;
  }
  const kube::AccessReviewSpec::Resource& asked = *spec.resource;
  return {.verb = asked.verb,
          .group = asked.group,
          .resource = asked.resource,
          .subresource = asked.subresource,
          .namespace_ = asked.namespace_,
          .name = asked.name,
          .path = {}};
}

AccessQuestion question_to_cluster(const kube::AccessReviewSpec::Resource& asked) {
  return {.verb = asked.verb,
          .group = asked.group,
          .version = asked.version,
          .resource = asked.resource,
          .subresource = asked.subresource,
          .namespace_ = asked.namespace_,
          .name = asked.name};
}

/// The cluster's half: any of the principals that postern would use suffices.
Task<Result<bool>> ask_cluster(ProxiedRequest& request, const kube::AccessReviewSpec& spec,
                               std::vector<rbac::Principals> principals) {
  if (spec.non_resource) {
    co_return true;  // the paths that postern lets through are open to system:authenticated
  }
  for (rbac::Principals& one : principals) {
    const auto allowed = co_await request.cluster->access_check.allowed(
        request.cluster->pool, std::move(one), request.decision.grant,
        question_to_cluster(*spec.resource));
    if (!allowed) {
      co_return fail(allowed.error());
    }
    if (*allowed) {
      co_return true;
    }
  }
  co_return false;
}

bool is_own_group(const WorkerState& state, const kube::AccessReviewSpec& spec) {
  return state.shared().access_api != nullptr && spec.resource &&
         spec.resource->group == access::api::kGroup;
}

/// postern is the only one who answers for its own group.
Task<Result<kube::AccessReviewAnswer>> ask_access_api(WorkerState& state, ClientConnection& client,
                                                      ProxiedRequest& request,
                                                      const kube::AccessReviewSpec& spec) {
  const auto& asked = *spec.resource;
  access::api::OwnQuestion question{asked.verb, asked.version, asked.resource, asked.subresource,
                                    asked.name};
  auto said = co_await state.shared().access_api->service.ask<access::api::OwnAnswer>(
      state.worker(), [caller = caller_of(client, request),
                       question = std::move(question)](access::AccessState& access_state) {
        return access::api::review_own(access_state, caller, question);
      });
  kube::AccessReviewAnswer answer;
  answer.allowed = said.allowed;
  answer.annotations = {{kExplanation, said.reason}};
  answer.reason = std::move(said.reason);
  co_return answer;
}

Task<Result<kube::AccessReviewAnswer>> ask_both(ProxiedRequest& request,
                                                const kube::AccessReviewSpec& spec) {
  const kube::ApiResource* resource =
      spec.resource ? request.catalog->find(spec.resource->group, spec.resource->resource)
                    : nullptr;
  rbac::AccessAnswer postern = rbac::review_access(
      *request.policy, *request.subject, request.cluster->identity, question_to_postern(spec),
      resource, request.choice, std::chrono::system_clock::now());
  kube::AccessReviewAnswer answer;
  answer.reason = postern.reason;
  answer.annotations = {{kExplanation, postern.explanation}};
  if (!postern.allowed) co_return answer;
  const auto cluster = co_await ask_cluster(request, spec, std::move(postern.principals));
  if (!cluster) {
    co_return fail(cluster.error());
  }
  answer.allowed = *cluster;
  if (!*cluster) {
    answer.reason =
        "the cluster's own authorization does not allow it to the principals of your roles";
  }
  co_return answer;
}

Task<Result<kube::AccessReviewAnswer>> review_answer(WorkerState& state, ClientConnection& client,
                                                     ProxiedRequest& request,
                                                     const kube::AccessReviewSpec& spec) {
  if (is_own_group(state, spec)) {
    co_return co_await ask_access_api(state, client, request, spec);
  }
  co_return co_await ask_both(request, spec);
}

Task<Result<void>> answer_access_review(WorkerState& state, ClientConnection& client,
                                        ProxiedRequest& request) {
  const auto spec = co_await read_question(state, client, request);
  if (!spec) {
    co_return fail(spec.error());
  }
  const auto answer = co_await review_answer(state, client, request, *spec);
  if (!answer) {
    co_return fail(answer.error());
  }
  co_return co_await send_json(client, request, 201, kube::access_review_json(*spec, *answer));
}

}  // namespace

bool is_self_review(const ProxiedRequest& request) {
  return request.info.verb == "create" && request.info.api_group == "authorization.k8s.io" &&
         (request.info.resource == kAccessReviews || request.info.resource == kRulesReviews);
}

bool is_self_review_alone(const WorkerState& state, const ProxiedRequest& request,
                          const kube::Status& error) {
  return error.code == 404 && state.shared().access_api != nullptr && is_self_review(request) &&
         request.info.api_version == "v1" && request.info.subresource.empty() &&
         !request.head.upgrade && !route_of(request.head.target, "").named;
}

Task<Result<void>> answer_self_review_alone(WorkerState& state, ClientConnection& client,
                                            ProxiedRequest& request) {
  if (request.info.resource == kRulesReviews) {
    co_return co_await answer_own_rules_review(state, client, request);
  }
  const auto spec = co_await read_question(state, client, request);
  if (!spec) {
    co_return fail(spec.error());
  }
  if (!is_own_group(state, *spec)) {
    const kube::AccessReviewAnswer no{false, false, "no role of yours covers this cluster", {}};
    co_return co_await send_json(client, request, 201, kube::access_review_json(*spec, no));
  }
  const auto answer = co_await ask_access_api(state, client, request, *spec);
  if (!answer) {
    co_return fail(answer.error());
  }
  co_return co_await send_json(client, request, 201, kube::access_review_json(*spec, *answer));
}

Task<Result<void>> answer_self_review(WorkerState& state, ClientConnection& client,
                                      ProxiedRequest& request) {
  request.shares = {0};
  if (request.info.resource == kRulesReviews) {
    co_return co_await answer_rules_review(state, client, request);
  }
  co_return co_await answer_access_review(state, client, request);
}

}  // namespace postern::proxy
