#include "proxy/session/long_running.h"

#include "proxy/access/api/viewer.h"
#include "proxy/session/admission.h"
#include "proxy/session/answer.h"
#include "proxy/session/audit_request.h"
#include "proxy/session/request_log.h"

#include <chrono>
#include <exception>
#include <utility>

namespace postern::proxy {
namespace {

/// Whether the policy and the credentials of this moment still give what the exchange was opened
/// with.
bool is_still_allowed(WorkerState& state, ClientConnection& client, const ProxiedRequest& request) {
  TokenReviewer* reviewer = state.token_reviewer();
  std::string unreviewed;
  auto proved = state.authenticators()->authenticate(
      request.head.fields, client.stream().tls(),
      {.reviewed = reviewer == nullptr ? nullptr : &reviewer->known(),
       .unreviewed = reviewer == nullptr ? nullptr : &unreviewed});
  if (!unreviewed.empty()) {
    if (reviewer->known().refused_last(unreviewed)) {
      return false;
    }
    // What was said of the token is old: it is asked about again. Until the answer comes, and while
    // the cluster cannot be asked, the old one holds: the stream is from that very cluster.
    reviewer->review_soon(std::move(unreviewed));
    proved = Authenticated{request.user, nullptr};
  }
  if (!proved || proved->user.name != request.user.name ||
      proved->user.kube_cluster != request.user.kube_cluster) {
    return false;
  }
  if (request.cluster == nullptr) {
    // A watch of the access API: static roles decide, whatever the session has assumed.
    return proved->user.groups == request.user.groups &&
           access::api::same_view(*request.policy, *state.policy(), request.user,
                                  request.info.resource);
  }
  if (!require_fresh_grants(state, proved->session.get())) {
    return false;
  }
  const auto policy = state.policy();
  if (policy == request.policy && proved->user.groups == request.user.groups &&
      proved->session == request.session) {
    return true;
  }
  const auto subject = state.subject(policy, *proved);
  if (subject->fingerprint() == request.subject->fingerprint()) {
    return true;
  }
  const rbac::Decision now =
      rbac::authorize(*policy, *subject, request.cluster->identity, request.attributes(),
                      request.choice, std::chrono::system_clock::now());
  // What a filter lets through cannot be compared, so a filtered view ends with its roles.
  return now.verdict == rbac::Verdict::kAllow && request.decision.verdict == now.verdict &&
         now.shares.front().principals == request.principals();
}

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
            {.still_allowed = [&state, &client,
                               &request] { return is_still_allowed(state, client, request); },
             .interrupt = interrupt,
             .resumes_elsewhere = request.is_watch()},
            time_left(request.decision)),
      watcher_(state.worker(), client,
               [interrupt = std::move(interrupt)] { interrupt(StreamEnd::kNone); }),
      counted_(state.shared().metrics.long_running(long_running_label(request))) {
  audit_started(state, client, request);
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
