#include "proxy/session/forward.h"

#include "proxy/session/still_allowed.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "proxy/upstream/impersonation.h"
#include "proxy/upstream/request_builder.h"
#include "proxy/upstream/response_builder.h"

#include <utility>

namespace postern::proxy {
namespace {

RequestBody body_framing(const ProxiedRequest& request) {
  if (request.upgrade) {
    return RequestBody::none();
  }
  if (request.body) {
    return RequestBody::of_length(request.body->size());
  }
  switch (request.head.framing) {
    case http::Framing::kLength:
      return RequestBody::of_length(request.head.content_length);
    case http::Framing::kChunked:
      return RequestBody::chunked();
    case http::Framing::kNone:
    case http::Framing::kUntilClose:
      break;
  }
  return RequestBody::none();
}

/// Whether the client's body still has to come from the client: such a request cannot be sent
/// again.
bool streams_body(const ProxiedRequest& request) {
  return !request.body && !request.upgrade && request.head.framing != http::Framing::kNone;
}

Result<std::string> upstream_head(const ClientConnection& client, const ProxiedRequest& request,
                                  const Lease& lease, const HeaderFields& impersonation) {
  const std::string path = request.cluster->endpoint->base_path() + request.info.path;
  const std::string query = request.info.query.encode();
  const std::optional<std::string>& authorization = lease.authorization();

  RequestPlan plan;
  plan.method = request.info.method;
  plan.path = path;
  plan.query = query;
  plan.host = request.cluster->endpoint->host_header();
  plan.audit_id = request.audit_id;
  plan.client_address = client.peer_address();
  plan.client = &request.head.fields;
  plan.accept = request.accept.upstream_accept;
  plan.body_is_read = request.answer_is_read();
  plan.body = body_framing(request);
  plan.upgrade = request.upgrade ? &*request.upgrade : nullptr;
  plan.impersonation = &impersonation;
  if (authorization) {
    plan.authorization = *authorization;
  }
  return build_request_head(plan);
}

/// Pumps the client's body upstream, piece by piece: what the API server does not take yet is not
/// asked of the client either. An error of upstream's ends the pump only: the API server may have
/// answered already (413, say), and that answer is what the client should see. One that takes
/// nothing for `limit` is no longer waited for. A client that takes its time gets no further than
/// its access does.
Task<Result<void>> stream_body(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request, Stream& upstream, Deadline& stall) {
  const auto limit = state.shared().limits.stall_time;
  const bool chunked = request.head.framing == http::Framing::kChunked;
  co_await client.admit_body();
  std::string piece;
  std::string framed;
  for (;;) {
    piece.clear();
    auto more = co_await client.read_body_piece(piece);
    if (!more) {
      co_return fail(std::move(more.error()));
    }
    if (auto still = still_allowed_now(state, client, request); !still) {
      co_return fail(std::move(still.error()));
    }
    framed.clear();
    if (chunked) {
      http::append_chunk(framed, piece);
    }
    if (chunked && !*more) {
      framed.append(http::kLastChunk);
    }
    stall.expires_after(limit);
    const error_code error = co_await upstream.write(chunked ? framed : piece);
    if (stall.expired()) {
      co_return fail(kube::Status::gateway_timeout("the API server takes no more of the body"));
    }
    stall.disarm();  // the client's own pace; ClientConnection limits its stalls
    if (error || !*more) {
      co_return Result<void>();
    }
  }
}

/// What did not go out at once of a head (and a body that is held), and a body that streams.
Task<Result<void>> send_rest(WorkerState& state, ClientConnection& client, ProxiedRequest& request,
                             Stream& upstream, std::string_view rest) {
  Deadline stall(state.worker().deadlines(), [&upstream] { upstream.close(); });
  stall.expires_after(state.shared().upstream_timeouts.first_byte);
  const error_code error = co_await upstream.write(rest);
  stall.disarm();
  if (error || !streams_body(request)) {
    co_return Result<void>();
  }
  co_return co_await stream_body(state, client, request, upstream, stall);
}

Task<Result<UpstreamAnswer>> exchange(WorkerState& state, ClientConnection& client,
                                      ProxiedRequest& request, Lease lease,
                                      const HeaderFields& impersonation, bool& may_retry) {
  // Since the decision it may have waited: for a body, a page before this one, a connection.
  if (auto still = still_allowed_now(state, client, request); !still) {
    co_return fail(std::move(still.error()));
  }
  auto head = upstream_head(client, request, lease, impersonation);
  if (!head) {
    co_return fail(std::move(head.error()));
  }
  if (request.body) {
    head->append(*request.body);
  }
  const std::size_t written = lease.stream().try_write(*head);
  if (written < head->size() || streams_body(request)) {
    auto sent = co_await send_rest(state, client, request, lease.stream(),
                                   std::string_view(*head).substr(written));
    if (!sent) {
      co_return fail(std::move(sent.error()));
    }
  }
  auto answer = co_await lease.read_head(request.info.method);
  if (!answer) {
    // A body that came from the client is gone: promised again, it would never come, and whatever
    // is sent on that connection next would be taken for it.
    may_retry =
        lease.reused() && lease.stale() && request.info.method == "GET" && !streams_body(request);
    co_return fail(std::move(answer.error()));
  }
  if (answer->status >= 500) {
    request.outcome = RequestOutcome::kUpstreamError;
  }
  co_return UpstreamAnswer{std::move(lease), std::move(*answer)};
}

}  // namespace

Task<Result<UpstreamAnswer>> forward(WorkerState& state, ClientConnection& client,
                                     ProxiedRequest& request) {
  const auto impersonation = impersonation_fields(request.principals(), request.grant());
  if (!impersonation) {
    co_return fail(impersonation.error());
  }
  if (!std::exchange(request.waited, true)) {  // once, also when a list is asked for page by page
    state.shared().metrics.overhead(Clock::now() - request.started);
  }
  auto mode = request.upgrade ? UpstreamPool::Mode::kFresh : UpstreamPool::Mode::kPooled;
  bool renewed_credential = false;
  for (;;) {
    auto lease = request.cluster->pool.lease_now(mode);
    if (!lease) {
      lease = co_await request.cluster->pool.lease(mode);
    }
    if (!*lease) {
      co_return fail(std::move(lease->error()));
    }
    bool may_retry = false;
    auto answer =
        co_await exchange(state, client, request, std::move(**lease), *impersonation, may_retry);
    if (!answer && may_retry && mode == UpstreamPool::Mode::kPooled) {
      mode = UpstreamPool::Mode::kFresh;
      continue;
    }
    // The credential is renewed also for a request that cannot be sent again: the next one may.
    if (answer && answer->head.status == 401 && !renewed_credential) {
      renewed_credential = true;
      const bool renewed = co_await request.cluster->endpoint->renew_credential(
          state.worker(), answer->lease.authorization());
      if (renewed && !streams_body(request)) {
        mode = UpstreamPool::Mode::kFresh;
        continue;
      }
    }
    co_return answer;
  }
}

}  // namespace postern::proxy
