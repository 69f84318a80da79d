#include "proxy/self_check.h"

#include "proxy/observe/cluster_metrics.h"
#include "tests/proxy/upstream/upstream_fixture.h"

#include <atomic>
#include <optional>

namespace postern::proxy::test {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

TEST_CASE("clocks: a difference that counts, both ways") {
  const system_clock::time_point server{seconds(1'000'000)};
  const auto at = [&](int difference) {
    return clock_problem("staging", server + seconds(difference), server, seconds(5));
  };
  CHECK_FALSE(at(0));
  CHECK_FALSE(at(5));
  CHECK_FALSE(at(-5));
  REQUIRE(at(7));
  CHECK(at(7)->reason == "ClockSkew");
  CHECK(
      at(7)->message.starts_with("the clock of this host is 7 s ahead of that of the API server"));
  CHECK(at(-90)->message.starts_with("the clock of this host is 90 s behind that"));
}

TEST_CASE("certificates that have ended, or are about to") {
  Metrics metrics;
  const system_clock::time_point now{seconds(1'000'000'000)};
  metrics.certificate_expires(CertificateUse::kServing, now - seconds(1));
  metrics.certificate_expires(CertificateUse::kClientCA, now + std::chrono::hours(23));
  ClusterMetrics of_cluster(metrics, "staging");
  of_cluster.certificate_expires(now + std::chrono::hours(25));
  const auto problems = certificate_problems(metrics, now);
  REQUIRE(problems.size() == 2);
  CHECK(problems[0] == Problem{"CertificateExpires",
                               "the certificate in use as client_ca ends at "
                               "2001-09-10T00:46:40Z"});
  CHECK(problems[1].reason == "CertificateExpired");
}

TEST_CASE("a store that cannot be used") {
  CHECK(store_problems(std::nullopt).empty());
  CHECK(store_problems("nobody answers") ==
        std::vector<Problem>{{"StoreUnavailable", "the store of access requests: nobody answers"}});
}

std::string review(bool allowed) {
  return std::string(R"({"kind":"SelfSubjectAccessReview","status":{"allowed":)") +
         (allowed ? "true" : "false") + "}}";
}

Task<void> check_into(ClusterSelfCheck& check, std::vector<Problem>& into) {
  into = co_await check.check();
}

struct CheckFixture : UpstreamFixture {
  explicit CheckFixture(ScriptedServer::Script script)
      : UpstreamFixture(std::move(script)), board(log) {
    KubeClusterConfiguration& cluster = configuration.kube_clusters.emplace_back();
    cluster.name = "staging";
    configuration.authentication.token_review =
        TokenReviewConfiguration{"staging", {"postern"}, {}};
    policy.publish(std::make_shared<const rbac::Policy>(
        "postern", std::vector<rbac::Role>{}, std::vector<rbac::User>{},
        std::map<std::string, std::vector<std::string>>{}, rbac::ImpersonationLimits{}));
  }
  std::vector<Problem> check() {
    ClusterSelfCheck one(worker, configuration, configuration.kube_clusters[0],
                         {endpoint, endpoint}, logged.hooks(), policy, board);
    std::vector<Problem> found;
    run(check_into(one, found));
    return found;
  }
  Log log{LogOptions{LogLevel::kError, LogFormat::kJson, [](std::string_view) {}}};
  SelfCheckBoard board;
  ProxyConfiguration configuration;
  Snapshot<rbac::Policy> policy;
};

TEST_CASE("self-check: nothing is wrong") {
  CheckFixture fixture(answering([](const std::string& request, ServerConnection& to) {
    to.answer(200, request.starts_with("GET") ? "{}" : review(true));
  }));
  CHECK(fixture.check().empty());
}

TEST_CASE("self-check: what is missing, for whom, and the rule") {
  CheckFixture fixture(answering([](const std::string& request, ServerConnection& to) {
    to.answer(200, request.starts_with("GET")
                       ? "{}"
                       : review(request.find("tokenreviews") == std::string::npos &&
                                request.find("\"groups\"") == std::string::npos));
  }));
  const auto found = fixture.check();
  REQUIRE(found.size() == 2);
  CHECK(found[0].reason == "RightMissing");
  CHECK(found[0].message.starts_with(
      "cluster staging: postern's own identity may not create tokenreviews.authentication.k8s.io, "
      "which authentication.tokenReview needs"));
  CHECK(found[1].message.find("impersonate groups \"system:authenticated\"") != std::string::npos);
}

TEST_CASE("self-check: an API server that is away, and one with another clock") {
  CheckFixture away([](ServerConnection& connection, ScriptedServer&) { connection.cut(); });
  const auto found = away.check();
  REQUIRE(found.size() == 1);
  CHECK(found[0].reason == "APIServerUnavailable");

  CheckFixture skewed(answering([](const std::string& request, ServerConnection& to) {
    to.answer(200, request.starts_with("GET") ? "{}" : review(true),
              "Content-Type: application/json\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  }));
  const auto clocks = skewed.check();
  REQUIRE(clocks.size() == 1);
  CHECK(clocks[0].reason == "ClockSkew");
}

TEST_CASE("board: what is new and what is over is told once") {
  std::vector<std::string> lines;
  Log log{LogOptions{LogLevel::kInfo, LogFormat::kJson,
                     [&](std::string_view line) { lines.emplace_back(line); }}};
  SelfCheckBoard board(log);
  int changes = 0;
  board.on_change([&] { ++changes; });
  board.report("b", {{"X", "one"}});
  board.report("b", {{"X", "one"}});
  board.report("a", {{"Y", "two"}});
  CHECK(changes == 2);
  CHECK(lines.size() == 2);
  CHECK(board.lines() == std::vector<std::string>{"Y: two", "X: one"});
  board.report("b", {});
  CHECK(changes == 3);
  CHECK(lines.back().find("this is over") != std::string::npos);
  CHECK(board.problems() == std::vector<Problem>{{"Y", "two"}});
}

}  // namespace
}  // namespace postern::proxy::test
