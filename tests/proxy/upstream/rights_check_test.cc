#include "proxy/upstream/rights_check.h"

#include "upstream_fixture.h"

#include <algorithm>

namespace postern::proxy::test {
namespace {

using Missing = std::vector<MissingRight>;

std::string review(bool allowed) {
  return std::string(R"({"kind":"SelfSubjectAccessReview","status":{"allowed":)") +
         (allowed ? "true" : "false") + "}}";
}

/// Denies every question that has one of these in it.
ScriptedServer::Script denying(std::vector<std::string> words) {
  return answering([words = std::move(words)](const std::string& request, ServerConnection& to) {
    to.answer(201, review(std::none_of(words.begin(), words.end(), [&](const std::string& word) {
                return request.find(word) != std::string::npos;
              })));
  });
}

Task<void> rights_into(UpstreamPool& pool, std::vector<NeededRight> needed, Result<Missing>& into) {
  into = co_await missing_rights(pool, std::move(needed));
}
Task<void> impersonation_into(UpstreamPool& pool, NeededImpersonation needed,
                              Result<Missing>& into) {
  into = co_await missing_impersonation(pool, std::move(needed));
}

Missing impersonation(UpstreamFixture& fixture, const NeededImpersonation& needed) {
  Result<Missing> missing;
  fixture.run(impersonation_into(fixture.pool, needed, missing));
  REQUIRE(missing);
  return *missing;
}

TEST_CASE("rights check: says which rule is missing, ready to be pasted") {
  UpstreamFixture fixture(denying({R"("resource":"tokenreviews")", R"("subresource":"token")"}));
  AccessQuestion reviews{
      .verb = "create", .group = "authentication.k8s.io", .resource = "tokenreviews"};
  AccessQuestion system{.verb = "get", .resource = "namespaces", .name = "kube-system"};
  AccessQuestion token{.verb = "create",
                       .resource = "serviceaccounts",
                       .subresource = "token",
                       .namespace_ = "postern",
                       .name = "postern-impersonator"};
  Result<Missing> missing;
  fixture.run(rights_into(fixture.pool,
                          {{reviews, "authentication.tokenReview"},
                           {system, "the cluster's UID"},
                           {token, "the impersonator"}},
                          missing));
  REQUIRE(missing);
  REQUIRE(missing->size() == 2);
  CHECK(missing->at(0).sentence("postern's own identity") ==
        "postern's own identity may not create tokenreviews.authentication.k8s.io, which "
        "authentication.tokenReview needs: give it this rule in a ClusterRole: {apiGroups: "
        "[\"authentication.k8s.io\"], resources: [\"tokenreviews\"], verbs: [\"create\"]}");
  CHECK(missing->at(1).sentence("x").ends_with(
      "give it this rule in a Role of the namespace postern: {apiGroups: [\"\"], resources: "
      "[\"serviceaccounts/token\"], verbs: [\"create\"], resourceNames: "
      "[\"postern-impersonator\"]}"));
  const auto requests = fixture.server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].find("Impersonate-") == std::string::npos);
  CHECK(requests[2].find(R"("namespace":"postern")") != std::string::npos);
}

TEST_CASE("rights check: what differs in verb or resource alone is one rule") {
  UpstreamFixture fixture(denying({R"("verb":"delete")", R"("resource":"sessions")"}));
  std::vector<NeededRight> needed;
  for (const char* resource : {"logins", "sessions", "marks"}) {
    for (const char* verb : {"get", "delete"}) {
      needed.push_back({{.verb = verb,
                         .group = "store.postern.dev",
                         .resource = resource,
                         .namespace_ = "postern"},
                        "the storage"});
    }
  }
  needed.push_back({{.verb = "delete", .resource = "secrets", .namespace_ = "postern"}, "keys"});
  Result<Missing> missing;
  fixture.run(rights_into(fixture.pool, needed, missing));
  REQUIRE(missing);
  REQUIRE(missing->size() == 3);
  CHECK(missing->at(0).what == "delete logins.store.postern.dev, marks.store.postern.dev");
  CHECK(missing->at(0).rule ==
        "{apiGroups: [\"store.postern.dev\"], resources: [\"logins\", \"marks\"], verbs: "
        "[\"delete\"]}");
  CHECK(missing->at(1).rule ==
        "{apiGroups: [\"store.postern.dev\"], resources: [\"sessions\"], verbs: [\"get\", "
        "\"delete\"]}");
  CHECK(missing->at(2).what == "delete secrets");
}

