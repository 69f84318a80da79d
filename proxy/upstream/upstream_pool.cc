#include "proxy/upstream/connect.h"
#include "proxy/upstream/pool_core.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <utility>

// Tested by tests/proxy/upstream/pool_test.cc
namespace postern::proxy {
namespace {

/// Idle connections that one worker keeps: more than its clients use at once are rarely needed
/// again.
constexpr std::size_t kMaxIdle = 256;
/// kube-apiserver closes idle connections after 90 s (its http.Server's IdleTimeout): we are first.
constexpr std::chrono::seconds kMaxIdleTime{60};
/// Load balancers in front of several API servers spread connections, not calls.
constexpr std::chrono::minutes kMaxAge{15};
constexpr std::chrono::milliseconds kSweepInterval{10000};

/// Whether the socket itself has neither bytes nor an end to tell.
bool is_silent(Stream& stream) {
  char byte = 0;
  const auto result =
      recv(stream.socket().native_handle(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
  return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/// Nothing may come on a connection between two exchanges: an end, an error, or bytes that nobody
/// asked for. TLS session tickets are taken in here, some may arrive while we look; what a read
/// leaves in the socket all the same is too much.
bool is_quiet(Stream& stream) {
  for (int look = 0; look < 3 && stream.is_open(); ++look) {
    const bool buffered = stream.tls() != nullptr && SSL_has_pending(stream.tls()) != 0;
    if (!buffered && is_silent(stream)) return true;
    std::array<char, 64> bytes{};
    if (stream.try_read(bytes).status != Stream::ReadStatus::kWouldBlock) return false;
  }
  return false;
}

}  // namespace

PoolCore::PoolCore(Worker& on, std::shared_ptr<const ClusterEndpoint> to, UpstreamTimeouts limits,
                   UpstreamHooks told)
    : worker(on),
      endpoint(std::move(to)),
      timeouts(limits),
      hooks(std::move(told)),
      access_reader(endpoint->accesses()),
      sweep(on.deadlines(), [this] { close_idle(false); }) {}

const std::shared_ptr<const ClusterEndpoint::Access>& PoolCore::access() {
  endpoint->check_files_if_due();
  return access_reader.get();
}

bool PoolCore::usable(const PooledConnection& connection) {
  const auto now = Clock::now();
  return now - connection.idle_since < kMaxIdleTime && now - connection.opened < kMaxAge &&
         connection.tls_generation == access()->tls_generation && is_quiet(*connection.stream);
}

std::unique_ptr<PooledConnection> PoolCore::take_idle() {
  while (!idle.empty()) {
    std::unique_ptr<PooledConnection> connection = std::move(idle.back());
    idle.pop_back();
    if (usable(*connection)) return connection;
    connection->stream->close();
  }
  return nullptr;
}

void PoolCore::put_idle(std::unique_ptr<PooledConnection> connection) {
  connection->idle_since = Clock::now();
  if (closed || !connection->stream->is_open()) {
    connection->stream->close();
    return;
  }
  if (hooks.metrics != nullptr) {
    connection->counted = hooks.metrics->connection(UpstreamConnectionState::kIdle);
  }
  idle.push_back(std::move(connection));
  if (idle.size() > kMaxIdle) {
    idle.front()->stream->close();
    idle.erase(idle.begin());
  }
  if (idle.size() == 1) sweep.expires_after(kSweepInterval);
}

void PoolCore::close_idle(bool all) {
  const auto last = std::stable_partition(idle.begin(), idle.end(),
                                          [&](const auto& each) { return !all && usable(*each); });
  std::for_each(last, idle.end(), [](const auto& each) { each->stream->close(); });
  idle.erase(last, idle.end());
  if (idle.empty()) {
    sweep.disarm();
  } else {
    sweep.expires_after(kSweepInterval);
  }
}

struct UpstreamPool::Impl {
  std::shared_ptr<PoolCore> core;
};

UpstreamPool::UpstreamPool(Worker& worker, std::shared_ptr<const ClusterEndpoint> endpoint,
                           UpstreamTimeouts timeouts, UpstreamHooks hooks)
    : impl_(std::make_unique<Impl>()) {
  impl_->core = std::make_shared<PoolCore>(worker, std::move(endpoint), timeouts, std::move(hooks));
}

UpstreamPool::~UpstreamPool() {
  impl_->core->closed = true;
  impl_->core->close_idle(true);
}

void UpstreamPool::close_idle(bool all) {
  impl_->core->close_idle(all);
}
std::size_t UpstreamPool::idle() const {
  return impl_->core->idle.size();
}
std::size_t UpstreamPool::leased() const {
  return impl_->core->leased;
}
const ClusterEndpoint& UpstreamPool::endpoint() const {
  return *impl_->core->endpoint;
}
UpstreamTimeouts UpstreamPool::timeouts() const {
  return impl_->core->timeouts;
}
const UpstreamHooks& UpstreamPool::hooks() const {
  return impl_->core->hooks;
}
Worker& UpstreamPool::worker() const {
  return impl_->core->worker;
}

std::optional<Result<Lease>> UpstreamPool::lease_now(Mode mode) {
  PoolCore& core = *impl_->core;
  const auto& access = core.access();
  if (core.endpoint->needs_issued_token() && !access->authorization) {
    return fail(kube::Status::unavailable(
        "postern has no token yet by which it may act in users' names at the cluster"));
  }
  if (mode == Mode::kPooled) {
    if (auto connection = core.take_idle()) {
      return Lease(
          std::make_unique<Lease::State>(impl_->core, std::move(connection), true, core.access()));
    }
  }
  return std::nullopt;
}

Task<Result<Lease>> UpstreamPool::lease(Mode mode) {
  if (auto leased = lease_now(mode)) co_return std::move(*leased);
  const std::shared_ptr<PoolCore> core = impl_->core;  // `this` may be gone after a suspension
  const auto access = core->access();
  auto opened = co_await open_connection(core->worker, *core->endpoint, access,
                                         core->timeouts.connect, core->hooks);
  if (!opened) co_return fail(std::move(opened.error()));
  auto connection = std::make_unique<PooledConnection>();
  connection->stream = std::move(*opened);
  connection->opened = Clock::now();
  connection->tls_generation = access->tls_generation;
  co_return Lease(std::make_unique<Lease::State>(core, std::move(connection), false, access));
}

}  // namespace postern::proxy
