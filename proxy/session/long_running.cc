#include "proxy/session/long_running.h"

#include "proxy/session/answer.h"
#include "proxy/session/audit_request.h"
#include "proxy/session/request_log.h"
#include "proxy/session/still_allowed.h"

#include <chrono>
#include <exception>
#include <utility>

namespace postern::proxy {
namespace {

std::optional<std::chrono::milliseconds> time_left(const rbac::Decision& decision) {
  if (!decision.expires_at) {
    return std::nullopt;
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      *decision.expires_at - std::chrono::system_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

}  // namespace

LongRunning long_running_label(const ProxiedRequest& request) {
  const std::string& subresource = request.info.subresource;
  if (subresource == "exec") return LongRunning::kExec;
  if (subresource == "attach") return LongRunning::kAttach;
  if (subresource == "portforward") return LongRunning::kPortForward;
  if (subresource == "log") return LongRunning::kLog;
  if (subresource == "proxy") return LongRunning::kProxy;
  return LongRunning::kWatch;
}

LongRunningExchange::LongRunningExchange(WorkerState& state, ClientConnection& client,
                                         ProxiedRequest& request,
                                         std::function<void(StreamEnd)> interrupt)
    : request_(request),
      live_(state.live_streams(), state.worker().deadlines(),
            {.still_allowed =
                 [&state, &client, &request] {
                   return still_allowed(state, client, request).has_value();
                 },
             .interrupt = interrupt,
             .resumes_elsewhere = request.is_watch()},
            time_left(request.decision)),
      watcher_(state.worker(), client,
               [interrupt = std::move(interrupt)] { interrupt(StreamEnd::kNone); }),
      counted_(state.shared().metrics.long_running(long_running_label(request))) {
  audit_started(state, client, request);
  if (!still_allowed_now(state, client, request)) {
    live_.revoke();
  }
}

Task<Result<void>> LongRunningExchange::run(Task<Result<void>> relay) {
  watcher_.start();
  Result<void> outcome;
  std::exception_ptr bug;
  try {
    outcome = co_await std::move(relay);
  } catch (...) {
    bug = std::current_exception();
  }
  // Whatever happened: nobody else may read from the client before its watcher has let go.
  co_await watcher_.stop();
  note_end();
  if (bug) {
    std::rethrow_exception(bug);
  }
  if (!outcome && watcher_.client_is_gone()) {
    co_return fail(postern::proxy::client_is_gone());  // not the API server's fault
  }
  co_return outcome;
}

Task<Result<void>> LongRunningExchange::run_unwatched(Task<Result<void>> relay) {
  auto outcome = co_await std::move(relay);
  note_end();
  co_return outcome;
}

/// What ends by postern's own will is no fault of the API server's or the client's.
void LongRunningExchange::note_end() {
  if (live_.end() == StreamEnd::kDrained) {
    request_.cut = CutReason::kShutdown;
  } else if (live_.end() != StreamEnd::kNone) {
    request_.cut = CutReason::kGrantEnded;
  }
  note_end_of_stream(request_);
}

}  // namespace postern::proxy
