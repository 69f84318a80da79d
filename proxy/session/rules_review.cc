#include "proxy/session/rules_review.h"

#include "kube/access_review.h"
#include "proxy/access/api/access_api.h"
#include "proxy/access/api/own_review.h"
#include "proxy/session/access_caller.h"
#include "proxy/session/answer.h"
#include "proxy/session/self_review.h"
#include "proxy/session/whole_body.h"
#include "proxy/upstream/impersonation.h"
#include "rbac/self_review.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

namespace postern::proxy {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxRulesBytes = 8 * 1024 * 1024;

Task<Result<std::string>> read_namespace(WorkerState& state, ClientConnection& client,
                                         ProxiedRequest& request) {
  const auto encoding = co_await take_object_body(state, client, request, kMaxReviewBytes);
  if (!encoding) {
    co_return fail(encoding.error());
  }
  co_return kube::read_rules_review(*encoding, *request.body);
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

std::string rules_json(const std::string& namespace_, const rbac::RulesAnswer& answer) {
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
  const Json review = {{"kind", "SelfSubjectRulesReview"},
                       {"apiVersion", "authorization.k8s.io/v1"},
                       {"metadata", Json::object()},
                       {"spec", {{"namespace", namespace_}}},
                       {"status", std::move(status)}};
  return review.dump(-1, ' ', false, Json::error_handler_t::replace);
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
Task<std::vector<rbac::ResourceRule>> own_rules(WorkerState& state, const ClientConnection& client,
                                                const ProxiedRequest& request) {
  if (state.shared().access_api == nullptr) co_return std::vector<rbac::ResourceRule>();
  co_return co_await state.shared().access_api->service.ask<std::vector<rbac::ResourceRule>>(
      state.worker(), [caller = caller_of(client, request)](access::AccessState& access_state) {
        return access::api::own_rules(access_state, caller);
      });
}

}  // namespace

Task<Result<void>> answer_rules_review(WorkerState& state, ClientConnection& client,
                                       ProxiedRequest& request) {
  const auto namespace_ = co_await read_namespace(state, client, request);
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
  auto own = co_await own_rules(state, client, request);
  both.resource_rules.insert(both.resource_rules.end(), own.begin(), own.end());
  const std::string answer = rules_json(*namespace_, both);
  co_return co_await send_json(client, request, 201, answer);
}

Task<Result<void>> answer_own_rules_review(WorkerState& state, ClientConnection& client,
                                           ProxiedRequest& request) {
  const auto namespace_ = co_await read_namespace(state, client, request);
  if (!namespace_) {
    co_return fail(namespace_.error());
  }
  rbac::RulesAnswer own;
  own.resource_rules = co_await own_rules(state, client, request);
  const std::string answer = rules_json(*namespace_, own);
  co_return co_await send_json(client, request, 201, answer);
}

}  // namespace postern::proxy
