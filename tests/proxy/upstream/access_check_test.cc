#include "proxy/upstream/access_check.h"

#include "upstream_fixture.h"

namespace postern::proxy::test {
namespace {

const rbac::Principals kAlice{"alice", {"system:authenticated", "viewers"}};

AccessQuestion list_pods(const std::string& name_space = "dev") {
  AccessQuestion question;
  question.verb = "list";
  question.version = "v1";
  question.resource = "pods";
  question.namespace_ = name_space;
  return question;
}

std::string review(const std::string& status) {
  return R"({"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{},)"
         R"("status":)" +
         status + "}";
}

/// Allows what is asked of pods in the namespace dev.
void allow_dev(const std::string& request, ServerConnection& connection) {
  const bool allowed = request.find(R"("namespace":"dev")") != std::string::npos;
  connection.answer(201, review(allowed ? R"({"allowed":true})" : R"({"allowed":false})"));
}

Task<void> ask_into(AccessCheck& check, UpstreamPool& pool, rbac::Principals principals,
                    std::string access_request, AccessQuestion question,
                    std::vector<Result<bool>>& into) {
  into.push_back(co_await check.allowed(pool, std::move(principals), std::move(access_request),
                                        std::move(question)));
}

struct AccessFixture : UpstreamFixture {
  explicit AccessFixture(ScriptedServer::Script script, AccessCheck::Options options = {})
      : UpstreamFixture(std::move(script)), check(options) {}
  Result<bool> ask(const rbac::Principals& principals, const AccessQuestion& question,
                   const std::string& access_request = "") {
    std::vector<Result<bool>> answers;
    run(ask_into(check, pool, principals, access_request, question, answers));
    return answers.at(0);
  }
  AccessCheck check;
};

TEST_CASE("access check: asked in the principals' name, kept for a while") {
  AccessFixture fixture(answering(allow_dev));
  CHECK(fixture.ask(kAlice, list_pods()) == true);
  CHECK(fixture.ask(kAlice, list_pods()) == true);
  CHECK(fixture.ask(kAlice, list_pods("prod")) == false);
  CHECK(fixture.ask(kAlice, list_pods("prod")) == false);
  CHECK(fixture.check.asked() == 2);
  const std::string request = fixture.server.requests().at(0);
  CHECK(first_words(request) == "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
  CHECK(has_line(request, "Impersonate-User: alice"));
  CHECK(has_line(request, "Impersonate-Group: viewers"));
  CHECK(request.find(R"("verb":"list")") != std::string::npos);
  CHECK(request.find(R"("resource":"pods")") != std::string::npos);
}

TEST_CASE("access check: everything that is asked makes a question of its own") {
  AccessFixture fixture(answering(allow_dev));
  AccessQuestion named = list_pods();
  named.name = "nginx-1";
  AccessQuestion logs = list_pods();
  logs.subresource = "log";
  AccessQuestion other = list_pods();
  other.group = "apps";
  AccessQuestion get = list_pods();
  get.verb = "get";
  const AccessQuestion questions[] = {list_pods(), named, logs, other, get};
  for (const AccessQuestion& question : questions) CHECK(fixture.ask(kAlice, question) == true);
  CHECK(fixture.ask({"alice", {"system:authenticated"}}, list_pods()) == true);
  CHECK(fixture.ask({"alicesystem:authenticated", {"viewers"}}, list_pods()) == true);
  CHECK(fixture.ask(kAlice, list_pods(), "req-1") == true);
  CHECK(fixture.check.asked() == 8);
}

TEST_CASE("access check: identical questions at the same time are one call") {
  AccessFixture fixture(answering(allow_dev));
  std::vector<Result<bool>> answers;
  Run run(fixture.worker);
  for (int i = 0; i < 10; ++i) {
    run.add(ask_into(fixture.check, fixture.pool, kAlice, "", list_pods(), answers));
  }
  REQUIRE(run());
  CHECK(answers.size() == 10);
  for (const auto& answer : answers) CHECK(answer == true);
  CHECK(fixture.check.asked() == 1);
  CHECK(fixture.server.requests().size() == 1);
}

TEST_CASE("access check: bounded, and asked again after its time") {
  AccessCheck::Options options;
  options.max_entries = 3;
  AccessFixture fixture(answering(allow_dev), options);
  for (int i = 0; i < 10; ++i) CHECK(fixture.ask(kAlice, list_pods(std::to_string(i))) == false);
  CHECK(fixture.check.cached() == 3);

  options.ttl = std::chrono::milliseconds(0);
  AccessFixture forgetful(answering(allow_dev), options);
  for (int i = 0; i < 10; ++i) CHECK(forgetful.ask(kAlice, list_pods()) == true);
  CHECK(forgetful.check.asked() == 10);
  CHECK(forgetful.check.cached() <= 3);
}

TEST_CASE("access check: what is no answer is no permission, and is not kept") {
  const std::pair<unsigned, std::string> rows[] = {
      {403, "{}"},
      {500, "{}"},
      {200, "not JSON"},
      {201, "[]"},
      {201, R"({"kind":"Status","status":"Failure"})"},
      {201, review("null")},
      {201, review(R"({"allowed":"true"})")},
      {201, review(R"({"allowed":1})")},
      {201, review(R"({"allowed":true,"denied":"no"})")},
      {201, R"({"kind":"SelfSubjectRulesReview","status":{"allowed":true}})"},
      {301, review(R"({"allowed":true})")},
  };
  for (const auto& [status, body] : rows) {
    CAPTURE(body);
    AccessFixture fixture(answering(
        [s = status, b = body](const std::string&, ServerConnection& c) { c.answer(s, b); }));
    const auto answer = fixture.ask(kAlice, list_pods());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == 502);
    CHECK(fixture.check.cached() == 0);
  }
  CHECK(parse_access_review(201, review(R"({"allowed":true,"denied":true})")) == false);
  CHECK(parse_access_review(201, review("{}")) == false);
}

TEST_CASE(
    "access check: a refused impersonation says what the cluster's administrator must allow") {
  AccessFixture fixture(answering([](const std::string&, ServerConnection& connection) {
    connection.answer(403,
                      R"({"kind":"Status","status":"Failure","message":"groups \"viewers\" is )"
                      R"(forbidden: User \"postern-sa\" cannot impersonate resource )"
                      R"(\"groups\"","details":{"name":"viewers","kind":"groups"},"code":403})");
  }));
  const auto answer = fixture.ask(kAlice, list_pods());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == 502);
  CHECK(answer.error().message.find("group \"viewers\"") != std::string::npos);
  CHECK(answer.error().message.find("postern-sa") == std::string::npos);
}

TEST_CASE("access check: without a user nothing is asked") {
  AccessFixture fixture(answering(allow_dev));
  const auto answer = fixture.ask({"", {"system:authenticated"}}, list_pods());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == 500);
  CHECK(fixture.server.requests().empty());
}

TEST_CASE("access check: a request as the API server's authorizer puts it") {
  const auto list = kube::parse_request_info(
      "GET", "/api/v1/namespaces/dev/pods?fieldSelector=metadata.name%3Dnginx-1");
  REQUIRE(list);
  CHECK(access_question(*list).name == "nginx-1");
  CHECK(access_question(*list).verb == "list");
  const auto logs = kube::parse_request_info("GET", "/api/v1/namespaces/dev/pods/nginx-1/log");
  REQUIRE(logs);
  CHECK(access_question(*logs).subresource == "log");
  CHECK(access_question(*logs).namespace_ == "dev");
}

}  // namespace
}  // namespace postern::proxy::test
