#include "proxy/session/self_review.h"

#include "kube/access_review.h"
#include "proxy/access/api/access_api.h"
#include "proxy/access/api/kinds.h"
#include "proxy/access/api/own_review.h"
#include "proxy/access/state/session_table.h"
#include "proxy/session/answer.h"
#include "proxy/session/route.h"
#include "proxy/session/whole_body.h"
#include "proxy/upstream/impersonation.h"
#include "rbac/self_review.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

namespace postern::proxy {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kAccessReviews = "selfsubjectaccessreviews";
constexpr std::string_view kRulesReviews = "selfsubjectrulesreviews";
constexpr const char* kExplanation = "access.postern.dev/explanation";
constexpr std::size_t kMaxRulesBytes = 8 * 1024 * 1024;
/// Of a question, which is a few names: everybody may ask, and what is read becomes a tree.
constexpr std::size_t kMaxReviewBytes = 64 * 1024;

struct ReviewBody {
  kube::BodyEncoding encoding;
  std::string text;
};

Task<Result<ReviewBody>> read_review(WorkerState& state, ClientConnection& client,
                                     ProxiedRequest& request) {
  const auto encoding = kube::body_encoding(request.head.fields.get("content-type").value_or(""));
  if (!encoding) {
    co_return fail(encoding.error());
  }
  if (!request.body) {
    auto body = co_await read_whole_body(state, client, request);
    if (!body) {
      co_return fail(std::move(body.error()));
    }
    request.body = std::move(*body);
  }
  if (request.body->size() > kMaxReviewBytes) {
    co_return fail(kube::Status::too_large("a review may have 64 KiB at most"));
  }
  co_return ReviewBody{*encoding, *request.body};
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

access::Caller caller_of(const ProxiedRequest& request) {
  return {request.user, request.session ? request.session->id : std::string()};
}

bool is_own_group(const WorkerState& state, const kube::AccessReviewSpec& spec) {
  return state.shared().access_api != nullptr && spec.resource &&
         spec.resource->group == access::api::kGroup;
}

/// postern is the only one who answers for its own group.
Task<Result<kube::AccessReviewAnswer>> ask_access_api(WorkerState& state, ProxiedRequest& request,
                                                      const kube::AccessReviewSpec& spec) {
  const auto& asked = *spec.resource;
  access::api::OwnQuestion question{asked.verb, asked.version, asked.resource, asked.subresource,
                                    asked.name};
  auto said = co_await state.shared().access_api->service.ask<access::api::OwnAnswer>(
      state.worker(), [caller = caller_of(request),
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

Task<Result<kube::AccessReviewAnswer>> review_answer(WorkerState& state, ProxiedRequest& request,
                                                     const kube::AccessReviewSpec& spec) {
  if (is_own_group(state, spec)) {
    co_return co_await ask_access_api(state, request, spec);
  }
  co_return co_await ask_both(request, spec);
}

Task<Result<void>> answer_access_review(WorkerState& state, ClientConnection& client,
                                        ProxiedRequest& request) {
  const auto body = co_await read_review(state, client, request);
  if (!body) {
    co_return fail(body.error());
  }
  const auto spec = kube::read_access_review(body->encoding, body->text);
  if (!spec) {
    co_return fail(spec.error());
  }
  const auto answer = co_await review_answer(state, request, *spec);
  if (!answer) {
    co_return fail(answer.error());
  }
  co_return co_await send_json(client, request, 201, kube::access_review_json(*spec, *answer));
}

std::vector<std::string> strings_of(const Json& object, const char* key) {
  std::vector<std::string> values;
  const auto found = object.find(key);
  if (found != object.end() && found->is_array()) {
    for (const Json& value : *found) {
      if (value.is_string()) values.push_back(value);
    }
  }
  return values;
}

/// Calls `add` for each object in an array that may be absent.
template <typename Add>
void for_each_rule(const Json& status, const char* key, Add add) {
  const auto found = status.find(key);
  if (found == status.end() || !found->is_array()) {
    return;
  }
  for (const Json& rule : *found) {
    if (rule.is_object()) add(rule);
  }
}

rbac::RulesAnswer parse_rules(const Json& status) {
  rbac::RulesAnswer answer;
  for_each_rule(status, "resourceRules", [&answer](const Json& rule) {
    answer.resource_rules.push_back({strings_of(rule, "verbs"), strings_of(rule, "apiGroups"),
                                     strings_of(rule, "resources"),
                                     strings_of(rule, "resourceNames")});
  });
  for_each_rule(status, "nonResourceRules", [&answer](const Json& rule) {
    answer.non_resource_rules.push_back(
        {strings_of(rule, "verbs"), strings_of(rule, "nonResourceURLs")});
  });
  const auto incomplete = status.find("incomplete");
  answer.incomplete =
      incomplete != status.end() && incomplete->is_boolean() && incomplete->get<bool>();
  return answer;
}

Json rules_json(const std::string& namespace_, const rbac::RulesAnswer& answer) {
  Json resource_rules = Json::array();
  for (const rbac::ResourceRule& rule : answer.resource_rules) {
    Json one = {
        {"verbs", rule.verbs}, {"apiGroups", rule.api_groups}, {"resources", rule.resources}};
    if (!rule.resource_names.empty()) {
      one["resourceNames"] = rule.resource_names;
    }
    resource_rules.push_back(std::move(one));
  }
  Json non_resource_rules = Json::array();
  for (const rbac::NonResourceRule& rule : answer.non_resource_rules) {
    non_resource_rules.push_back({{"verbs", rule.verbs}, {"nonResourceURLs", rule.paths}});
  }
  Json status = {{"resourceRules", std::move(resource_rules)},
                 {"nonResourceRules", std::move(non_resource_rules)},
                 {"incomplete", answer.incomplete}};
  if (answer.incomplete) {
    status["evaluationError"] =
        "rules of this form cannot say all that your roles and the cluster do: their denials, and "
        "patterns of names";
  }
  return {{"kind", "SelfSubjectRulesReview"},
          {"apiVersion", "authorization.k8s.io/v1"},
          {"metadata", Json::object()},
          {"spec", {{"namespace", namespace_}}},
          {"status", std::move(status)}};
}

/// The cluster's rules for the principals of the request.
Task<Result<rbac::RulesAnswer>> cluster_rules(ProxiedRequest& request,
                                              const std::string& namespace_) {
  auto fields = impersonation_fields(request.principals(), request.grant());
  if (!fields) {
    co_return fail(std::move(fields.error()));
  }
  fields->emplace(fields->begin(), "Content-Type", "application/json");
  fields->emplace(fields->begin(), "Accept", "application/json");
  const Json question = {{"kind", "SelfSubjectRulesReview"},
                         {"apiVersion", "authorization.k8s.io/v1"},
                         {"spec", {{"namespace", namespace_}}}};
  const auto response = co_await fetch(request.cluster->pool, "POST",
                                       "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
                                       std::move(*fields), question.dump(), kMaxRulesBytes);
  if (!response) {
    co_return fail(response.error());
  }
  const Json review = Json::parse(response->body, nullptr, false);
  if (response->status != 201 || !review.is_object() || !review.contains("status")) {
    co_return fail(kube::Status::bad_gateway("the API server did not answer the rules review"));
  }
  co_return parse_rules(review["status"]);
}

/// Those of postern's own group, which no cluster has a word in.
Task<std::vector<rbac::ResourceRule>> access_api_rules(WorkerState& state,
                                                       const ProxiedRequest& request) {
  if (state.shared().access_api == nullptr) co_return std::vector<rbac::ResourceRule>();
  co_return co_await state.shared().access_api->service.ask<std::vector<rbac::ResourceRule>>(
      state.worker(), [caller = caller_of(request)](access::AccessState& access_state) {
        return access::api::own_rules(access_state, caller);
      });
}

Task<Result<void>> answer_rules_review(WorkerState& state, ClientConnection& client,
                                       ProxiedRequest& request) {
  const auto body = co_await read_review(state, client, request);
  if (!body) {
    co_return fail(body.error());
  }
  const auto namespace_ = kube::read_rules_review(body->encoding, body->text);
  if (!namespace_) {
    co_return fail(namespace_.error());
  }
  const auto cluster = co_await cluster_rules(request, *namespace_);
  if (!cluster) {
    co_return fail(cluster.error());
  }
  const rbac::RulesAnswer postern =
      rbac::review_rules(*request.policy, *request.subject, request.cluster->identity, *namespace_,
                         std::chrono::system_clock::now());
  rbac::RulesAnswer both = rbac::intersect_rules(postern, *cluster);
  auto own = co_await access_api_rules(state, request);
  both.resource_rules.insert(both.resource_rules.end(), own.begin(), own.end());
  const Json answer = rules_json(*namespace_, both);
  co_return co_await send_json(client, request, 201,
                               answer.dump(-1, ' ', false, Json::error_handler_t::replace));
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
  const auto body = co_await read_review(state, client, request);
  if (!body) {
    co_return fail(body.error());
  }
  if (request.info.resource == kRulesReviews) {
    const auto namespace_ = kube::read_rules_review(body->encoding, body->text);
    if (!namespace_) {
      co_return fail(namespace_.error());
    }
    rbac::RulesAnswer own;
    own.resource_rules = co_await access_api_rules(state, request);
    const std::string text =
        rules_json(*namespace_, own).dump(-1, ' ', false, Json::error_handler_t::replace);
    co_return co_await send_json(client, request, 201, text);
  }
  const auto spec = kube::read_access_review(body->encoding, body->text);
  if (!spec) {
    co_return fail(spec.error());
  }
  if (!is_own_group(state, *spec)) {
    const kube::AccessReviewAnswer no{false, false, "no role of yours covers this cluster", {}};
    co_return co_await send_json(client, request, 201, kube::access_review_json(*spec, no));
  }
  const auto answer = co_await ask_access_api(state, request, *spec);
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
