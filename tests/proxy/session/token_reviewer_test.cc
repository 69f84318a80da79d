#include "proxy/session/token_reviewer.h"

#include "proxy/observe/log.h"
#include "upstream_fixture.h"

#include <atomic>

namespace postern::proxy::test {
namespace {

std::string reviewed(const std::string& name) {
  return R"({"kind":"TokenReview","status":{"authenticated":true,"user":{"username":")" + name +
         R"("},"audiences":["postern"]}})";
}
const std::string kRefused = R"({"kind":"TokenReview","status":{"authenticated":false}})";

Task<void> review_into(TokenReviewer& reviewer, std::string token, Result<void>& into) {
  into = co_await reviewer.review(std::move(token));
}

struct ReviewFixture : UpstreamFixture {
  explicit ReviewFixture(ScriptedServer::Script script, std::size_t max_running = 64)
      : UpstreamFixture(std::move(script)),
        reviewer(pool, {{"staging", {"postern"}, {}}, {}, max_running}, log, &metrics) {}
  Result<void> review(const std::string& token) {
    Result<void> outcome = fail(kube::Status::internal("not asked"));
    run(review_into(reviewer, token, outcome));
    return outcome;
  }
  Metrics metrics;
  std::vector<std::string> lines;
  Log log{LogOptions{LogLevel::kInfo, LogFormat::kJson,
                     [this](std::string_view line) { lines.emplace_back(line); }}};
  TokenReviewer reviewer;
};

TEST_CASE("token reviewer: asks with postern's own credential, and knows the answer then") {
  ReviewFixture fixture(answering([](const std::string& request, ServerConnection& connection) {
    const bool good = request.find("good") != std::string::npos;
    connection.answer(201, good ? reviewed("alice") : kRefused);
  }));
  REQUIRE(fixture.review("good"));
  REQUIRE(fixture.reviewer.known().find("good") != nullptr);
  CHECK(fixture.reviewer.known().find("good")->value().name == "alice");
  REQUIRE(fixture.review("bad"));
  CHECK_FALSE(fixture.reviewer.known().find("bad")->has_value());
  const std::string request = fixture.server.requests().at(0);
  CHECK(first_words(request) == "POST /apis/authentication.k8s.io/v1/tokenreviews");
  CHECK(has_line(request, "Authorization: Bearer postern-token"));
  CHECK(request.find("Impersonate-") == std::string::npos);
  CHECK(request.find(R"("audiences":["postern"])") != std::string::npos);
}

TEST_CASE("token reviewer: the same token is asked about once at a time") {
  ReviewFixture fixture(answering([](const std::string&, ServerConnection& connection) {
    connection.answer(201, reviewed("alice"));
  }));
  Result<void> first = fail(kube::Status::internal(""));
  Result<void> second = first;
  Result<void> other = first;
  REQUIRE(Run(fixture.worker)
              .add(review_into(fixture.reviewer, "one", first))
              .add(review_into(fixture.reviewer, "one", second))
              .add(review_into(fixture.reviewer, "two", other))());
  CHECK(first);
  CHECK(second);
  CHECK(other);
  CHECK(fixture.reviewer.asked() == 2);
}

TEST_CASE("token reviewer: a cluster that cannot say makes nobody known, and nothing is kept") {
  std::atomic<unsigned> status{503};
  ReviewFixture fixture(answering([&](const std::string&, ServerConnection& connection) {
    connection.answer(status, status == 201 ? reviewed("alice") : "{}");
  }));
  CHECK(fixture.review("one").error().code == 503);
  status = 403;
  CHECK(fixture.review("one").error().code == 500);
  CHECK(fixture.reviewer.known().find("one") == nullptr);
  CHECK(fixture.lines.size() == 2);
  CHECK(fixture.lines.at(1).find("403") != std::string::npos);
  status = 201;
  CHECK(fixture.review("one"));
}

TEST_CASE("token reviewer: without the cluster it is 503, to be tried again") {
  ReviewFixture fixture([](ServerConnection& connection, ScriptedServer&) { connection.cut(); });
  const auto outcome = fixture.review("one");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == 503);
  CHECK(outcome.error().retry_after_seconds == 1);
}

TEST_CASE("token reviewer: made-up tokens do not become a flood") {
  ReviewFixture fixture(answering([](const std::string&, ServerConnection& connection) {
                          connection.answer(201, kRefused);
                        }),
                        2);
  std::vector<Result<void>> outcomes(3, fail(kube::Status::internal("")));
  Run run(fixture.worker);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    run.add(review_into(fixture.reviewer, "token-" + std::to_string(i), outcomes[i]));
  }
  REQUIRE(run());
  CHECK(outcomes[0]);
  CHECK(outcomes[1]);
  CHECK(outcomes[2].error().code == 429);
  CHECK(fixture.reviewer.asked() == 2);
}

}  // namespace
}  // namespace postern::proxy::test
