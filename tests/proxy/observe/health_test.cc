#include "proxy/observe/health.h"

#include <doctest/doctest.h>
#include <string>

namespace postern::proxy {
namespace {

struct Checks {
  Metrics metrics;
  HealthRegistry health{&metrics};
  bool upstream = true;
  bool policy = true;

  Checks() {
    health.add_ready("policy", [this]() -> std::optional<std::string> {
      if (policy) return std::nullopt;
      return "roles.yaml has never been loaded";
    });
    health.add_live("event-loop", [] { return std::nullopt; });
    health.add_ready("upstream", [this]() -> std::optional<std::string> {
      if (upstream) return std::nullopt;
      return "mycluster: connection refused";
    });
  }
  std::string body(const std::string& target) { return health.answer(target).body; }
  unsigned status(const std::string& target) { return health.answer(target).status; }
};

TEST_CASE_FIXTURE(Checks, "healthy: kube-apiserver's words, byte for byte") {
  for (const char* path : {"/livez", "/readyz", "/healthz", "/livez?", "/livez?x=verbose"}) {
    CAPTURE(std::string(path));
    CHECK(status(path) == 200);
    CHECK(body(path) == "ok");
  }
  CHECK(body("/livez?verbose") == "[+]ping ok\n[+]event-loop ok\nlivez check passed\n");
  CHECK(body("/healthz?verbose=false") == "[+]ping ok\n[+]event-loop ok\nhealthz check passed\n");
  CHECK(body("/readyz?verbose") ==
        "[+]ping ok\n[+]event-loop ok\n[+]policy ok\n[+]upstream ok\n[+]shutdown ok\n"
        "readyz check passed\n");
}

TEST_CASE_FIXTURE(Checks, "a failure is 500, verbose, and keeps its reason for the log") {
  upstream = false;
  const HealthAnswer answer = health.answer("/readyz");
  CHECK(answer.status == 500);
  CHECK(answer.body ==
        "[+]ping ok\n[+]event-loop ok\n[+]policy ok\n[-]upstream failed: reason withheld\n"
        "[+]shutdown ok\nreadyz check failed\n");
  CHECK(answer.reasons == "upstream: mycluster: connection refused");
  policy = false;
  CHECK(health.answer("/readyz").reasons ==
        "policy: roles.yaml has never been loaded; upstream: mycluster: connection refused");
  CHECK(status("/livez") == 200);
  CHECK(status("/healthz") == 200);
  CHECK(metrics.serialize().find("postern_healthcheck{name=\"upstream\"} 0\n") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Checks, "warnings are shown by a verbose readyz, and fail nothing") {
  health.set_warnings([] { return std::vector<std::string>{"RightMissing: a\nb", "second"}; });
  CHECK(body("/readyz") == "ok");
  const std::string verbose = body("/readyz?verbose");
  CHECK(verbose.find("warn: RightMissing: a\\x0ab\nwarn: second\nreadyz check passed\n") !=
        std::string::npos);
  CHECK(body("/livez?verbose").find("warn:") == std::string::npos);
}

TEST_CASE_FIXTURE(Checks, "exclude: repeatable, and unknown names warn") {
  upstream = false;
  policy = false;
  CHECK(status("/readyz?exclude=upstream") == 500);
  CHECK(body("/readyz?exclude=upstream&exclude=policy") == "ok");
  CHECK(body("/readyz?verbose&exclude=upstream&exclude=policy&exclude=zzz&exclude=a%22b") ==
        "[+]ping ok\n[+]event-loop ok\n[+]policy excluded: ok\n[+]upstream excluded: ok\n"
        "[+]shutdown ok\n"
        "warn: some health checks cannot be excluded: no matches for \"a\\\"b\",\"zzz\"\n"
        "readyz check passed\n");
  CHECK(body("/livez?verbose&exclude=upstream") ==
        "[+]ping ok\n[+]event-loop ok\n"
        "warn: some health checks cannot be excluded: no matches for \"upstream\"\n"
        "livez check passed\n");
}

TEST_CASE_FIXTURE(Checks, "one check alone") {
  CHECK(body("/livez/ping") == "ok");
  CHECK(body("/readyz/upstream") == "ok");
  upstream = false;
  CHECK(status("/readyz/upstream") == 500);
  CHECK(body("/readyz/upstream") == "internal server error: reason withheld\n");
  CHECK(health.answer("/readyz/upstream").reasons == "upstream: mycluster: connection refused");
  for (const char* path : {"/livez/upstream", "/readyz/nothing", "/readyz/", "/livez/ping/x",
                           "/livezz", "/", "/metrics", "", "/Livez"}) {
    CAPTURE(std::string(path));
    CHECK(status(path) == 404);
  }
}

TEST_CASE_FIXTURE(Checks, "a report is told and fails nothing but the question about itself") {
  bool reachable = false;
  health.add_report("cluster-b", [&]() -> std::optional<std::string> {
    if (reachable) return std::nullopt;
    return "connecting to the cluster took too long";
  });
  CHECK(body("/readyz") == "ok");
  CHECK(body("/readyz?verbose") ==
        "[+]ping ok\n[+]event-loop ok\n[+]policy ok\n[+]upstream ok\n"
        "[-]cluster-b failed, not needed: reason withheld\n[+]shutdown ok\nreadyz check passed\n");
  CHECK(body("/livez?verbose").find("cluster-b") == std::string::npos);
  CHECK(status("/readyz/cluster-b") == 500);
  CHECK(metrics.serialize().find("postern_healthcheck{name=\"cluster-b\"} 0\n") !=
        std::string::npos);
  reachable = true;
  CHECK(body("/readyz/cluster-b") == "ok");
}

TEST_CASE_FIXTURE(Checks, "shutting down: not ready, but alive") {
  health.start_shutdown();
  CHECK(status("/livez") == 200);
  CHECK(status("/healthz") == 200);
  CHECK(status("/readyz") == 500);
  CHECK(body("/readyz").find("[-]shutdown failed: reason withheld\nreadyz check failed\n") !=
        std::string::npos);
}

TEST_CASE("which paths are about health") {
  CHECK(HealthRegistry::is_health_path("/livez"));
  CHECK(HealthRegistry::is_health_path("/readyz/x"));
  CHECK_FALSE(HealthRegistry::is_health_path("/livezx"));
  CHECK_FALSE(HealthRegistry::is_health_path("/"));
}

}  // namespace
}  // namespace postern::proxy
