#pragma once

#include "proxy/net/stream.h"
#include "proxy/net/worker.h"
#include "proxy/observe/cluster_metrics.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "proxy/upstream/upstream.h"

#include <memory>
#include <vector>

namespace postern::proxy {

/// An open connection and what the pool remembers of it.
struct PooledConnection {
  std::unique_ptr<Stream> stream;
  Clock::time_point opened;
  Clock::time_point idle_since;
  /// ClusterEndpoint::Access::tls_generation that it was opened with: after the client certificate
  /// or the CA changed, older connections serve no further call.
  std::uint64_t tls_generation = 0;
  GaugeHold counted;
};

/// The inside of an UpstreamPool, which its leases share: they may outlive it.
struct PoolCore {
  PoolCore(Worker& on, std::shared_ptr<const ClusterEndpoint> to, UpstreamTimeouts limits,
           UpstreamHooks told);

  /// The most recently used idle connection that is still alive; those that are not, or are too
  /// old, are closed on the way.
  std::unique_ptr<PooledConnection> take_idle();
  void put_idle(std::unique_ptr<PooledConnection> connection);
  void close_idle(bool all);
  /// What new connections and calls need now.
  const std::shared_ptr<const ClusterEndpoint::Access>& access();

  Worker& worker;
  std::shared_ptr<const ClusterEndpoint> endpoint;
  UpstreamTimeouts timeouts;
  UpstreamHooks hooks;
  SnapshotReader<ClusterEndpoint::Access> access_reader;
  std::vector<std::unique_ptr<PooledConnection>> idle;  ///< the most recently used one is last
  std::size_t leased = 0;
  bool closed = false;  ///< the pool is gone: what comes back is closed
  Deadline sweep;       ///< armed while there are idle connections

 private:
  bool usable(const PooledConnection& connection);
};

struct Lease::State {
  State(std::shared_ptr<PoolCore> from, std::unique_ptr<PooledConnection> lent, bool from_pool,
        std::shared_ptr<const ClusterEndpoint::Access> by);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::shared_ptr<PoolCore> pool;
  std::unique_ptr<PooledConnection> connection;
  std::string pending;
  bool reused;
  bool stale = false;
  std::shared_ptr<const ClusterEndpoint::Access> access;
};

}  // namespace postern::proxy
