#include "proxy/authn/token_review.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <string>

namespace postern::proxy {
namespace {

const TokenReviewRules kRules{"staging", {"postern", "other"}, {}};

/// The API server's answer with this status.
std::string answer(const std::string& status) {
  return R"({"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{},)"
         R"("spec":{"token":"x"},"status":)" +
         status + "}";
}

const std::string kDeployer =
    R"({"authenticated":true,"user":{"username":"system:serviceaccount:ci:deployer","uid":"7",)"
    R"("groups":["system:serviceaccounts","system:serviceaccounts:ci","system:authenticated"],)"
    R"("extra":{"authentication.kubernetes.io/pod-name":["p"]}},"audiences":["postern"]})";

std::string why_not(const std::string& status, const TokenReviewRules& rules = kRules) {
  const auto read = read_token_review(201, answer(status), rules);
  REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
  REQUIRE_FALSE(*read);
  return read->error();
}

TEST_CASE("what is asked: the token and the audiences") {
  const auto body = nlohmann::json::parse(token_review_body("ey.a.b\"c", kRules));
  CHECK(body["apiVersion"] == "authentication.k8s.io/v1");
  CHECK(body["kind"] == "TokenReview");
  CHECK(body["spec"]["token"] == "ey.a.b\"c");
  CHECK(body["spec"]["audiences"] == nlohmann::json{"postern", "other"});
}

TEST_CASE("a service account becomes a user whose name counts at its cluster") {
  const auto read = read_token_review(201, answer(kDeployer), kRules);
  REQUIRE(read);
  REQUIRE(*read);
  const rbac::UserInfo& user = **read;
  CHECK(user.name == "system:serviceaccount:ci:deployer");
  CHECK(user.uid == "7");
  CHECK(user.kube_cluster == "staging");
  CHECK(user.groups == std::vector<std::string>{"system:serviceaccounts",
                                                "system:serviceaccounts:ci",
                                                "system:authenticated"});
}

TEST_CASE("prefixes go before every name but the one of all who are known") {
  TokenReviewRules rules = kRules;
  rules.prefix = {"k:", "kg:"};
  const auto read = read_token_review(200, answer(kDeployer), rules);
  REQUIRE(read);
  CHECK((*read)->name == "k:system:serviceaccount:ci:deployer");
  CHECK((*read)->groups ==
        std::vector<std::string>{"kg:system:serviceaccounts", "kg:system:serviceaccounts:ci",
                                 "kg:system:authenticated", "system:authenticated"});
}

TEST_CASE("a token that proves nobody, and why") {
  CHECK(why_not(R"({"authenticated":false,"error":"[invalid bearer token, token expired]"})") ==
        "the cluster does not accept the token: [invalid bearer token, token expired]");
  CHECK(why_not("{}") == "the cluster does not accept the token");
  CHECK(why_not(R"({"user":{"username":"alice"},"audiences":["postern"]})") ==
        "the cluster does not accept the token");
  CHECK(why_not(R"({"authenticated":"true","user":{"username":"a"},"audiences":["postern"]})") ==
        "the cluster does not accept the token");
  CHECK(why_not(R"({"authenticated":true,"error":"x","user":{"username":"a"},)"
                R"("audiences":["postern"]})") == "the cluster's review failed: x");
}

TEST_CASE("an audience that was not confirmed, or none at all, proves nobody") {
  const std::string user = R"({"authenticated":true,"user":{"username":"alice"})";
  const std::string other = "the token is for another audience";
  CHECK(why_not(user + "}") == other);
  CHECK(why_not(user + R"(,"audiences":[]})") == other);
  CHECK(why_not(user + R"(,"audiences":["https://kubernetes.default.svc"]})") == other);
  CHECK(why_not(user + R"(,"audiences":["posterna"]})") == other);
  CHECK(
      read_token_review(201, answer(user + R"(,"audiences":["a","other"]})"), kRules)->has_value());
}

TEST_CASE("names that cannot be a user's or a group's prove nobody") {
  const auto named = [](const std::string& name) {
    return why_not(R"({"authenticated":true,"audiences":["postern"],"user":{"username":)" + name +
                   "}}");
  };
  CHECK(named(R"("")") == "the user name is empty");
  CHECK(named(R"("a\nb")").find("cannot be printed") != std::string::npos);
  CHECK(named(R"("system:anonymous")") == "the user name is system:anonymous");
}

TEST_CASE("no verdict: 503 when the cluster cannot say now, 500 when it will not") {
  const auto code = [](unsigned status, const std::string& body) {
    const auto read = read_token_review(status, body, kRules);
    REQUIRE_FALSE(read);
    return read.error().code;
  };
  CHECK(code(429, "") == 503);
  CHECK(code(500, answer(kDeployer)) == 503);
  CHECK(code(503, "") == 503);
  CHECK(code(403, answer(kDeployer)) == 500);
  CHECK(code(404, "") == 500);
  CHECK(code(201, "") == 500);
  CHECK(code(201, "[]") == 500);
  CHECK(code(201, R"({"kind":"Status","status":{"authenticated":true}})") == 500);
  CHECK(code(201, R"({"kind":"TokenReview"})") == 500);
  CHECK(code(201, answer(R"({"authenticated":true,"audiences":"postern"})")) == 500);
  CHECK(code(201, answer(R"({"authenticated":true,"audiences":["postern"]})")) == 500);
  CHECK(code(201, answer(R"({"authenticated":true,"audiences":["postern"],)"
                         R"("user":{"username":"a","groups":[1]}})")) == 500);
}

}  // namespace
}  // namespace postern::proxy
