#include "proxy/session/relay_filtered.h"

#include "kube/filter/filter.h"
#include "kube/media_type.h"
#include "proxy/session/answer.h"
#include "proxy/session/client_watcher.h"
#include "proxy/session/forward.h"
#include "proxy/session/list_pager.h"
#include "proxy/session/long_running.h"
#include "proxy/session/relay.h"
#include "proxy/session/response_body.h"
#include "proxy/upstream/failure_by_code.h"
#include "rbac/authorize.h"

#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kFlushBytes = 32 * 1024;
constexpr std::size_t kMaxStatusBytes = 64 * 1024;
/// More than small events ever come to together.
constexpr std::size_t kLargeEvent = 128 * 1024;
/// Of a page that is held until its visible items are counted. A smaller one need not be.
constexpr std::size_t kMaxCountedBytes = 1024 * 1024;

/// What a sealed continue token is good for: the same user's same question. Each part is written
/// with its length in front, so that no two calls share a binding.
std::string continue_binding(const ProxiedRequest& request) {
  std::string binding;
  for (const std::string_view part :
       {std::string_view(request.user.name), std::string_view(request.cluster->identity.name),
        std::string_view(request.info.api_group), std::string_view(request.info.resource),
        std::string_view(request.info.namespace_), request.info.query.get("labelSelector"),
        request.info.query.get("fieldSelector")}) {
    binding += std::to_string(part.size()) + ':';
    binding += part;
  }
  return binding;
}

kube::filter::FilterOptions filter_options(const WorkerState& state,
                                           const ProxiedRequest& request) {
  kube::filter::FilterOptions options;
  options.event_references = request.decision.by_event_references;
  options.blank_table_objects = request.accept.blank_table_objects;
  options.reduce_table_objects = request.accept.reduce_table_objects;
  options.max_undecided_bytes = state.shared().filter_item_bytes;
  return options;
}

