#include "proxy/session/filtered_answer.h"

#include "kube/media_type.h"
#include "proxy/session/answer.h"
#include "proxy/session/relay.h"
#include "proxy/session/sealed_continue.h"
#include "proxy/upstream/failure_by_code.h"
#include "rbac/authorize.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kMaxStatusBytes = 64 * 1024;

bool is_json(const http::ResponseHead& head) {
  return kube::classify_content_type(head.fields.get("content-type").value_or("")) ==
         kube::ContentClass::kJson;
}

bool is_compressed(const http::ResponseHead& head) {
  const auto encoding = head.fields.get("content-encoding");
  return encoding && !http::iequals(*encoding, "identity");
}

bool is_readable(const http::ResponseHead& head) {
  return is_json(head) && !is_compressed(head);
}

kube::Status unreadable(const http::ResponseHead& head) {
  return kube::Status::bad_gateway(
      is_compressed(head) ? "the API server compressed an answer that has to be filtered"
                          : "the API server answered in an encoding that cannot be filtered");
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void seal_continue(nlohmann::json& status, const WorkerState& state,
                   const ProxiedRequest& request) {
  auto& metadata = status["metadata"];
  if (!metadata.is_object() || !metadata.contains("continue")) {
    return;
  }
  if (metadata["continue"].is_string()) {
    metadata["continue"] =
        sealed_continue(state, request, metadata["continue"].get_ref<const std::string&>());
  } else {
    metadata.erase("continue");
  }
}

}  // namespace

std::unique_ptr<kube::filter::Predicate> predicate_of(const ProxiedRequest& request) {
  return rbac::make_predicate(request.decision, request.shares, *request.catalog);
}

kube::filter::FilterOptions filter_options(const WorkerState& state,
                                           const ProxiedRequest& request) {
  kube::filter::FilterOptions options;
  options.event_references = request.decision.by_event_references;
  options.blank_table_objects = request.accept.blank_table_objects;
  options.reduce_table_objects = request.accept.reduce_table_objects;
  options.max_undecided_bytes = state.shared().filter_item_bytes;
  options.seal_continue = [&state, &request](std::string_view token) {
    return sealed_continue(state, request, token);
  };
  return options;
}

bool can_be_filtered(const http::ResponseHead& head) {
  return head.status == 200 && is_readable(head);
}

Task<Result<void>> relay_unfilterable(WorkerState& state, ClientConnection& client,
                                      ProxiedRequest& request, UpstreamAnswer& answer) {
  if (answer.head.status == 200) {
    co_return fail(unreadable(answer.head));
  }
  if (answer.head.status == 403) {
    co_return co_await relay_plain(state, client, request, answer);
  }
  if (auto relayable = check_relayable(answer.head, false, false); !relayable) {
    co_return fail(std::move(relayable.error()));
  }
  auto by_code = failure_by_code(answer.head.status, retry_after_of(answer.head));
  if (!is_readable(answer.head)) {
    co_return fail(std::move(by_code));
  }
  auto body = co_await read_whole(state, answer, kMaxStatusBytes);
  if (!body) {
    co_return fail(std::move(body.error()));
  }
  auto status = nlohmann::json::parse(*body, nullptr, false);
  if (!status.is_object() || status.value("kind", nlohmann::json()) != "Status") {
    co_return fail(std::move(by_code));
  }
  if (!is_about_the_call(answer.head.status, text_of(status, "reason"))) {
    state.shared().log.write_limited(
        request.cluster->identity.name, LogLevel::kWarn,
        "an API server's words are kept from a client, as they may name a hidden object",
        {{"cluster", request.cluster->identity.name},
         {"words", text_of(status, "message")},
         {"audit_id", request.audit_id}});
    co_return fail(std::move(by_code));
  }
  seal_continue(status, state, request);
  co_return co_await send_whole(client, request, answer.head, ResponseUse::kRewritten,
                                status.dump());
}

kube::Status filter_failure(WorkerState& state, ProxiedRequest& request,
                            const kube::filter::FilterError& error) {
  request.cut = CutReason::kFilter;
  state.shared().metrics.filter_failed(error.reason);
  state.shared().log.warn("an answer could not be filtered, nothing more of it was sent",
                          {{"reason", error.reason},
                           {"offset", error.offset},
                           {"cluster", request.cluster->identity.name},
                           {"path", request.info.path},
                           {"audit_id", request.audit_id}});
  return kube::Status::bad_gateway(
      "the API server's answer could not be read for sure, so nothing of it is shown");
}

void note_filtered(WorkerState& state, ProxiedRequest& request,
                   const kube::filter::ListSummary& summary) {
  state.request_metrics().filtered(request.info.api_group, request.info.resource, summary.kept,
                                   summary.dropped);
  request.audit.note_filtered(summary.kept, summary.dropped);
}

}  // namespace postern::proxy
