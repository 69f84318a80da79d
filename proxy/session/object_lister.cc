#include "proxy/session/object_lister.h"

#include "kube/filter/filter.h"
#include "kube/percent.h"
#include "kube/query.h"
#include "proxy/session/admission.h"
#include "proxy/upstream/impersonation.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace postern::proxy {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMetadataOnly =
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

std::string target_of(const ObjectQuestion& question, const std::string& token,
                      std::size_t page_size) {
  const kube::ApiResource& resource = *question.resource;
  std::string target = "/clusters/" + question.kube_cluster;
  target += resource.group.empty() ? "/api/" : "/apis/" + resource.group + "/";
  target += resource.version;
  if (resource.namespaced && !question.namespace_.empty()) {
    target += "/namespaces/" + kube::encode_path_segment(question.namespace_);
  }
  target += "/" + resource.resource;
  kube::Query query;
  query.set("limit", std::to_string(page_size));
  if (!token.empty()) query.set("continue", token);
  if (!question.label_selector.empty()) query.set("labelSelector", question.label_selector);
  if (!question.name.empty()) query.set("fieldSelector", "metadata.name=" + question.name);
  return target + "?" + query.encode();
}

/// The request as the user would have sent it.
http::RequestHead head_of(const std::string& target) {
  http::RequestHead head;
  head.block = "GET " + target + "Accept" + std::string(kMetadataOnly);
  const std::string_view block = head.block;
  head.method = block.substr(0, 3);
  head.target = block.substr(4, target.size());
  head.fields.add({block.substr(4 + target.size(), 6), block.substr(10 + target.size())});
  return head;
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

ObjectSummary summary_of(const Json& item) {
  ObjectSummary summary;
  const auto metadata = item.is_object() ? item.find("metadata") : item.end();
  if (metadata == item.end() || !metadata->is_object()) return summary;
  summary.name = text_of(*metadata, "name");
  summary.namespace_ = text_of(*metadata, "namespace");
  if (const auto labels = metadata->find("labels");
      labels != metadata->end() && labels->is_object()) {
    for (const auto& [key, value] : labels->items()) {
      if (value.is_string()) summary.labels.emplace(key, value.get<std::string>());
    }
  }
  if (const auto owners = metadata->find("ownerReferences");
      owners != metadata->end() && owners->is_array()) {
    for (const Json& owner : *owners) {
      if (owner.is_object() && owner.value("controller", Json(false)) == Json(true)) {
        summary.controller_kind = text_of(owner, "kind");
        summary.controller_name = text_of(owner, "name");
      }
    }
  }
  return summary;
}

/// The visible part of the page. Nothing but what the filter let through is ever parsed.
Result<ObjectPage> read_page(const WorkerState& state, const ProxiedRequest& request,
                             std::string_view body) {
  const kube::Status unreadable = kube::Status::bad_gateway(
      "the API server's answer could not be read for sure, so nothing of it is shown");
  kube::filter::FilterOptions options;
  options.max_undecided_bytes = state.shared().filter_item_bytes;
  options.seal_continue = [](std::string_view) { return std::string(); };
  const auto predicate = rbac::make_predicate(request.decision, request.shares, *request.catalog);
  const auto filter = kube::filter::make_json_list_filter(std::move(options), *predicate);
  std::string visible;
  if (!filter->feed(body, visible) || !filter->finish(visible)) return fail(unreadable);
  const Json list = Json::parse(visible, nullptr, false);
  if (!list.is_object() || !list.contains("items") || !list["items"].is_array()) {
    return fail(unreadable);
  }
  ObjectPage page;
  page.next = filter->summary().continue_token;
  for (const Json& item : list["items"]) {
    page.objects.push_back(summary_of(item));
  }
  return page;
}

/// The API server's own refusal, without what it says of postern's.
kube::Status refusal_of(const FetchedResponse& answer) {
  const Json status = Json::parse(answer.body, nullptr, false);
  const std::string message = status.is_object() ? text_of(status, "message") : std::string();
  if (answer.status == 410) return kube::Status::gone("the search took too long: begin again");
  if (answer.status == 400) return kube::Status::bad_request(message);
  if (answer.status == 403) {
    return kube::Status::forbidden("the cluster does not let the roles of this search list it");
  }
  return kube::Status::bad_gateway("the API server answered " + std::to_string(answer.status));
}

Task<Result<void>> admit(WorkerState& state, ProxiedRequest& request) {
  if (auto found = find_cluster(state, request); !found) {
    co_return fail(std::move(found.error()));
  }
  if (auto resolved = co_await resolve_kind(state, request); !resolved) {
    co_return fail(std::move(resolved.error()));
  }
  if (auto decided = decide_read(state, request); !decided) {
    co_return fail(std::move(decided.error()));
  }
  co_return co_await choose_principals(state, request);
}

}  // namespace

Task<Result<ObjectPage>> list_objects(WorkerState& state, const ObjectQuestion& question,
                                      std::string token, std::size_t page_size) {
  ProxiedRequest request(head_of(target_of(question, token, page_size)));
  request.user = question.user;
  request.policy = question.policy;
  request.subject = question.subject;
  if (auto admitted = co_await admit(state, request); !admitted) {
    co_return fail(std::move(admitted.error()));
  }
  auto fields = impersonation_fields(request.principals(), request.grant());
  if (!fields) {
    co_return fail(std::move(fields.error()));
  }
  fields->emplace_back("Accept", request.accept.upstream_accept);
  if (!question.audit_id.empty()) fields->emplace_back("Audit-ID", question.audit_id);
  auto answer = co_await fetch(request.cluster->pool, "GET", request.info.target(),
                               std::move(*fields), std::string(), kMaxPageBytes);
  if (!answer) {
    co_return fail(std::move(answer.error()));
  }
  if (answer->status != 200) {
    co_return fail(refusal_of(*answer));
  }
  co_return read_page(state, request, answer->body);
}

}  // namespace postern::proxy
