#include "proxy/upstream/pool_core.h"
#include "proxy/upstream/receive.h"

#include <utility>

// Tested by tests/proxy/upstream/pool_test.cc, lease_test.cc
namespace postern::proxy {
namespace {

constexpr int kMaxInterimHeads = 8;
/// An answer to a write has a Warning line for each field that the API server does not know.
constexpr http::HeadLimits kLimits{.max_fields = 1000};

bool is_interim(unsigned status) {
  return status >= 100 && status < 200 && status != 101;
}

/// Whatever it says: the API server is there.
void note_answer(const PoolCore& pool, unsigned status, Clock::duration duration) {
  pool.endpoint->health().answered();
  if (pool.hooks.metrics != nullptr) pool.hooks.metrics->answered(status, duration);
}

}  // namespace

Lease::State::State(std::shared_ptr<PoolCore> from, std::unique_ptr<PooledConnection> lent,
                    bool from_pool, std::shared_ptr<const ClusterEndpoint::Access> by)
    : pool(std::move(from)), connection(std::move(lent)), reused(from_pool), access(std::move(by)) {
  ++pool->leased;
  if (pool->hooks.metrics != nullptr) {
    connection->counted = pool->hooks.metrics->connection(UpstreamConnectionState::kLeased);
  }
}

Lease::State::~State() {
  --pool->leased;
  if (connection) connection->stream->close();
}

Lease::Lease(std::unique_ptr<State> state) : state_(std::move(state)) {}
Lease::Lease(Lease&&) noexcept = default;
Lease& Lease::operator=(Lease&&) noexcept = default;
Lease::~Lease() = default;

Stream& Lease::stream() {
  return *state_->connection->stream;
}
std::string& Lease::pending() {
  return state_->pending;
}
bool Lease::reused() const {
  return state_->reused;
}
bool Lease::stale() const {
  return state_->stale;
}
const std::optional<std::string>& Lease::authorization() const {
  return state_->access->authorization;
}

Task<Result<http::ResponseHead>> Lease::read_head(std::string_view request_method) {
  const std::string method(request_method);
  State& state = *state_;
  Stream& stream = *state.connection->stream;
  PoolCore& pool = *state.pool;
  const auto sent = Clock::now();
  bool nothing_came = state.pending.empty();
  int interim_heads = 0;
  std::size_t scanned = 0;
  Deadline first_byte(pool.worker.deadlines(), [&stream] { stream.close(); });
  first_byte.expires_after(pool.timeouts.first_byte);
  for (;;) {
    const std::size_t size = http::find_head_end(state.pending, scanned);
    if (size != 0) {
      auto head = http::parse_response_head(std::string_view(state.pending).substr(0, size), method,
                                            kLimits);
      state.pending.erase(0, size);
      scanned = 0;
      if (head && is_interim(head->status) && ++interim_heads <= kMaxInterimHeads) continue;
      if (head && is_interim(head->status)) {
        co_return fail(kube::Status::bad_gateway("the cluster sent too many interim answers"));
      }
      if (head) note_answer(pool, head->status, Clock::now() - sent);
      co_return head;
    }
    if (state.pending.size() > kLimits.max_bytes) {
      co_return fail(kube::Status::bad_gateway("the cluster sent too long a response head"));
    }
    const error_code error = co_await stream.wait_readable();
    const auto arrival =
        error ? Arrival::kError : receive_now(stream, pool.worker.buffers(), state.pending);
    if (arrival == Arrival::kNothing) continue;
    if (arrival == Arrival::kData) {
      nothing_came = false;
      continue;
    }
    if (first_byte.expired()) {
      co_return fail(kube::Status::gateway_timeout("the cluster took too long to answer"));
    }
    state.stale = nothing_came;
    co_return fail(
        kube::Status::bad_gateway("the cluster closed the connection without answering"));
  }
}

void Lease::give_back() {
  if (!state_->connection) return;
  std::unique_ptr<PooledConnection> connection = std::move(state_->connection);
  if (!state_->pending.empty()) {  // bytes behind the message: what they would answer is unknown
    connection->stream->close();
    return;
  }
  state_->pool->put_idle(std::move(connection));
}

}  // namespace postern::proxy
