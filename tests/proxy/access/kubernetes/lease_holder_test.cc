#include "proxy/access/kubernetes/lease_holder.h"

#include "tests/proxy/upstream/upstream_fixture.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>

using namespace postern::proxy;
using namespace postern::proxy::access;
using nlohmann::json;
using postern::proxy::test::answering;
using postern::proxy::test::ServerConnection;
using postern::proxy::test::UpstreamFixture;
using std::chrono::milliseconds;

namespace {

/// An API server that keeps one Lease, with optimistic concurrency.
class LeaseServer {
 public:
  void serve(const std::string& request, ServerConnection& to) {
    const std::lock_guard lock(mutex_);
    if (away_) return to.answer(500, R"({"kind":"Status","message":"etcd is away"})");
    if (request.starts_with("GET ")) {
      return lease_.is_null() ? to.answer(404, "{}") : to.answer(200, lease_.dump());
    }
    json sent = json::parse(request.substr(request.find("\r\n\r\n") + 4));
    const bool creates = request.starts_with("POST ");
    const bool fits = creates ? lease_.is_null()
                              : !lease_.is_null() && sent["metadata"]["resourceVersion"] ==
                                                         lease_["metadata"]["resourceVersion"];
    if (!fits) return to.answer(409, R"({"kind":"Status","reason":"Conflict"})");
    sent["metadata"]["resourceVersion"] = std::to_string(++version_);
    lease_ = std::move(sent);
    to.answer(creates ? 201 : 200, lease_.dump());
  }
  json spec() const {
    const std::lock_guard lock(mutex_);
    return lease_.is_null() ? json::object() : lease_["spec"];
  }
  void go_away(bool away) {
    const std::lock_guard lock(mutex_);
    away_ = away;
  }

 private:
  mutable std::mutex mutex_;
  json lease_;
  int version_ = 0;
  bool away_ = false;
};

/// A replica on a loop of its own, which lives only while the test runs it.
struct Replica {
  Replica(UpstreamFixture& cluster, const std::string& identity,
          milliseconds retry = milliseconds(20))
      : pool(worker, cluster.endpoint, {}, cluster.logged.hooks()),
        lease(pool, {.in_namespace = "postern",
                     .identity = identity,
                     .changed = [this](bool held) { told.push_back(held); },
                     .duration = milliseconds(1500),
                     .renew_deadline = milliseconds(1000),
                     .retry_period = retry}) {
    asio::co_spawn(worker.executor(), lease.run(), asio::detached);
  }
  /// Lives until then; false when that does not come.
  bool lives_until(const std::function<bool()>& done) {
    const auto limit = Clock::now() + std::chrono::seconds(10);
    while (!done() && Clock::now() < limit) lives_for(milliseconds(5));
    return done();
  }
  void lives_for(milliseconds time) {
    worker.context().restart();
    worker.context().run_for(time);
  }

  Worker worker{0};
  UpstreamPool pool;
  std::vector<bool> told;
  LeaseHolder lease;
};

struct Cluster {
  LeaseServer server;
  UpstreamFixture fixture{answering(
      [this](const std::string& request, ServerConnection& to) { server.serve(request, to); })};
};

Task<void> release(LeaseHolder& lease, bool& done) {
  co_await lease.release();
  done = true;
}

}  // namespace

TEST_CASE("lease: the first one holds it, another one waits as long as it is renewed") {
  Cluster cluster;
  Replica one(cluster.fixture, "one");
  Replica other(cluster.fixture, "other");
  REQUIRE(one.lives_until([&] { return one.lease.held(); }));
  CHECK(cluster.server.spec()["holderIdentity"] == "one");
  CHECK(cluster.server.spec()["leaseTransitions"] == 0);
  for (int i = 0; i < 80; ++i) {  // longer than the lease
    one.lives_for(milliseconds(10));
    other.lives_for(milliseconds(10));
  }
  CHECK_FALSE(other.lease.held());
  CHECK(other.told.empty());
  CHECK(cluster.server.spec()["holderIdentity"] == "one");
}

TEST_CASE("lease: whoever held it dies, another one takes over, and there are never two") {
  Cluster cluster;
  Replica one(cluster.fixture, "one");
  Replica other(cluster.fixture, "other");
  REQUIRE(one.lives_until([&] { return one.lease.held(); }));
  // From here on `one` is as good as dead.
  REQUIRE(other.lives_until([&] { return other.lease.held(); }));
  CHECK_FALSE(one.lease.held());
  CHECK(cluster.server.spec()["holderIdentity"] == "other");
  CHECK(cluster.server.spec()["leaseTransitions"] == 1);
  CHECK(other.told == std::vector<bool>{true});
  // It comes back, and finds that it leads no longer.
  REQUIRE(one.lives_until([&] { return one.told.size() == 2; }));
  CHECK_FALSE(one.told.back());
  CHECK_FALSE(one.lease.held());
}

TEST_CASE("lease: what is given up is another one's at once") {
  Cluster cluster;
  Replica one(cluster.fixture, "one", std::chrono::minutes(1));
  REQUIRE(one.lives_until([&] { return one.lease.held(); }));
  bool released = false;
  asio::co_spawn(one.worker.executor(), release(one.lease, released), asio::detached);
  REQUIRE(one.lives_until([&] { return released; }));
  CHECK_FALSE(one.lease.held());
  CHECK(cluster.server.spec()["holderIdentity"] == "");
  Replica other(cluster.fixture, "other", std::chrono::minutes(1));
  REQUIRE(other.lives_until([&] { return !other.told.empty(); }));  // its first and only try
  CHECK(other.lease.held());
}

TEST_CASE("lease: an API server that does not answer is no leader's") {
  Cluster cluster;
  Replica one(cluster.fixture, "one");
  REQUIRE(one.lives_until([&] { return one.lease.held(); }));
  cluster.server.go_away(true);
  REQUIRE(one.lives_until([&] { return one.told.size() == 2; }));
  CHECK_FALSE(one.lease.held());
  CHECK(one.lease.fault());
  cluster.server.go_away(false);
  REQUIRE(one.lives_until([&] { return one.lease.held(); }));
  CHECK_FALSE(one.lease.fault());
  CHECK(cluster.server.spec()["leaseTransitions"] == 0);
}