std::unique_ptr<kube::filter::Predicate> predicate_of(const ProxiedRequest& request) {
  return rbac::make_predicate(request.decision, request.shares, *request.catalog);
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

/// For the metrics and the audit event.
void note_filtered(WorkerState& state, ProxiedRequest& request,
                   const kube::filter::ListSummary& summary) {
  state.request_metrics().filtered(request.info.api_group, request.info.resource, summary.kept,
                                   summary.dropped);
  request.audit.note_filtered(summary.kept, summary.dropped);
}

kube::Status too_much_waits() {
  return kube::Status::too_many_requests(
      "too many large answers of yours wait for their clients to read them", 1);
}

bool is_json(const http::ResponseHead& head) {
  return kube::classify_content_type(head.fields.get("content-type").value_or("")) ==
         kube::ContentClass::kJson;
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The filter understands JSON without a content encoding, and acts on what came back.
Result<void> check_readable(const http::ResponseHead& head) {
  const auto encoding = head.fields.get("content-encoding");
  if (encoding && !http::iequals(*encoding, "identity")) {
    return fail(
        kube::Status::bad_gateway("the API server compressed an answer that has to be filtered"));
  }
  if (!is_json(head)) {
    return fail(kube::Status::bad_gateway(
        "the API server answered in an encoding that cannot be filtered"));
  }
  return {};
}

/// A failure from upstream on a filtered call: of the body only a Status passes whose words are
/// about the call, its continue token sealed.
Task<Result<void>> relay_failure(WorkerState& state, ClientConnection& client,
                                 ProxiedRequest& request, UpstreamAnswer& answer) {
  if (answer.head.status == 403) {
    co_return co_await relay_plain(state, client, request, answer);
  }
  if (auto relayable = check_relayable(answer.head, false, false); !relayable) {
    co_return fail(std::move(relayable.error()));
  }
  auto by_code = failure_by_code(answer.head.status, retry_after_of(answer.head));
  if (!check_readable(answer.head)) {
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
  auto& metadata = status["metadata"];
  if (metadata.is_object() && metadata.contains("continue")) {
    if (metadata["continue"].is_string()) {
      metadata["continue"] = state.shared().sealer.seal(
          metadata["continue"].get_ref<const std::string&>(), continue_binding(request));
    } else {
      metadata.erase("continue");
    }
  }
  co_return co_await send_whole(client, request, answer.head, ResponseUse::kRewritten,
                                status.dump());
}

enum class PageOutcome { kDelivered, kAllHidden, kTooMany };

/// Filters one page; `more` gets upstream's token when nothing of the page is visible.
Task<Result<PageOutcome>> relay_page(WorkerState& state, ClientConnection& client,
                                     ProxiedRequest& request, UpstreamAnswer& answer,
                                     const ListPager& pager, std::string& more) {
  const auto predicate = predicate_of(request);
  auto options = filter_options(state, request);
  options.hold_until_kept = true;
  options.seal_continue = [&](std::string_view token) {
    return state.shared().sealer.seal(token, continue_binding(request));
  };
  const auto filter = kube::filter::make_json_list_filter(std::move(options), *predicate);
  ResponseBody body(state.worker(), answer.lease, answer.head, state.shared().limits.stall_time);
  ResponseSink sink = begin_answer(client, request, answer.head, ResponseUse::kRewritten);

  while (!body.done()) {
    auto piece = body.next_now();
    if (!piece) {
      // Nothing more for now: the client gets what is here.
      if (!pager.must_count() && sink.payload_size() > 0 && !sink.flush_now()) {
        const error_code error = co_await sink.send_rest();
        if (error) {
          request.answer_started = true;
          co_return fail(client_is_gone());
        }
      }
      request.answer_started = sink.started();
      piece = co_await body.next();
    }
    if (!*piece) {
      co_return fail((*piece).error());
    }
    if (auto fed = filter->feed(**piece, sink.payload()); !fed) {
      co_return fail(filter_failure(state, request, fed.error()));
    }
    if (pager.must_count()) {
      if (filter->summary().kept > pager.limit() || sink.payload_size() > kMaxCountedBytes) {
        co_return PageOutcome::kTooMany;
      }
      continue;
    }
    if (sink.payload_size() >= kFlushBytes && !sink.flush_records_now()) {
      const error_code error = co_await sink.send_rest();
      if (error) {
        request.answer_started = sink.started();
        co_return fail(client_is_gone());
      }
    }
    request.answer_started = sink.started();
  }
  if (auto finished = filter->finish(sink.payload()); !finished) {
    co_return fail(filter_failure(state, request, finished.error()));
  }
  if (body.clean() && answer.head.keep_alive) {
    answer.lease.give_back();
  }
  const kube::filter::ListSummary& summary = filter->summary();
  note_filtered(state, request, summary);
  if (pager.must_count() && summary.kept > pager.limit()) {
    co_return PageOutcome::kTooMany;
  }
  if (summary.kept == 0 && !summary.continue_token.empty()) {
    more = summary.continue_token;
    co_return PageOutcome::kAllHidden;
  }
  BodyHold hold(state.shared().body_memory, request.user.name);
  if (pager.must_count() && !hold.grow_to(sink.payload_size())) {
    co_return fail(too_much_waits());
  }
  request.answer_started = true;
  if (const error_code error = co_await sink.finish()) {
    co_return fail(client_is_gone());
  }
  co_return PageOutcome::kDelivered;
}

Result<std::string> opened_continue_token(WorkerState& state, const ProxiedRequest& request) {
  const std::string_view sealed = request.info.query.get("continue");
  if (sealed.empty()) {
    return std::string();
  }
  auto token = state.shared().sealer.open(sealed, continue_binding(request));
  if (!token) {
    return fail(
        kube::Status::bad_request("continue key is not valid: it was not made for this request"));
  }
  return std::move(*token);
}

/// `watcher` is started when pages are skipped: nothing is written to the client then, so that
/// nobody else would notice that it is gone, and the API server would be asked on.
Task<Result<void>> relay_pages(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request, ListPager& pager, ClientWatcher& watcher) {
  bool watched = false;
  for (;;) {
    if (watcher.client_is_gone()) {
      co_return fail(client_is_gone());
    }
    pager.apply(request.info.query);
    auto answer = co_await forward(state, client, request);
    if (!answer) {
      co_return fail(std::move(answer.error()));
    }
    if (answer->head.status != 200) {
      co_return co_await relay_failure(state, client, request, *answer);
    }
    if (auto readable = check_readable(answer->head); !readable) {
      co_return fail(std::move(readable.error()));
    }
    std::string more;
    const auto outcome = co_await relay_page(state, client, request, *answer, pager, more);
    if (!outcome) {
      co_return fail(outcome.error());
    }
    if (*outcome == PageOutcome::kDelivered) {
      co_return Result<void>();
    }
    if (!std::exchange(watched, true)) {
      watcher.start();
    }
    if (*outcome == PageOutcome::kTooMany) {
      pager.too_many();
    } else if (!pager.leads_on(more)) {
      co_return fail(kube::Status::bad_gateway("the API server's pages of this list have no end"));
    } else if (!pager.all_hidden(std::move(more))) {
      co_return fail(kube::Status::gateway_timeout(
          "too many objects that you may not see lie before the next one that you may; ask with a "
          "selector or without a limit"));
    }
  }
}

Task<Result<void>> relay_list(WorkerState& state, ClientConnection& client,
                              ProxiedRequest& request) {
  auto token = opened_continue_token(state, request);
  if (!token) {
    co_return fail(std::move(token.error()));
  }
  ListPager pager(request.info.query, std::move(*token));
  ClientWatcher watcher(state.worker(), client, [] {});
  Result<void> outcome;
  std::exception_ptr bug;
  try {
    outcome = co_await relay_pages(state, client, request, pager, watcher);
  } catch (...) {
    bug = std::current_exception();
  }
  // Whatever happened: nobody else may read from the client before its watcher has let go.
  co_await watcher.stop();
  if (bug) {
    std::rethrow_exception(bug);
  }
  co_return outcome;
}

/// Sends a large event. While its client takes its time, it counts as the user's.
Task<Result<error_code>> send_large(WorkerState& state, ProxiedRequest& request,
                                    ResponseSink& sink) {
  const std::size_t size = sink.payload_size();
  if (sink.flush_now()) {
    co_return error_code();
  }
  BodyHold hold(state.shared().body_memory, request.user.name);
  if (!hold.grow_to(size)) {
    request.cut = CutReason::kStalled;
    co_return fail(too_much_waits());
  }
  co_return co_await sink.send_rest();
}

/// Brings the visible events to the client as they come.
Task<Result<void>> pump_watch(WorkerState& state, ProxiedRequest& request, ResponseBody& body,
                              kube::filter::BodyFilter& filter, ResponseSink& sink) {
  // The head leaves at once: client-go waits for it before it waits for events.
  error_code error = co_await sink.flush();
  request.answer_started = true;
  while (!body.done() && !error) {
    const auto piece = co_await body.next();
    if (!piece) {
      co_return fail(piece.error());
    }
    if (auto fed = filter.feed(*piece, sink.payload()); !fed) {
      co_return fail(filter_failure(state, request, fed.error()));
    }
    if (sink.payload_size() > kLargeEvent) {
      const auto sent = co_await send_large(state, request, sink);
      if (!sent) {
        co_return fail(sent.error());
      }
      error = *sent;
    } else if (!body.has_more_buffered() || sink.payload_size() >= kFlushBytes) {
      error = co_await sink.flush();
    }
  }
  if (auto finished = filter.finish(sink.payload()); !finished) {
    co_return fail(filter_failure(state, request, finished.error()));
  }
  if (!error) {
    error = co_await sink.finish();
  }
  co_return error ? Result<void>(fail(client_is_gone())) : Result<void>();
}

Task<Result<void>> relay_watch(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request) {
  auto answer = co_await forward(state, client, request);
  if (!answer) {
    co_return fail(std::move(answer.error()));
  }
  if (answer->head.status != 200) {
    co_return co_await relay_failure(state, client, request, *answer);
  }
  if (auto readable = check_readable(answer->head); !readable) {
    co_return fail(std::move(readable.error()));
  }
  const auto predicate = predicate_of(request);
  auto options = filter_options(state, request);
  options.seal_continue = [&](std::string_view token) {
    return state.shared().sealer.seal(token, continue_binding(request));
  };
  const auto filter = kube::filter::make_json_watch_filter(std::move(options), *predicate);
  ResponseBody body(state.worker(), answer->lease, answer->head, std::nullopt);
  ResponseSink sink = begin_answer(client, request, answer->head, ResponseUse::kRewritten);
  LongRunningExchange exchange(state, client, request,
                               [&answer](StreamEnd) { answer->lease.stream().close(); });
  Result<void> outcome = co_await exchange.run(pump_watch(state, request, body, *filter, sink));
  note_filtered(state, request, filter->summary());
  if (outcome) {
    if (body.clean() && answer->head.keep_alive) {
      answer->lease.give_back();
    }
    co_return outcome;
  }
  keep_if_whole(request, sink);
  co_return co_await end_watch(sink, exchange.end(), std::move(outcome));
}

/// A single object that is visible or not by what it says (an event, by what it is about).
Task<Result<void>> relay_object(WorkerState& state, ClientConnection& client,
                                ProxiedRequest& request) {
  request.accept.upstream_accept = "application/json";
  auto answer = co_await forward(state, client, request);
  if (!answer) {
    co_return fail(std::move(answer.error()));
  }
  if (answer->head.status == 404) {
    co_return fail(request.decision.status);  // hidden and absent are the same 403
  }
  if (answer->head.status != 200) {
    co_return co_await relay_failure(state, client, request, *answer);
  }
  if (auto readable = check_readable(answer->head); !readable) {
    co_return fail(std::move(readable.error()));
  }
  auto options = filter_options(state, request);
  const std::size_t max_bytes = options.max_undecided_bytes;
  auto body = co_await read_whole(state, *answer, max_bytes);
  if (!body) {
    co_return fail(std::move(body.error()));
  }
  const auto predicate = predicate_of(request);
  const auto filter = kube::filter::make_json_object_filter(std::move(options), *predicate);
  std::string visible;
  auto outcome = filter->feed(*body, visible);
  if (outcome) {
    outcome = filter->finish(visible);
  }
  if (!outcome) {
    if (std::string_view(outcome.error().reason) == "hidden") {
      co_return fail(request.decision.status);
    }
    co_return fail(filter_failure(state, request, outcome.error()));
  }
  co_return co_await send_whole(client, request, answer->head, ResponseUse::kRewritten, visible);
}

constexpr std::string_view kExpiredEvent =
    R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
    R"("message":"what you may see has changed: list again","reason":"Expired","code":410}})"
    "\n";

}  // namespace

bool may_end_politely(const http::ResponseHead& head) {
  return is_json(head);
}

void keep_if_whole(ProxiedRequest& request, const ResponseSink& sink) {
  if (!sink.ends_anywhere()) request.head.keep_alive = false;
}

Task<Result<void>> end_watch(ResponseSink& sink, StreamEnd end, Result<void> outcome) {
  if (end == StreamEnd::kNone) {
    co_return outcome;
  }
  // Events are written whole, so what is under way so far ends at an event's end.
  if (end != StreamEnd::kDrained) {
    sink.payload().append(kExpiredEvent);
  }
  const error_code error = co_await sink.finish();
  co_return error ? Result<void>(fail(client_is_gone())) : Result<void>();
}

Task<Result<void>> relay_filtered(WorkerState& state, ClientConnection& client,
                                  ProxiedRequest& request) {
  if (request.is_watch()) {
    return relay_watch(state, client, request);
  }
  if (request.info.is_collection()) {
    return relay_list(state, client, request);
  }
  return relay_object(state, client, request);
}

}  // namespace postern::proxy
