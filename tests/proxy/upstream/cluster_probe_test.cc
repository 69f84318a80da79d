#include "proxy/upstream/cluster_probe.h"

#include "upstream_fixture.h"

#include <atomic>
#include <thread>

namespace postern::proxy::test {
namespace {

using namespace std::chrono_literals;

/// A probe on a worker of its own, of a server whose answer can be changed.
class RunningProbe {
 public:
  RunningProbe()
      : server_(answering([this](const std::string& request, ServerConnection& connection) {
          asked_readyz = first_words(request) == "GET /readyz";
          if (status == 0) return connection.wait_for_end();
          connection.answer(status, "ok");
        })),
        endpoint(make_endpoint(endpoint_source(server_.port()))),
        probe_(worker_, endpoint, options()),
        thread_([this] { worker_.run(); }) {
    probe_.start();
  }
  ~RunningProbe() {
    probe_.stop();
    worker_.stop();
    thread_.join();
  }
  RunningProbe(const RunningProbe&) = delete;
  RunningProbe& operator=(const RunningProbe&) = delete;

  void wait_until(const std::function<bool()>& condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(5ms);
    REQUIRE(condition());
  }
  bool shows(const std::string& series) const {
    return metrics_.serialize().find(series + "\n") != std::string::npos;
  }

  std::atomic<unsigned> status{200};  ///< 0: never answers
  std::atomic<bool> asked_readyz{false};
  std::atomic<int> came{0};
  std::atomic<int> went{0};
  LoggedLines logged;

 private:
  ClusterProbeOptions options() {
    ClusterProbeOptions options;
    options.cluster = "mycluster";
    options.interval = 5ms;
    options.retry = 5ms;
    options.timeout = 200ms;
    options.hooks = logged.hooks(&metrics_);
    options.on_change = [this](bool reachable) { ++(reachable ? came : went); };
    return options;
  }

  Metrics metrics_;
  ScriptedServer server_;

 public:
  std::shared_ptr<const ClusterEndpoint> endpoint;

 private:
  Worker worker_{0};
  ClusterProbe probe_;
  std::thread thread_;
};

TEST_CASE("probe: a cluster that answers, goes and comes again") {
  RunningProbe probe;
  probe.wait_until([&] { return probe.came == 1; });
  CHECK(probe.asked_readyz);
  CHECK_FALSE(probe.endpoint->health().problem());
  CHECK(probe.shows(R"(postern_cluster_reachable{cluster="mycluster"} 1)"));
  CHECK(probe.logged.size() == 0);

  probe.status = 500;
  probe.wait_until([&] { return probe.went == 1; });
  CHECK(probe.endpoint->health().problem() == "its /readyz says 500");
  CHECK(probe.shows(R"(postern_cluster_reachable{cluster="mycluster"} 0)"));
  CHECK_FALSE(probe.endpoint->health().silent());
  CHECK(probe.logged.contain("mycluster cannot be reached: its /readyz says 500"));

  probe.status = 200;
  probe.wait_until([&] { return probe.came == 2; });
  CHECK(probe.logged.contain("mycluster can be reached again"));
}

TEST_CASE("probe: who may not ask for health may still serve, who refuses the credential not") {
  RunningProbe probe;
  probe.status = 403;
  probe.wait_until([&] { return probe.came == 1; });
  probe.status = 401;
  probe.wait_until([&] { return probe.went == 1; });
  CHECK(probe.endpoint->health().problem()->find("credential") != std::string::npos);
}

TEST_CASE("probe: a server that never answers is silent until it does") {
  RunningProbe probe;
  probe.status = 0;
  probe.wait_until([&] { return probe.endpoint->health().silent(); });
  probe.wait_until([&] { return probe.went == 1; });
  probe.status = 200;
  probe.wait_until([&] { return !probe.endpoint->health().silent(); });
  probe.wait_until([&] { return probe.came >= 1; });
}

}  // namespace
}  // namespace postern::proxy::test
