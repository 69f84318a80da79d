#include "proxy/net/worker.h"
#include "proxy/observe/metrics.h"
#include "proxy/observe/version.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "proxy/upstream/fetch_errors.h"
#include "proxy/upstream/receive.h"
#include "proxy/upstream/request_builder.h"
#include "proxy/upstream/upstream.h"

#include <algorithm>
#include <utility>

// Tested by tests/proxy/upstream/fetch_test.cc
namespace postern::proxy {
namespace {

/// One call of postern's own, as it is sent however often.
struct Call {
  std::string method;
  std::string target;
  HeaderFields fields;
  std::string body;
  std::size_t max_bytes;
};

bool has_audit_id(const HeaderFields& fields) {
  return std::any_of(fields.begin(), fields.end(),
                     [](const auto& field) { return field.first == "Audit-ID"; });
}

bool is_identity(const std::string& name) {
  return name.starts_with("Impersonate-");
}

std::string build_message(const Call& call, const ClusterEndpoint& endpoint,
                          const std::optional<std::string>& authorization) {
  http::HeadWriter out = http::HeadWriter::request(call.method, endpoint.base_path() + call.target);
  out.field("Host", endpoint.host_header());
  out.field("User-Agent", std::string("postern/") + version());
  out.field("Accept-Encoding", "identity");
  for (const auto& [name, value] : call.fields) {
    if (!is_identity(name)) out.field(name, value);
  }
  if (!call.body.empty()) out.content_length(call.body.size());
  if (!has_audit_id(call.fields)) out.field("Audit-ID", make_audit_id());
  if (authorization) out.field("Authorization", *authorization);
  for (const auto& [name, value] : call.fields) {
    if (is_identity(name)) out.field(name, value);
  }
  return out.take() + call.body;
}

/// Decodes what has come so far. False: more is needed.
Result<bool> take_body(http::BodyDecoder& decoder, std::string& pending, std::size_t max_bytes,
                       std::string& body) {
  std::size_t used = 0;
  while (used < pending.size() && !decoder.done()) {
    std::size_t consumed = 0;
    const auto piece = decoder.decode(std::string_view(pending).substr(used), consumed);
    if (!piece) return fail(kube::Status::bad_gateway("the cluster's answer is malformed"));
    used += consumed;
    body.append(*piece);
    if (body.size() > max_bytes) {
      return fail(kube::Status::bad_gateway(std::string(kAnswerTooLong)));
    }
    if (consumed == 0) break;
  }
  pending.erase(0, used);
  return decoder.done();
}

Task<Result<std::string>> read_body(Worker& worker, Lease& lease, const http::ResponseHead& head,
                                    std::size_t max_bytes, std::chrono::milliseconds limit) {
  Stream& stream = lease.stream();
  Deadline deadline(worker.deadlines(), [&stream] { stream.close(); });
  deadline.expires_after(limit);
  http::BodyDecoder decoder(head.framing, head.content_length);
  std::string body;
  for (;;) {
    const auto done = take_body(decoder, lease.pending(), max_bytes, body);
    if (!done) co_return fail(done.error());
    if (*done) co_return body;
    const Arrival arrival = co_await receive(stream, worker.buffers(), lease.pending());
    if (arrival == Arrival::kData) continue;
    if (arrival == Arrival::kEnd && decoder.finish()) co_return body;
    co_return fail(deadline.expired()
                       ? kube::Status::gateway_timeout("the cluster took too long to answer")
                       : kube::Status::bad_gateway("the cluster's answer broke off"));
  }
}

/// What a failed write means, the answer says: a server may refuse without reading everything.
Task<void> send(UpstreamPool& pool, Lease& lease, const std::string& message) {
  Stream& stream = lease.stream();
  Deadline deadline(pool.worker().deadlines(), [&stream] { stream.close(); });
  deadline.expires_after(pool.timeouts().first_byte);
  const error_code error = co_await stream.write(message);
  static_cast<void>(error);
}

struct Attempt {
  Result<FetchedResponse> answer;
  bool stale = false;  ///< nothing of it may have been seen by the cluster
};

Task<Attempt> attempt(UpstreamPool& pool, const Call& call, UpstreamPool::Mode mode) {
  auto lease = co_await pool.lease(mode);
  if (!lease) co_return Attempt{fail(lease.error())};
  const std::string message = build_message(call, pool.endpoint(), lease->authorization());
  co_await send(pool, *lease, message);
  auto head = co_await lease->read_head(call.method);
  if (!head) co_return Attempt{fail(head.error()), lease->reused() && lease->stale()};
  auto body =
      co_await read_body(pool.worker(), *lease, *head, call.max_bytes, pool.timeouts().first_byte);
  if (!body) co_return Attempt{fail(body.error())};
  if (head->keep_alive) lease->give_back();
  FetchedResponse response{head->status, std::string(head->fields.get("Content-Type").value_or("")),
                           std::string(head->fields.get("ETag").value_or("")),
                           std::string(head->fields.get("Date").value_or("")), std::move(*body)};
  co_return Attempt{std::move(response)};
}

Task<Result<FetchedResponse>> attempt_with_retry(UpstreamPool& pool, const Call& call) {
  Attempt first = co_await attempt(pool, call, UpstreamPool::Mode::kPooled);
  if (!first.stale) co_return std::move(first.answer);
  Attempt second = co_await attempt(pool, call, UpstreamPool::Mode::kFresh);
  co_return std::move(second.answer);
}

}  // namespace

Task<Result<FetchedResponse>> fetch(UpstreamPool& pool, std::string_view method, std::string target,
                                    std::vector<std::pair<std::string, std::string>> fields,
                                    std::string body, std::size_t max_bytes) {
  const Call call{std::string(method), std::move(target), std::move(fields), std::move(body),
                  max_bytes};
  const auto access = pool.endpoint().access();
  auto answer = co_await attempt_with_retry(pool, call);
  if (!answer || answer->status != 401) co_return answer;
  const bool renewed =
      co_await pool.endpoint().renew_credential(pool.worker(), access->authorization);
  if (renewed) {
    answer = co_await attempt_with_retry(pool, call);
    if (!answer || answer->status != 401) co_return answer;
  }
  co_return fail(kube::Status::bad_gateway(
      "the cluster does not accept postern's own credential: it has expired or is of no account"));
}

}  // namespace postern::proxy
