#pragma once

#include "proxy/observe/cluster_metrics.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "proxy/upstream/upstream.h"
#include "scripted_server.h"
#include "tests/proxy/net/net_fixture.h"

#include <doctest/doctest.h>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace postern::proxy::test {

/// What the code under test logged.
class LoggedLines {
 public:
  /// Counts into `metrics` as the cluster `mycluster`, where there is any.
  UpstreamHooks hooks(Metrics* metrics = nullptr);
  bool contain(const std::string& text) const;
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::optional<ClusterMetrics> metrics_;
};

/// An endpoint at 127.0.0.1 that trusts the test's authority and shows a token.
EndpointSource endpoint_source(std::uint16_t port, const std::string& token = "postern-token");
std::shared_ptr<const ClusterEndpoint> make_endpoint(EndpointSource source,
                                                     UpstreamHooks hooks = {});

/// A worker that the test runs by itself, and a pool to a scripted server.
struct UpstreamFixture {
  explicit UpstreamFixture(ScriptedServer::Script script, UpstreamTimeouts timeouts = {});

  /// Runs a coroutine to its end.
  void run(Task<void> task) { REQUIRE(Run(worker).add(std::move(task))()); }
  Result<FetchedResponse> get(const std::string& target);

  Worker worker{0};
  ScriptedServer server;
  LoggedLines logged;
  std::shared_ptr<const ClusterEndpoint> endpoint;
  UpstreamPool pool;
};

/// Makes a directory of its own and removes it with what is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  /// Replaces a file as a whole, so that its inode changes.
  void put(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

}  // namespace postern::proxy::test
