#include "proxy/upstream/service_account_token.h"

#include "upstream_fixture.h"

#include <atomic>

namespace postern::proxy::test {
namespace {

using namespace std::chrono_literals;

std::string token_answer(const std::string& token, int seconds = 600) {
  return R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"audiences":[],)"
         R"("expirationSeconds":)" +
         std::to_string(seconds) + R"(},"status":{"token":")" + token +
         R"(","expirationTimestamp":"2099-01-01T00:00:00Z"}})";
}

/// Gives out tokens t1, t2, …; refuses calls with the token `revoked`.
struct Issuer {
  std::atomic<int> issued{0};
  std::atomic<int> lifetime{600};
  std::atomic<unsigned> status{201};
  std::atomic<int> revoked{0};

  ScriptedServer::Script script() {
    return answering([this](const std::string& request, ServerConnection& to) {
      if (request.find("/token ") != std::string::npos) {
        if (status != 201) return to.answer(status, R"({"message":"no such account"})");
        const int number = ++issued;
        return to.answer(201, token_answer("t" + std::to_string(number), lifetime));
      }
      const std::string refused = "Bearer t" + std::to_string(revoked.load());
      to.answer(has_line(request, "Authorization: " + refused) ? 401 : 200, "{}");
    });
  }
};

struct TokenFixture : Issuer, UpstreamFixture {
  TokenFixture()
      : UpstreamFixture(script()),
        endpoints{endpoint, make_endpoint(without_credential(endpoint_source(server.port())))},
        impersonating(worker, endpoints.impersonating, {}, logged.hooks()),
        token(worker, endpoints, {},
              {.namespace_ = "postern", .name = "robot", .first_retry = 10ms, .least_age = 0ms},
              logged.hooks()) {
    endpoints.impersonating->set_issuer(&token);
  }
  ~TokenFixture() {
    token.stop();
    pass(20ms);
  }
  /// Lets the loop run for a while.
  void pass(std::chrono::milliseconds time) {
    Timer timer(worker.executor(), time);
    timer.async_wait([this](error_code) { worker.stop(); });
    worker.context().restart();
    worker.run();
  }
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 500 && !done(); ++i) pass(10ms);
    REQUIRE(done());
  }
  std::optional<std::string> credential() const {
    return endpoints.impersonating->access()->authorization;
  }
  ClusterEndpoints endpoints;
  UpstreamPool impersonating;
  ServiceAccountToken token;
};

Task<void> get_into(UpstreamPool& pool, Result<FetchedResponse>& into) {
  into = co_await fetch(pool, "GET", "/api", {}, "", 1024);
}

TEST_CASE_FIXTURE(TokenFixture, "impersonator: without a token no call leaves") {
  Result<FetchedResponse> response;
  run(get_into(impersonating, response));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == 503);
  CHECK(server.requests().empty());
}

TEST_CASE_FIXTURE(TokenFixture, "impersonator: a token is got with postern's own credential") {
  token.start();
  until([&] { return credential().has_value(); });
  CHECK(credential() == "Bearer t1");
  CHECK_FALSE(token.fault());
  const std::string request = server.requests().at(0);
  CHECK(first_words(request) == "POST /api/v1/namespaces/postern/serviceaccounts/robot/token");
  CHECK(has_line(request, "Authorization: Bearer postern-token"));
  CHECK(request.find(R"("expirationSeconds":900)") != std::string::npos);
  Result<FetchedResponse> response;
  run(get_into(impersonating, response));
  REQUIRE(response);
  CHECK(has_line(server.requests().at(1), "Authorization: Bearer t1"));
}

TEST_CASE_FIXTURE(TokenFixture, "impersonator: another token at 80 % of its life") {
  lifetime = 1;
  const auto begun = std::chrono::steady_clock::now();
  token.start();
  until([&] { return credential() == "Bearer t1"; });
  lifetime = 600;
  until([&] { return credential() == "Bearer t2"; });
  CHECK(std::chrono::steady_clock::now() - begun >= 800ms);
}

TEST_CASE_FIXTURE(TokenFixture, "impersonator: a refused token is replaced at once, for all") {
  token.start();
  until([&] { return credential() == "Bearer t1"; });
  revoked = 1;
  Result<FetchedResponse> one = fail(kube::Status::internal(""));
  Result<FetchedResponse> two = one;
  REQUIRE(Run(worker).add(get_into(impersonating, one)).add(get_into(impersonating, two))());
  REQUIRE(one);
  CHECK(one->status == 200);
  REQUIRE(two);
  CHECK(two->status == 200);
  CHECK(issued == 2);
}

TEST_CASE_FIXTURE(TokenFixture, "impersonator: what fails is tried again, and told once") {
  status = 404;
  token.start();
  until([&] { return server.requests().size() >= 3; });
  CHECK_FALSE(credential());
  REQUIRE(token.fault());
  CHECK(token.fault()->find("postern/robot: the API server answered 404: no such account") !=
        std::string::npos);
  CHECK(logged.size() == 1);
  status = 201;
  until([&] { return credential().has_value(); });
  CHECK_FALSE(token.fault());
  CHECK(logged.contain("there is a token of the service account postern/robot again"));
  CHECK_FALSE(logged.contain("t1"));
}

TEST_CASE("impersonator: a refused token that was just got is not replaced again and again") {
  Issuer issuer;
  UpstreamFixture fixture(issuer.script());
  const ClusterEndpoints endpoints{
      fixture.endpoint, make_endpoint(without_credential(endpoint_source(fixture.server.port())))};
  UpstreamPool impersonating(fixture.worker, endpoints.impersonating, {}, fixture.logged.hooks());
  ServiceAccountToken token(fixture.worker, endpoints, {},
                            {.namespace_ = "postern", .name = "robot", .least_age = 10s},
                            fixture.logged.hooks());
  endpoints.impersonating->set_issuer(&token);
  issuer.revoked = 1;
  token.start();
  Timer timer(fixture.worker.executor(), 300ms);
  timer.async_wait([&](error_code) { fixture.worker.stop(); });
  fixture.worker.run();
  Result<FetchedResponse> response;
  fixture.run(get_into(impersonating, response));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == 502);
  CHECK(issuer.issued == 1);
}

}  // namespace
}  // namespace postern::proxy::test
