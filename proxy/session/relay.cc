#include "proxy/session/relay.h"

#include "proxy/session/answer.h"
#include "proxy/session/long_running.h"
#include "proxy/session/relay_filtered.h"
#include "proxy/session/response_body.h"
#include "proxy/session/response_sink.h"
#include "proxy/session/stream_boundary.h"
#include "proxy/session/watch_end.h"
#include "proxy/upstream/reduced_failure.h"
#include "proxy/upstream/response_builder.h"

#include <utility>

namespace postern::proxy {
namespace {

bool is_long_running(const ProxiedRequest& request) {
  return request.is_watch() || request.follows_log() || request.info.subresource == "proxy";
}

/// Whether words about the object are not for the client. Those about a create are about what it
/// has sent.
bool hides_object(const ProxiedRequest& request) {
  return !request.decision.may_read && request.info.verb != "create";
}

bool was_conditional(const ProxiedRequest& request) {
  return request.head.fields.get("if-none-match") || request.head.fields.get("if-modified-since");
}

/// Brings the body to the client as it comes: the whole, or up to where `boundary` ends it. What is
/// here already is gathered; it leaves when there is enough of it, or nothing more for now.
Task<Result<void>> pump(ResponseBody& body, ResponseSink& sink, ProxiedRequest& request,
                        StreamBoundary& boundary) {
  error_code error;
  while (!body.done() && !boundary.reached() && !error) {
    auto piece = body.next_now();
    const bool pauses = !piece || (!*piece && sink.started());
    if (pauses && sink.payload_size() > 0 && !sink.flush_now()) {
      error = co_await sink.send_rest();
    }
    request.answer_started = sink.started();
    if (error) break;
    if (!piece) {
      piece = co_await body.next();
    }
    if (!*piece) {
      co_return fail((*piece).error());
    }
    sink.payload().append((*piece)->substr(0, boundary.pass(**piece)));
    request.audit.note_response(**piece);
    if (sink.payload_size() >= ResponseSink::kWorthAFlush && !sink.flush_records_now()) {
      error = co_await sink.send_rest();
    }
    request.answer_started = sink.started();
  }
  if (!error && !sink.finish_now()) {
    error = co_await sink.send_rest();
  }
  request.answer_started = true;
  if (error) {
    co_return fail(client_is_gone());
  }
  co_return Result<void>();
}

/// A refusal by the API server itself: it may name postern's own identity.
Task<Result<void>> relay_forbidden(WorkerState& state, ClientConnection& client,
                                   ProxiedRequest& request, UpstreamAnswer& answer) {
  const auto encoding = answer.head.fields.get("content-encoding");
  const bool readable = !encoding || http::iequals(*encoding, "identity");
  auto body = co_await read_whole(state, answer, kMaxRefusalBytes);
  if (!body || !readable) {
    co_return fail(kube::Status::bad_gateway("the API server refused the request"));
  }
  if (auto replaced = replace_refusal(*body, request.principals())) {
    co_return fail(std::move(*replaced));
  }
  if (hides_object(request)) {
    if (auto reduced = reduced_failure(answer.head, *body)) {
      co_return fail(std::move(*reduced));
    }
  }
  co_return co_await send_whole(client, request, answer.head, ResponseUse::kRewritten, *body);
}

/// Reads an answer to its end, for the connection's sake.
Task<Result<void>> throw_away(WorkerState& state, UpstreamAnswer& answer) {
  ResponseBody body(state.worker(), answer.lease, answer.head, state.shared().limits.stall_time);
  while (!body.done()) {
    if (const auto piece = co_await body.next(); !piece) {
      co_return fail(piece.error());
    }
  }
  body.give_back_if_clean();
  co_return Result<void>();
}

/// The answer to a write for somebody who may not read the object.
Task<Result<void>> relay_reduced(WorkerState& state, ClientConnection& client,
                                 ProxiedRequest& request, UpstreamAnswer& answer) {
  if (auto whole = co_await throw_away(state, answer); !whole) {
    co_return whole;
  }
  co_return co_await send_json(client, request, answer.head.status, success_status(request));
}

/// A failure of that write.
Task<Result<void>> relay_reduced_failure(WorkerState& state, ClientConnection& client,
                                         ProxiedRequest& request, UpstreamAnswer& answer) {
  if (auto relayable = check_relayable(answer.head, false, false); !relayable) {
    co_return fail(std::move(relayable.error()));
  }
  if (answer.head.status == 403) {
    co_return co_await relay_forbidden(state, client, request, answer);
  }
  auto reduced = reduced_failure(answer.head, "");
  if (!reduced) {
    co_return co_await relay_plain(state, client, request, answer);
  }
  if (auto whole = co_await throw_away(state, answer); !whole) {
    co_return whole;
  }
  co_return fail(std::move(*reduced));
}

bool has_events(const ProxiedRequest& request) {
  return request.is_watch() || request.follows_log();
}

/// A watch, a followed log, or a connection through a service or node.
Task<Result<void>> relay_stream(WorkerState& state, ClientConnection& client,
                                ProxiedRequest& request, UpstreamAnswer& answer, ResponseBody& body,
                                ResponseSink& sink) {
  StreamBoundary boundary = has_events(request) ? StreamBoundary(answer.head) : StreamBoundary();
  LongRunningExchange exchange(state, client, request, [&](StreamEnd why) {
    // A client that sees half of an event has to take the whole stream for broken.
    if (why == StreamEnd::kDrained && boundary.is_inside()) {
      boundary.end_at_next();
    } else {
      answer.lease.stream().close();
    }
  });
  Result<void> outcome = co_await exchange.run(pump(body, sink, request, boundary));
  if (exchange.end() != StreamEnd::kNone) {
    keep_if_whole(request, sink);
    const bool may_tell = request.is_watch() && may_end_politely(answer.head);
    if (!outcome && boundary.is_here() && (may_tell || exchange.end() == StreamEnd::kDrained)) {
      co_return co_await end_watch(sink, exchange.end(), std::move(outcome));
    }
  }
  if (outcome) body.give_back_if_clean();
  co_return outcome;
}

/// What was decided by its name alone: the answer passes whole, or only whether it worked.
Task<Result<void>> relay_unfiltered(WorkerState& state, ClientConnection& client,
                                    ProxiedRequest& request) {
  auto answer = co_await forward(state, client, request);
  if (!answer) {
    co_return fail(std::move(answer.error()));
  }
  const bool success = answer->head.status >= 200 && answer->head.status < 300;
  if (success && !request.decision.may_read) {
    co_return co_await relay_reduced(state, client, request, *answer);
  }
  if (!success && hides_object(request)) {
    co_return co_await relay_reduced_failure(state, client, request, *answer);
  }
  co_return co_await relay_plain(state, client, request, *answer);
}

}  // namespace

Task<Result<void>> relay_plain(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request, UpstreamAnswer& answer) {
  if (auto relayable = check_relayable(answer.head, was_conditional(request), false); !relayable) {
    co_return fail(std::move(relayable.error()));
  }
  if (answer.head.status == 403) {
    co_return co_await relay_forbidden(state, client, request, answer);
  }
  request.code = answer.head.status;
  ResponseSink sink = begin_answer(client, request, answer.head, ResponseUse::kPassThrough);
  if (answer.head.framing == http::Framing::kNone) {
    const error_code error = co_await sink.finish();
    request.answer_started = true;
    if (answer.head.keep_alive) {
      answer.lease.give_back();
    }
    co_return error ? Result<void>(fail(client_is_gone())) : Result<void>();
  }
  const bool long_running = is_long_running(request);
  ResponseBody body(state.worker(), answer.lease, answer.head,
                    long_running ? std::nullopt : std::optional(state.shared().limits.stall_time));
  if (long_running) {
    co_return co_await relay_stream(state, client, request, answer, body, sink);
  }
  StreamBoundary none;
  const Result<void> outcome = co_await pump(body, sink, request, none);
  if (outcome) body.give_back_if_clean();
  co_return outcome;
}

Task<Result<void>> relay_request(WorkerState& state, ClientConnection& client,
                                 ProxiedRequest& request) {
  return request.filtered() ? relay_filtered(state, client, request)
                            : relay_unfiltered(state, client, request);
}

}  // namespace postern::proxy
