#include "proxy/authn/authenticator.h"

#include "proxy/authn/session_basis.h"
#include "proxy/authn/token_file.h"
#include "proxy/crypto/base64url.h"
#include "proxy/observe/log.h"

#include <array>
#include <doctest/doctest.h>
#include <map>
#include <string>
#include <vector>

namespace postern::proxy {
namespace {

/// Says the same of every connection.
class FixedConnection : public ConnectionAuthenticator {
 public:
  explicit FixedConnection(Identity identity) : identity_(std::move(identity)) {}
  AuthenticatorKind kind() const override { return AuthenticatorKind::kX509; }
  Identity authenticate_connection(SSL*, std::chrono::system_clock::time_point) const override {
    return identity_;
  }
  std::string basis_of_connection(SSL*, std::chrono::system_clock::time_point) const override {
    return identity_ && *identity_ ? vouches_for_ : "";
  }
  bool still_vouches(std::string_view basis) const override { return basis == vouches_for_; }

 private:
  Identity identity_;
  std::string vouches_for_ = "ca::0123";
};

/// Knows sessions by their token.
class FixedSessions : public SessionAuthenticator {
 public:
  tl::expected<Authenticated, SessionRefusal> authenticate_session(
      std::string_view token) const override {
    if (token == "pst_alice") return Authenticated{{"alice", {"assumed"}, ""}, nullptr, basis};
    return tl::unexpected(SessionRefusal{"the session token is unknown", "s1"});
  }
  std::string_view basis;
};

/// What a cluster is known to have said of tokens.
struct FixedReviews : ReviewedTokens {
  std::map<std::string, TokenVerdict, std::less<>> verdicts;
  const TokenVerdict* find(std::string_view token) override {
    const auto found = verdicts.find(token);
    return found == verdicts.end() ? nullptr : &found->second;
  }
};

http::Fields bearer(std::string_view value) {
  http::Fields fields;
  fields.add({"Authorization", value});
  return fields;
}

struct Fixture {
  Metrics metrics;
  AuthenticatorUnion::Members members;
  FixedReviews reviewed;
  std::string unreviewed;

