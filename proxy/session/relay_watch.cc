#include "proxy/session/relay_watch.h"

#include "proxy/session/answer.h"
#include "proxy/session/filtered_answer.h"
#include "proxy/session/forward.h"
#include "proxy/session/long_running.h"
#include "proxy/session/response_body.h"
#include "proxy/session/watch_end.h"

#include <utility>

namespace postern::proxy {
namespace {

/// More than small events ever come to together.
constexpr std::size_t kLargeEvent = 128 * 1024;

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
    } else if (!body.has_more_buffered() || sink.payload_size() >= ResponseSink::kWorthAFlush) {
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

}  // namespace

Task<Result<void>> relay_watch(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request) {
  auto answer = co_await forward(state, client, request);
  if (!answer) {
    co_return fail(std::move(answer.error()));
  }
  if (!can_be_filtered(answer->head)) {
    co_return co_await relay_unfilterable(state, client, request, *answer);
  }
  const auto predicate = predicate_of(request);
  const auto filter =
      kube::filter::make_json_watch_filter(filter_options(state, request), *predicate);
  ResponseBody body(state.worker(), answer->lease, answer->head, std::nullopt);
  ResponseSink sink = begin_answer(client, request, answer->head, ResponseUse::kRewritten);
  LongRunningExchange exchange(state, client, request,
                               [&answer](StreamEnd) { answer->lease.stream().close(); });
  Result<void> outcome = co_await exchange.run(pump_watch(state, request, body, *filter, sink));
  note_filtered(state, request, filter->summary());
  if (outcome) {
    body.give_back_if_clean();
    co_return outcome;
  }
  keep_if_whole(request, sink);
  co_return co_await end_watch(sink, exchange.end(), std::move(outcome));
}

}  // namespace postern::proxy