TEST_CASE("rights check: who may impersonate anybody is not asked name by name") {
  UpstreamFixture fixture(denying({}));
  CHECK(impersonation(fixture, {.users = {"a", "b"}, .groups = {"g", "h"}}).empty());
  CHECK(fixture.server.requests().size() == 2);
}

TEST_CASE("rights check: pinned names are asked one by one") {
  // Any name: no; the pinned ones: yes.
  UpstreamFixture fixture(answering([](const std::string& request, ServerConnection& to) {
    const bool named = request.find(R"("name":)") != std::string::npos;
    to.answer(201, review(named && request.find(R"("name":"viewers")") == std::string::npos));
  }));
  const Missing missing =
      impersonation(fixture, {.users = {"robot"}, .groups = {"system:authenticated", "viewers"}});
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].rule ==
        "{apiGroups: [\"\"], resources: [\"groups\"], verbs: [\"impersonate\"], resourceNames: "
        "[\"viewers\"]}");
}

TEST_CASE("rights check: no name is known, and not every one may be used") {
  UpstreamFixture fixture(denying({R"("resource":"users")"}));
  const Missing missing = impersonation(fixture, {.groups = {"g"}});
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].rule == "{apiGroups: [\"\"], resources: [\"users\"], verbs: [\"impersonate\"]}");
}

TEST_CASE("rights check: service accounts and the extra that names the request") {
  UpstreamFixture fixture(
      denying({R"("resource":"serviceaccounts")", R"("resource":"userextras")"}));
  NeededImpersonation needed;
  needed.groups = {"system:authenticated"};
  needed.service_accounts = {"dev/robot"};
  needed.access_request_extra = true;
  const Missing missing = impersonation(fixture, needed);
  REQUIRE(missing.size() == 2);
  CHECK(missing[0].namespace_ == "dev");
  CHECK(missing[0].what == "impersonate serviceaccounts \"robot\"");
  CHECK(missing[1].rule ==
        "{apiGroups: [\"authentication.k8s.io\"], resources: "
        "[\"userextras/access.postern.dev/request\"], verbs: [\"impersonate\"]}");
}

TEST_CASE("rights check: constrained impersonation counts as well") {
  UpstreamFixture fixture(denying({R"("verb":"impersonate")"}));
  NeededImpersonation needed;
  needed.groups = {"system:authenticated"};
  needed.service_accounts = {"dev/robot"};
  needed.access_request_extra = true;
  CHECK(impersonation(fixture, needed).empty());
  const auto requests = fixture.server.requests();
  CHECK(requests.at(1).find(R"("verb":"impersonate:user-info")") != std::string::npos);
  CHECK(requests.at(1).find(R"("group":"authentication.k8s.io")") != std::string::npos);
  CHECK(requests.at(5).find(R"("verb":"impersonate:serviceaccount")") != std::string::npos);
}

TEST_CASE("rights check: a cluster that does not answer says nothing about rights") {
  UpstreamFixture fixture(
      answering([](const std::string&, ServerConnection& to) { to.answer(500, "{}"); }));
  Result<Missing> missing;
  fixture.run(impersonation_into(fixture.pool, {}, missing));
  CHECK_FALSE(missing);
}

}  // namespace
}  // namespace postern::proxy::test
