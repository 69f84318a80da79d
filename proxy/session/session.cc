#include "proxy/session/session.h"

#include "proxy/session/access_api.h"
#include "proxy/session/admission.h"
#include "proxy/session/allowed_methods.h"
#include "proxy/session/audit_request.h"
#include "proxy/session/delete_collection.h"
#include "proxy/session/forward.h"
#include "proxy/session/loopback.h"
#include "proxy/session/merged_discovery.h"
#include "proxy/session/relay.h"
#include "proxy/session/request_log.h"
#include "proxy/session/self_review.h"
#include "proxy/session/tunnel_request.h"
#include "proxy/upstream/request_builder.h"

#include <exception>
#include <utility>

namespace postern::proxy {
namespace {

/// For how long a connection that was accepted at the last moment of a drain may be silent.
constexpr std::chrono::milliseconds kLateWait{1000};

}  // namespace

Session::Session(WorkerState& state, std::unique_ptr<Stream> client)
    : state_(state),
      stream_(std::move(client)),
      client_(state.worker(), *stream_, state.shared().limits) {}

Task<void> Session::run() {
  try {
    co_await serve_requests();
  } catch (const std::exception& bug) {
    // Input and peers end in Results; whatever arrives here is a mistake of ours. It must not hurt
    // others.
    log_bug(state_, bug);
    stream_->abort();
  }
  stream_->close();
}

Task<void> Session::serve_requests() {
  bool keep_alive = true;
  while (keep_alive && stream_->is_open()) {
    auto head = co_await next_head();
    if (!head) {
      co_await refuse_head(head.error());
      co_return;
    }
    if (!head->has_value()) {
      count_fault(state_, client_);
      if (!client_.gave_up_waiting()) {
        co_return;
      }
      break;
    }
    ProxiedRequest request(std::move(**head));
    std::exception_ptr bug;
    try {
      keep_alive = co_await serve(request);
    } catch (...) {
      bug = std::current_exception();
    }
    if (bug) {
      audit_panic(state_, client_, request);
      std::rethrow_exception(bug);
    }
    account(request);
  }
  if (stream_->is_open()) {
    co_await client_.linger();
  }
}

Task<Result<std::optional<http::RequestHead>>> Session::next_head() {
  // A drain ends connections that wait here; the guard also holds when the wait ends by an
  // exception.
  struct Idle {
    std::set<ClientConnection*>& all;
    ClientConnection* client;
    ~Idle() { all.erase(client); }
  };
  state_.idle_connections().insert(&client_);
  const Idle idle{state_.idle_connections(), &client_};
  counted_ = state_.shared().metrics.connection(ConnectionState::kIdle);
  std::optional<std::chrono::milliseconds> idle_time;
  if (state_.handed_over()) {
    idle_time = is_new_ ? kLateWait : std::chrono::milliseconds(0);
  }
  auto head = co_await client_.read_head(idle_time);
  is_new_ = false;
  counted_ = state_.shared().metrics.connection(ConnectionState::kActive);
  co_return head;
}

Task<bool> Session::serve(ProxiedRequest& request) {
  request.audit_id = make_audit_id();
  request.worker = &state_;
  Result<void> outcome = co_await carry_out(request);
  if (request.rest) {
    outcome = co_await std::move(*request.rest);
  }
  if (!outcome) {
    const bool keep_alive = co_await refuse(request, std::move(outcome.error()));
    co_return keep_alive;
  }
  if (!request.head.keep_alive) {
    co_return false;
  }
  if (client_.body_done()) {
    co_return true;
  }
  co_return co_await client_.discard_body();
}

/// The life of a request up to where its answer begins: that is `rest`, awaited when the frames of
/// all this have ended, so that what lasts for long (a watch) keeps only what serves it.
Task<Result<void>> Session::carry_out(ProxiedRequest& request) {
  if (on_loopback()) {
    const auto here = check_loopback_host(request.head.fields, state_.shared().loopback_hosts);
    if (!here) co_return fail(here.error());  // 403
  } else if (may_be_login(state_, request)) {
    auto login = co_await answer_login(state_, client_, request);
    if (login) co_return std::move(*login);
  }
  auto known = authenticate(state_, client_, request);
  if (asks_others(request)) {
    known = co_await identify(request);
  }
  if (!known) {
    co_return fail(std::move(known.error()));  // 401
  }
  if (is_access_request(request)) {
    co_return co_await answer_access_request(state_, client_, request);  // never goes to a cluster
  }
  co_return co_await carry_to_cluster(request);
}

/// Of a credential that authenticate() does not know by itself.
Task<Result<void>> Session::identify(ProxiedRequest& request) {
  Result<void> known;
  if (!request.unknown_session.empty()) {
    known = co_await authenticate_by_seeking(state_, client_, request);  // 429, 503
  }
  if (!request.unreviewed_token.empty()) {
    known = co_await authenticate_by_review(state_, client_, request);  // 503
  }
  co_return known;
}

Task<Result<void>> Session::carry_to_cluster(ProxiedRequest& request) {
  if (auto found = find_cluster(state_, request); !found) {
    if (is_served_without_cluster(state_, request, found.error())) {
      co_return co_await answer_merged_alone(client_, request);
    }
    if (is_self_review_alone(state_, request, found.error())) {
      co_return co_await answer_self_review_alone(state_, client_, request);
    }
    co_return fail(std::move(found.error()));  // 400, 404, 503
  }
  // Of each step the part that needs no wait first: mostly that is all of it, and costs no
  // coroutine.
  Settled step = resolve_kind_now(request);
  if (!step) {
    step = co_await resolve_kind(state_, request);
  }
  if (!*step) {
    co_return fail(std::move(step->error()));  // 404, 405, 503
  }
  step = decide_now(state_, request);
  if (!step) {
    step = co_await decide_by_body(state_, client_, request);
  }
  if (!*step) {
    co_return fail(std::move(step->error()));  // 403
  }
  step = audit_received_now(state_, request);
  if (!step) {
    step = co_await audit_received(state_, client_, request);
  }
  if (!*step) {
    co_return fail(std::move(step->error()));  // 500: what cannot be audited is refused
  }
  count_inflight(state_, request);
  if (is_self_review(request)) {
    co_return co_await answer_self_review(state_, client_, request);
  }
  step = choose_principals_now(request);
  if (!step) {
    step = co_await choose_principals(state_, request);
  }
  if (!*step) {
    co_return fail(std::move(step->error()));
  }
  request.rest = answer_from_cluster(request);
  co_return Result<void>();
}

/// No coroutine of its own, for each of them is one.
Task<Result<void>> Session::answer_from_cluster(ProxiedRequest& request) {
  if (needs_expansion(request)) {
    return delete_collection(state_, client_, request);
  }
  if (request.upgrade) {
    return tunnel_request(state_, client_, request);
  }
  if (is_merged(state_, request)) {
    return relay_merged(state_, client_, request);
  }
  return relay_request(state_, client_, request);
}

Task<bool> Session::refuse(ProxiedRequest& request, kube::Status status) {
  if (!request.answer_started) {
    status = auditable_refusal(state_, request, std::move(status));
  }
  note_failure(request, status);
  record_refusal(request, status);
  if (request.answer_started) {
    log_cut(state_, client_, request, status);
    // Part of another answer is out: only an aborted connection tells the client that it is not
    // whole.
    stream_->abort();
    co_return false;
  }
  log_refusal(state_, client_, request, status);
  request.code = status.code;
  // Behind a refused upgrade the next bytes may be another protocol's.
  const bool may_keep =
      request.head.keep_alive && !state_.draining() && status.code != 400 && !request.head.upgrade;
  const bool keep_alive = may_keep && co_await client_.discard_body();
  const std::string allow = status.code == 405 ? allowed_methods(request) : std::string();
  const error_code error =
      co_await client_.write_status(status, request.audit_id, keep_alive, allow);
  co_return keep_alive && !error;
}

Task<void> Session::refuse_head(const kube::Status& status) {
  log_protocol_error(state_, client_, status);
  co_await client_.write_status(status, std::string_view(), false);
  co_await client_.linger();
}

void Session::account(ProxiedRequest& request) {
  audit_complete(state_, client_, request);
  count_fault(state_, client_);
  count_request(state_, request);
  log_request(state_, client_, request);
}

}  // namespace postern::proxy