  Fixture() {
    members.token_file =
        *TokenFile::parse("tokens.csv", "sesame,alice,1,ops\nother,bob,2\n", NamePrefix{});
  }
  void certificate(Identity identity) {
    members.client_ca = std::make_shared<FixedConnection>(std::move(identity));
  }
  Result<rbac::UserInfo> ask(const http::Fields& fields, std::string* why = nullptr) {
    return AuthenticatorUnion(members, &metrics)
        .authenticate(fields, nullptr,
                      {.reviewed = &reviewed, .why = why, .unreviewed = &unreviewed})
        .map([](const Authenticated& proved) { return proved.user; });
  }
  bool counted(const std::string& authenticator, const std::string& result) const {
    return metrics.serialize().find("postern_authentication_attempts_total{authenticator=\"" +
                                    authenticator + "\",result=\"" + result + "\"} 1\n") !=
           std::string::npos;
  }
};

TEST_CASE_FIXTURE(Fixture, "76: no credential") {
  std::string why;
  const auto user = ask({}, &why);
  REQUIRE_FALSE(user);
  CHECK(user.error().code == 401);
  CHECK(user.error().reason == "Unauthorized");
  CHECK(why == "no credential");
  CHECK(counted("none", "failure"));
}

TEST_CASE_FIXTURE(Fixture, "77: an empty bearer token, and every other malformed credential") {
  for (const char* value : {"Bearer ", "Bearer", "Basic YTpi", "", "Bearer a b"}) {
    CAPTURE(std::string(value));
    const auto user = ask(bearer(value));
    REQUIRE_FALSE(user);
    CHECK(user.error().code == 401);
  }
}

TEST_CASE_FIXTURE(Fixture, "why a token is refused survives the log, which cuts out credentials") {
  const std::string subprotocol = "base64url.bearer.authorization.k8s.io.";
  std::vector<http::Fields> refused;
  for (const char* value : {"Bearer ", "Bearer", "Basic YTpi", "Bearer a b", "Bearer unknown"}) {
    refused.push_back(bearer(value));
  }
  const std::array offers = {subprotocol + "QUJD", "v5.channel.k8s.io, " + subprotocol + "=",
                             subprotocol + "QUJD, " + subprotocol + "QUJD"};
  for (const std::string& offer : offers) {
    refused.emplace_back().add({"Sec-WebSocket-Protocol", offer});
  }
  for (const http::Fields& fields : refused) {
    std::string why;
    CHECK_FALSE(ask(fields, &why));
    CHECK(!why.empty());
    CHECK(redact(why) == why);
  }
}

TEST_CASE_FIXTURE(Fixture, "a static token") {
  const auto user = ask(bearer("Bearer sesame"));
  REQUIRE(user);
  CHECK(user->name == "alice");
  CHECK(user->uid == "1");
  CHECK(user->groups == std::vector<std::string>{"ops", "system:authenticated"});
  CHECK(counted("token", "success"));
}

TEST_CASE_FIXTURE(Fixture, "an unknown token; the reason names no secret") {
  std::string why;
  CHECK_FALSE(ask(bearer("Bearer guess-of-a-token"), &why));
  CHECK(why == "the token is unknown");
  CHECK(counted("token", "failure"));
}

TEST_CASE_FIXTURE(Fixture, "a wrong token is not made good by a certificate, nor the reverse") {
  certificate(rbac::UserInfo{"alice", {}, ""});
  CHECK(ask({}));
  CHECK_FALSE(ask(bearer("Bearer wrong")));
  CHECK_FALSE(ask(bearer("Basic YTpi")));

  std::string why;
  certificate(tl::unexpected(std::string("expired")));
  CHECK_FALSE(ask(bearer("Bearer sesame"), &why));
  CHECK(why == "expired");
  CHECK(counted("x509", "failure"));
}

TEST_CASE_FIXTURE(Fixture, "two credentials of different users") {
  certificate(rbac::UserInfo{"mallory", {"admins"}, ""});
  std::string why;
  const auto user = ask(bearer("Bearer sesame"), &why);
  REQUIRE_FALSE(user);
  CHECK(user.error().code == 401);
  CHECK(why == "two credentials name different users: \"alice\" and \"mallory\"");
  CHECK(counted("union", "failure"));
}

TEST_CASE_FIXTURE(Fixture, "two credentials of one user: the token's groups count") {
  certificate(rbac::UserInfo{"alice", {"admins"}, ""});
  const auto user = ask(bearer("Bearer sesame"));
  REQUIRE(user);
  CHECK(user->groups == std::vector<std::string>{"ops", "system:authenticated"});
  CHECK(counted("token", "success"));
}

TEST_CASE_FIXTURE(Fixture, "a certificate alone") {
  certificate(rbac::UserInfo{"carol", {"ops"}, ""});
  const auto user = ask({});
  REQUIRE(user);
  CHECK(user->name == "carol");
  CHECK(counted("x509", "success"));
}

TEST_CASE_FIXTURE(Fixture, "no certificate where one could be") {
  certificate(std::nullopt);
  CHECK_FALSE(ask({}));
  CHECK(counted("none", "failure"));
  CHECK(ask(bearer("Bearer sesame")));
}

TEST_CASE_FIXTURE(Fixture, "the WebSocket subprotocol is a credential like the header") {
  const std::string protocols =
      "v5.channel.k8s.io, base64url.bearer.authorization.k8s.io." + base64url_encode("sesame");
  http::Fields fields;
  fields.add({"Sec-WebSocket-Protocol", protocols});
  CHECK(ask(fields)->name == "alice");
  fields.add({"Authorization", "Bearer other"});
  CHECK_FALSE(ask(fields));
}

TEST_CASE_FIXTURE(Fixture, "session tokens have an authenticator of their own") {
  // Not yet there: refused, and not shown to the token file.
  std::string why;
  CHECK_FALSE(ask(bearer("Bearer pst_alice"), &why));
  CHECK(why == "no authenticator takes this form of token");
  CHECK(counted("session", "failure"));

  members.sessions = std::make_shared<FixedSessions>();
  CHECK(ask(bearer("Bearer pst_alice"))->groups == std::vector<std::string>{"assumed"});
  CHECK_FALSE(ask(bearer("Bearer pst_other")));
  // A session confines even the connection of somebody with a certificate of the same name.
  certificate(rbac::UserInfo{"alice", {"admins"}, ""});
  CHECK(ask(bearer("Bearer pst_alice"))->groups == std::vector<std::string>{"assumed"});
}

TEST_CASE_FIXTURE(Fixture, "a session counts while what it was made with does") {
  const auto sessions = std::make_shared<FixedSessions>();
  members.sessions = sessions;
  const auto counts = [&] { return ask(bearer("Bearer pst_alice")).has_value(); };
  const std::string of_token = basis_digest("sesame");
  sessions->basis = of_token;
  CHECK(counts());
  sessions->basis = "ca::0123";
  CHECK_FALSE(counts());  // postern has no client CA any more
  members.cluster_ca = std::make_shared<FixedConnection>(std::nullopt);
  CHECK(counts());
  members.client_ca = std::move(members.cluster_ca);
  CHECK(counts());
  members.token_file = nullptr;
  CHECK(counts());
  for (const std::string_view gone : {"ca::4567", "ca:", "ca::", of_token.c_str()}) {
    sessions->basis = gone;
    CHECK_FALSE(counts());
  }
  sessions->basis = kReviewBasis;
  CHECK_FALSE(counts());  // no cluster is asked any more
  members.reviews_tokens = true;
  CHECK(counts());
}

TEST_CASE_FIXTURE(Fixture, "what a session rests on by its credential") {
  const auto basis_of = [&](const std::string& token) {
    return AuthenticatorUnion(members).basis_of(bearer("Bearer " + token), nullptr).token;
  };
  CHECK(basis_of("sesame") == basis_digest("sesame"));
  CHECK(basis_of("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2ln") == kReviewBasis);
  CHECK(basis_of("pst_parent").empty());  // the parent's
  members.token_file = nullptr;
  CHECK(basis_of("sesame") == kReviewBasis);
}

TEST_CASE_FIXTURE(Fixture, "web tokens have no authenticator here") {
  CHECK_FALSE(ask(bearer("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.")));
}

constexpr const char* kWebToken = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2ln";
const rbac::UserInfo kDeployer{"system:serviceaccount:ci:deployer", {"ci"}, "7", "staging"};

TEST_CASE_FIXTURE(Fixture, "web tokens are reviewed by a cluster, and only they") {
  members.reviews_tokens = true;
  CHECK_FALSE(ask(bearer(std::string("Bearer ") + kWebToken)));
  CHECK(unreviewed == kWebToken);
  CHECK_FALSE(counted("token_review", "failure"));  // there is no outcome yet

  unreviewed.clear();
  reviewed.verdicts.emplace(kWebToken, kDeployer);
  const auto user = ask(bearer(std::string("Bearer ") + kWebToken));
  REQUIRE(user);
  CHECK(*user == kDeployer);
  CHECK(counted("token_review", "success"));

  // Session tokens and those of the token file's form never get there.
  CHECK_FALSE(ask(bearer("Bearer pst_x")));
  CHECK_FALSE(ask(bearer("Bearer unknown")));
  CHECK(unreviewed.empty());
  members.token_file = nullptr;
  CHECK_FALSE(ask(bearer("Bearer unknown")));
  CHECK(unreviewed == "unknown");
}

TEST_CASE_FIXTURE(Fixture, "a token that the cluster refused is refused, with its reason") {
  members.reviews_tokens = true;
  reviewed.verdicts.emplace(kWebToken, Refusal("the token is for another audience"));
  std::string why;
  CHECK_FALSE(ask(bearer(std::string("Bearer ") + kWebToken), &why));
  CHECK(why == "the token is for another audience");
  CHECK(unreviewed.empty());
  CHECK(counted("token_review", "failure"));
}

TEST_CASE_FIXTURE(Fixture,
                  "nobody waits for a review: without a place for the token it is refused") {
  members.reviews_tokens = true;
  const std::string header = std::string("Bearer ") + kWebToken;
  const auto user = AuthenticatorUnion(members, &metrics).authenticate(bearer(header), nullptr);
  REQUIRE_FALSE(user);
  CHECK(user.error().code == 401);
  CHECK(counted("token_review", "failure"));
}

TEST_CASE_FIXTURE(Fixture, "one name at two clusters is two users") {
  members.reviews_tokens = true;
  const std::string header = std::string("Bearer ") + kWebToken;
  reviewed.verdicts.emplace(kWebToken, kDeployer);
  rbac::UserInfo other = kDeployer;
  other.kube_cluster = "prod";
  certificate(other);
  std::string why;
  CHECK_FALSE(ask(bearer(header), &why));
  CHECK(why.find("of cluster \"staging\"") != std::string::npos);
  CHECK(counted("union", "failure"));
  // The same cluster's certificate, or one that counts everywhere, is the same user's; the token
  // speaks for the request.
  for (const char* cluster : {"staging", ""}) {
    other.kube_cluster = cluster;
    certificate(other);
    CHECK(ask(bearer(header))->kube_cluster == "staging");
  }
}

TEST_CASE_FIXTURE(Fixture, "a cluster's CA is asked about what postern's does not know") {
  members.cluster_ca =
      std::make_shared<FixedConnection>(rbac::UserInfo{"carol", {}, "", "staging"});
  CHECK(ask({})->kube_cluster == "staging");
  certificate(tl::unexpected(std::string("unknown authority")));
  CHECK(ask({})->kube_cluster == "staging");
  certificate(rbac::UserInfo{"carol", {}, ""});
  CHECK(ask({})->kube_cluster.empty());
  certificate(std::nullopt);
  members.cluster_ca = std::make_shared<FixedConnection>(std::nullopt);
  CHECK_FALSE(ask({}));
  certificate(tl::unexpected(std::string("unknown authority")));
  members.cluster_ca =
      std::make_shared<FixedConnection>(tl::unexpected(std::string("unknown there, too")));
  std::string why;
  CHECK_FALSE(ask({}, &why));
  CHECK(why == "unknown authority");
}

}  // namespace
}  // namespace postern::proxy
