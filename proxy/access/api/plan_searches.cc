#include "proxy/access/api/api_errors.h"
#include "proxy/access/api/fields.h"
#include "proxy/access/api/plan_parts.h"

#include <utility>

namespace postern::proxy::access::api {
namespace {

/// Each word is looked for in each object.
constexpr std::size_t kMaxWords = 32;

Json resource_json(const FoundResource& found) {
  Json json = {{"id", found.id}, {"name", found.name}};
  if (!found.namespace_.empty()) json["namespace"] = found.namespace_;
  if (!found.labels.empty()) json["labels"] = found.labels;
  return json;
}

Json resources_json(const std::vector<FoundResource>& found) {
  Json json = Json::array();
  for (const FoundResource& one : found) json.push_back(resource_json(one));
  return json;
}

}  // namespace

Json search_document(const ResourceAnswer& answer) {
  Json json = document_head("ResourceSearch", Json::object());
  json["status"]["resources"] = resources_json(answer.resources);
  json["status"]["patterns"] = Json::array();
  for (const FoundPattern& pattern : answer.patterns) {
    json["status"]["patterns"].push_back({{"id", pattern.id}, {"workload", pattern.workload}});
  }
  if (!answer.continue_token.empty()) json["status"]["continue"] = answer.continue_token;
  return json;
}

Json preview_document(const RequestObject& request, const PreviewAnswer& answer) {
  Json json = document_head("ResourcePreview", metadata_json(request.meta));
  json["status"]["resources"] = resources_json(answer.resources);
  if (answer.truncated) json["status"]["truncated"] = true;
  if (!answer.errors.empty()) json["status"]["errors"] = answer.errors;
  return json;
}

Result<Call> plan_resource_searches(Planning& planning) {
  const auto body = planning.body(planning.kind.kind, planning.kind.schema);
  if (!body) return fail(body.error());
  std::vector<kube::StatusCause> causes;
  const Fields spec(*body, "spec", causes);
  ResourceQuestion question;
  question.kind = spec.text("kind");
  question.kube_cluster = spec.text("kubeCluster");
  question.namespace_ = spec.text("namespace");
  question.all_namespaces = spec.flag("allNamespaces");
  question.search = spec.texts("search");
  question.labels = spec.map("labels");
  for (const auto& [field, found] : {std::pair("spec.search", question.search.size()),
                                     std::pair("spec.labels", question.labels.size())}) {
    if (found > kMaxWords) causes.push_back(too_many(field, found, kMaxWords));
  }
  question.continue_token = spec.text("continue");
  const std::int64_t limit = spec.integer("limit").value_or(0);
  if (limit < 0) {
    causes.push_back(invalid_value("spec.limit", std::to_string(limit), "must not be negative"));
  }
  question.limit = static_cast<std::size_t>(limit < 0 ? 0 : limit);
  if (question.all_namespaces && !question.namespace_.empty()) {
    causes.push_back(forbidden_value("spec.namespace", "not together with allNamespaces"));
  }
  if (!causes.empty()) return fail(invalid(planning.kind.kind, "", std::move(causes)));
  return SearchCall{std::move(question)};
}

}  // namespace postern::proxy::access::api
