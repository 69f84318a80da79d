#include "proxy/pod_events.h"

#include "proxy/crypto/base64url.h"
#include "proxy/needed_rights.h"
#include "rbac/load.h"
#include "tests/proxy/upstream/upstream_fixture.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>

namespace postern::proxy::test {
namespace {

std::string token_of(const std::string& claims) {
  return "Bearer eyJhbGciOiJSUzI1NiJ9." + base64url_encode(claims) + ".c2ln";
}

TEST_CASE("the pod: of the token's claims, and of the environment before them") {
  const std::string token = token_of(
      R"({"kubernetes.io":{"namespace":"postern","pod":{"name":"postern-0","uid":"u-1"}}})");
  auto pod = pod_identity(token);
  REQUIRE(pod);
  CHECK(pod->namespace_ == "postern");
  CHECK(pod->name == "postern-0");
  CHECK(pod->uid == "u-1");
  setenv("POD_NAME", "postern-1", 1);
  pod = pod_identity(token);
  unsetenv("POD_NAME");
  CHECK(pod->name == "postern-1");
  for (const char* none :
       {"", "Bearer", "Bearer a.b.c", "Bearer opaque", "Bearer ..", "Bearer a."}) {
    CAPTURE(std::string(none));
    CHECK_FALSE(pod_identity(none));
  }
  CHECK_FALSE(pod_identity(token_of(R"({"kubernetes.io":{"namespace":"postern"}})")));
}

TEST_CASE("an event that kubectl describe pod shows") {
  const auto event = nlohmann::json::parse(
      event_body({"postern", "postern-0", "u-1"}, {"RightMissing", std::string(2000, 'x')}, true,
                 std::chrono::system_clock::time_point(std::chrono::seconds(1'000'000'000))));
  CHECK(event["kind"] == "Event");
  CHECK(event["metadata"]["generateName"] == "postern-0.");
  CHECK(event["metadata"]["namespace"] == "postern");
  CHECK(event["involvedObject"]["uid"] == "u-1");
  CHECK(event["involvedObject"]["kind"] == "Pod");
  CHECK(event["type"] == "Warning");
  CHECK(event["message"].get<std::string>().size() == 1024);
  CHECK(event["firstTimestamp"] == "2001-09-09T01:46:40Z");
}

/// Events of a pod at a server that answers so; the pauses are short but for that until it is told
/// again.
struct EventsFixture : UpstreamFixture {
  explicit EventsFixture(std::function<unsigned(std::size_t)> status)
      : UpstreamFixture(
            answering([this, status = std::move(status)](const std::string&, ServerConnection& to) {
              to.answer(status(answers++), R"({"kind":"Event"})");
            })),
        board(log),
        events(worker,
               std::make_unique<UpstreamPool>(worker, endpoint, UpstreamTimeouts(), logged.hooks()),
               {"postern", "postern-0", "u-1"}, board, log,
               {.again = std::chrono::hours(1),
                .retry = std::chrono::milliseconds(5),
                .least = std::chrono::milliseconds(5)}) {
    board.on_change([this] { events.post_soon(); });
  }
  void pass(std::chrono::milliseconds time) {
    Timer timer(worker.executor(), time);
    timer.async_wait([&](error_code) { worker.stop(); });
    worker.context().restart();
    worker.run();
  }
  /// The requests, when there are so many of them.
  std::vector<std::string> wait_for(std::size_t count) {
    for (int i = 0; i < 500 && server.requests().size() < count; ++i) {
      pass(std::chrono::milliseconds(10));
    }
    pass(std::chrono::milliseconds(30));  // and no more than these
    return server.requests();
  }
  void stop() {
    events.stop();
    pass(std::chrono::milliseconds(20));
  }

  std::atomic<std::size_t> answers{0};
  Log log{LogOptions{LogLevel::kError, LogFormat::kJson, [](std::string_view) {}}};
  SelfCheckBoard board;
  PodEvents events;
};

bool says(const std::string& request, const std::string& reason) {
  return request.find("\"" + reason + "\"") != std::string::npos;
}

TEST_CASE("events: once for each problem, and a word when all is over") {
  EventsFixture fixture([](std::size_t) { return 201; });
  fixture.board.report("staging", {{"RightMissing", "one"}, {"ClockSkew", "two"}});
  fixture.events.start();
  auto requests = fixture.wait_for(2);
  REQUIRE(requests.size() == 2);
  CHECK(first_words(requests[0]) == "POST /api/v1/namespaces/postern/events");
  CHECK(says(requests[0], "RightMissing"));
  CHECK(says(requests[1], "ClockSkew"));
  fixture.board.report("staging", {{"ClockSkew", "two"}});
  CHECK(fixture.wait_for(2).size() == 2);
  fixture.board.report("staging", {});
  requests = fixture.wait_for(3);
  REQUIRE(requests.size() == 3);
  CHECK(says(requests[2], "SelfCheckPassed"));
  fixture.stop();
  CHECK(fixture.server.requests().size() == 3);
}

TEST_CASE("events: what was not taken is tried again, also the word that it is over") {
  EventsFixture fixture([](std::size_t answer) { return answer % 2 == 0 ? 503 : 201; });
  fixture.board.report("store", {{"StoreUnavailable", "one"}});
  fixture.events.start();
  auto requests = fixture.wait_for(2);
  REQUIRE(requests.size() == 2);
  CHECK(says(requests[0], "StoreUnavailable"));
  CHECK(says(requests[1], "StoreUnavailable"));
  fixture.board.report("store", {});
  requests = fixture.wait_for(4);
  REQUIRE(requests.size() == 4);
  CHECK(says(requests[2], "SelfCheckPassed"));
  CHECK(says(requests[3], "SelfCheckPassed"));
  fixture.stop();
}

TEST_CASE("events: news that come while one is written are not lost") {
  EventsFixture fixture([&fixture](std::size_t answer) {
    if (answer == 0) fixture.board.report("store", {{"StoreUnavailable", "two"}});
    return 201;
  });
  fixture.board.report("staging", {{"ClockSkew", "one"}});
  fixture.events.start();
  const auto requests = fixture.wait_for(2);
  REQUIRE(requests.size() == 2);
  CHECK(says(requests[0], "ClockSkew"));
  CHECK(says(requests[1], "StoreUnavailable"));
  fixture.stop();
}

ProxyConfiguration configuration() {
  ProxyConfiguration made;
  made.kube_clusters.resize(2);
  made.kube_clusters[0].name = "a";
  made.kube_clusters[1].name = "b";
  made.kube_clusters[1].impersonator = ImpersonatorConfiguration{"robot", "postern"};
  made.authentication.token_review = TokenReviewConfiguration{"a", {"postern"}, {}};
  made.authentication.cluster_client_ca = ClusterClientCAConfiguration{"b", {}};
  return made;
}

TEST_CASE("needed rights: what the configuration asks of each cluster") {
  const ProxyConfiguration made = configuration();
  const auto resources = [&made](std::size_t cluster) {
    std::string text;
    for (const NeededRight& right : own_rights(made, made.kube_clusters[cluster])) {
      text += right.question.resource + " ";
    }
    return text;
  };
  CHECK(resources(0) == "namespaces tokenreviews ");
  CHECK(resources(1) == "namespaces configmaps serviceaccounts ");
  CHECK(impersonating_account(made.kube_clusters[0]) == "postern's own identity");
  CHECK(impersonating_account(made.kube_clusters[1]) == "the service account postern/robot");
}

TEST_CASE("needed rights: the store's, at its cluster only") {
  ProxyConfiguration made = configuration();
  made.storage.type = StorageConfiguration::kKubernetes;
  made.storage.kube_cluster = "b";
  made.storage.namespace_ = "here";
  made.storage.secret_name = "keys";
  CHECK(store_rights(made, made.kube_clusters[0]).empty());
  const auto rights = store_rights(made, made.kube_clusters[1]);
  CHECK(rights.size() == 6 * 7 + 3 + 3);
  CHECK(own_rights(made, made.kube_clusters[1]).size() == 3 + rights.size());
  for (const NeededRight& right : rights) {
    CHECK(right.question.namespace_ == "here");
    if (right.question.resource == "secrets") {
      CHECK(right.question.name == (right.question.verb == "create" ? "" : "keys"));
    }
    if (right.question.resource == "leases" && right.question.verb != "create") {
      CHECK(right.question.name == "postern-housekeeping");
    }
  }
  made.storage.type = StorageConfiguration::kMemory;
  CHECK(store_rights(made, made.kube_clusters[1]).empty());
}

TEST_CASE("needed impersonation: the names that roles write down and may use") {
  const rbac::LoadResult loaded = rbac::load_documents("roles.yaml", R"(
kind: role
version: v8
metadata: {name: a}
spec:
  allow:
    kubernetes_groups: [viewers, "{{internal.groups}}", "system:masters"]
    kubernetes_users: ["system:serviceaccount:dev:robot", admin]
)");
  REQUIRE(loaded.errors.empty());
  const rbac::Policy policy("postern", loaded.roles, loaded.users, {},
                            {{"system:serviceaccount:dev:robot"}, false});
  const NeededImpersonation needed = impersonation_of(policy);
  CHECK(needed.users == std::vector<std::string>{"admin"});
  CHECK(needed.groups == std::vector<std::string>{"system:authenticated", "viewers"});
  CHECK(needed.service_accounts == std::vector<std::string>{"dev/robot"});
  CHECK(needed.access_request_extra);
}

}  // namespace
}  // namespace postern::proxy::test
