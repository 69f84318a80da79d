#include "proxy/access/state/login_flow.h"
#include "world.h"

#include <doctest/doctest.h>

namespace postern::proxy::access::test {
namespace {

struct LoginWorld : StoryWorld {
  Result<IssuedSession> log_in(const LoginDocument& login) {
    if (auto fine = LoginFlow::check(*state, login); !fine) return fail(fine.error());
    auto check = LoginFlow::begin(*state, login);
    if (!check) return fail(check.error());
    return LoginFlow::finish(*state, login, LoginFlow::prove(login, *check));
  }
  Result<IssuedSession> by_password(const std::string& user, const std::string& password) {
    LoginDocument login;
    login.user = user;
    login.password = password;
    login.address = "192.0.2.1";
    return log_in(login);
  }
  Result<IssuedSession> by_invite(const std::string& user, const std::string& invite,
                                  const std::string& new_password = "") {
    LoginDocument login;
    login.user = user;
    login.invite = invite;
    login.new_password = new_password;
    login.address = "192.0.2.1";
    return log_in(login);
  }
  std::string invite_of(const std::string& user) {
    const auto invite = state->invite(as("carol"), user);
    REQUIRE_MESSAGE(invite, said(invite));
    CHECK(invite->expires == wall + 1h);
    return invite->token;
  }
};

TEST_CASE_FIXTURE(LoginWorld, "an invite sets a password, once, and the password logs in") {
  const std::string invite = invite_of("alice");
  CHECK_FALSE(state->has_password("alice"));
  const std::string unauthorized = said(by_invite("bob", invite, "correct horse"));
  CHECK(unauthorized.starts_with("401"));
  CHECK(said(by_invite("nobody", invite)) == unauthorized);
  CHECK(said(by_invite("alice", invite, "short")).starts_with("422"));
  const auto first = by_invite("alice", invite, "correct horse");
  REQUIRE_MESSAGE(first, said(first));
  CHECK(first->session->user.name == "alice");
  CHECK(first->session->by_password);
  CHECK(first->session->user.groups == std::vector<std::string>{"system:authenticated"});
  REQUIRE(entry(*first));
  CHECK(said(by_invite("alice", invite, "another one")) == unauthorized);

  start();
  CHECK(state->has_password("alice"));
  CHECK(said(by_password("alice", "wrong")) == unauthorized);
  CHECK(said(by_password("nobody", "correct horse")) == unauthorized);
  CHECK(said(by_password("bob", "correct horse")) == unauthorized);
  CHECK(by_password("alice", "correct horse"));
  CHECK(audited("login.fail") == 6);
  CHECK(std::none_of(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.find("correct horse") != std::string::npos ||
           line.find(invite) != std::string::npos;
  }));
}

TEST_CASE_FIXTURE(LoginWorld, "invites end in time, and a new one takes the place of the old") {
  const std::string old = invite_of("alice");
  const std::string fresh = invite_of("alice");
  CHECK(said(by_invite("alice", old)).starts_with("401"));
  wall += 1h;
  CHECK(said(by_invite("alice", fresh)).starts_with("401"));
  CHECK(by_invite("alice", invite_of("alice")));
  CHECK(said(state->invite(as("carol"), "nobody")).starts_with("404"));
}

TEST_CASE_FIXTURE(LoginWorld, "an invite may have a time of its own") {
  const auto invite = state->invite(as("carol"), "alice", {.ttl = 24h, .reset = false});
  REQUIRE_MESSAGE(invite, said(invite));
  CHECK(invite->expires == wall + 24h);
  wall += 23h;
  CHECK(by_invite("alice", invite->token, "correct horse"));
  for (const auto ttl : {0s, std::chrono::seconds(-1h), std::chrono::seconds(169h)}) {
    const auto refused = state->invite(as("carol"), "alice", {.ttl = ttl, .reset = false});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == 422);
    CHECK(refused.error().causes.at(0).field == "spec.ttl");
  }
}

TEST_CASE_FIXTURE(LoginWorld, "a reset takes the password away, with the sessions that it opened") {
  REQUIRE(by_invite("alice", invite_of("alice"), "correct horse"));
  const auto opened = by_password("alice", "correct horse");
  REQUIRE(opened);
  const IssuedSession other = session("alice");  // by another credential
  CHECK(said(state->invite(as("alice"), "alice", {.ttl = {}, .reset = true})).starts_with("403"));
  CHECK(entry(*opened) != nullptr);
  const auto invite = state->invite(as("carol"), "alice", {.ttl = {}, .reset = true});
  REQUIRE_MESSAGE(invite, said(invite));
  CHECK(entry(*opened) == nullptr);
  CHECK(entry(other) != nullptr);
  CHECK_FALSE(state->has_password("alice"));
  CHECK(said(by_password("alice", "correct horse")).starts_with("401"));
  CHECK(by_invite("alice", invite->token, "battery staple"));
  CHECK(by_password("alice", "battery staple"));
  CHECK(audited("user.reset") == 1);
}

TEST_CASE_FIXTURE(LoginWorld, "two who redeem at once: one of them") {
  LoginDocument login;
  login.user = "alice";
  login.invite = invite_of("alice");
  const auto one = LoginFlow::begin(*state, login);
  const auto two = LoginFlow::begin(*state, login);
  REQUIRE(one);
  REQUIRE(two);
  CHECK(LoginFlow::finish(*state, login, LoginFlow::prove(login, *one)));
  CHECK(said(LoginFlow::finish(*state, login, LoginFlow::prove(login, *two))).starts_with("401"));
}

TEST_CASE_FIXTURE(LoginWorld, "locked and removed users do not log in, and their sessions end") {
  const char* erin = R"({"kind":"user","metadata":{"name":"erin"},"spec":{"roles":[]}})";
  REQUIRE(state->create_user(as("carol"), erin, false));
  const auto session = by_invite("erin", invite_of("erin"), "correct horse");
  REQUIRE(session);
  const char* locked =
      R"({"kind":"user","metadata":{"name":"erin"},"spec":{"roles":[],"locked":true}})";
  REQUIRE(state->update_user(as("carol"), "erin", locked, {}, false));
  CHECK(said(by_password("erin", "correct horse")).starts_with("401"));
  REQUIRE(state->delete_user(as("carol"), "erin", {}, false));
  CHECK_FALSE(state->has_password("erin"));
  REQUIRE(state->create_user(as("carol"), erin, false));
  CHECK(said(by_password("erin", "correct horse")).starts_with("401"));
}

TEST_CASE_FIXTURE(LoginWorld, "a user who leaves the file is nobody's session any more") {
  const auto session = by_invite("alice", invite_of("alice"));
  REQUIRE(session);
  std::string without = files;
  const std::string plain =
      "---\nkind: user\nmetadata: {name: alice}\nspec: {roles: "
      "[requester-of-dev]}\n";
  without.erase(without.find(plain), plain.size());
  state->set_files(file_objects(without));
  CHECK(entry(*session) == nullptr);
  state->set_files(file_objects(files));
  CHECK(entry(*session) != nullptr);
}

TEST_CASE_FIXTURE(LoginWorld, "who guesses is slowed down") {
  std::string last;
  for (int i = 0; i < 10; ++i) last = said(by_invite("alice", "psi_wrong"));
  CHECK(last.starts_with("429"));
}

TEST_CASE_FIXTURE(LoginWorld, "local users can be turned off") {
  options.local_users = false;
  start();
  CHECK(said(by_password("alice", "correct horse")).starts_with("403"));
  CHECK(said(state->invite(as("carol"), "alice")).starts_with("403"));
}

TEST_CASE_FIXTURE(LoginWorld, "a proxy that somebody administers makes no administrator") {
  options.proved_otherwise = {"c"};
  start();
  const auto made = state->ensure_administrator();
  REQUIRE(made);
  CHECK_FALSE(*made);
  CHECK(state->users().size() == 3);
}

TEST_CASE_FIXTURE(LoginWorld,
                  "an administrator of the files who cannot log in gets the first login") {
  files += "---\nkind: user\nmetadata: {name: zoe}\nspec: {roles: [editor]}\n";
  options.proved_otherwise = {"svc:"};
  start();
  const auto made = state->ensure_administrator();
  REQUIRE(made);
  REQUIRE(*made);
  CHECK((*made)->user == "carol");
  CHECK(state->users().size() == 4);
  CHECK(records.back() == "user.invite  carol");
  start();
  const auto again = state->ensure_administrator();
  REQUIRE(again);
  REQUIRE(*again);
  CHECK(said(by_invite("carol", (*made)->token)).starts_with("401"));
  const auto session = by_invite("carol", (*again)->token, "correct horse");
  REQUIRE_MESSAGE(session, said(session));
  start();
  CHECK_FALSE(*state->ensure_administrator());
}

TEST_CASE_FIXTURE(
    LoginWorld,
    "an administrator who has been invited needs no first login until the invite ends") {
  const Caller carol = as("carol");
  CHECK(state->invite(carol, "carol"));
  CHECK_FALSE(*state->ensure_administrator());
  pass(2h);
  REQUIRE(*state->ensure_administrator());
}

TEST_CASE_FIXTURE(LoginWorld, "groups that administer count where something proves groups") {
  files.clear();
  options.group_roles = {{"platform", {"editor"}}};
  start();
  REQUIRE(*state->ensure_administrator());
  options.proved_otherwise = {""};
  start();
  CHECK_FALSE(*state->ensure_administrator());
}

TEST_CASE_FIXTURE(LoginWorld, "the first administrator, until the invite is redeemed") {
  files.clear();
  start();
  const auto first = state->ensure_administrator();
  REQUIRE(first);
  REQUIRE(*first);
  CHECK((*first)->user == "admin");
  CHECK((*first)->expires == wall + 10min);
  start();
  const auto second = state->ensure_administrator();
  REQUIRE(second);
  REQUIRE(*second);
  CHECK((*second)->user == "admin");
  CHECK(state->users().size() == 1);
  CHECK(said(by_invite("admin", (*first)->token)).starts_with("401"));
  const auto session = by_invite("admin", (*second)->token, "correct horse");
  REQUIRE_MESSAGE(session, said(session));
  CHECK(state->create_user(as("admin", session->session->meta.name),
                           R"({"kind":"user","metadata":{"name":"erin"},"spec":{"roles":[]}})",
                           false));
  start();
  CHECK_FALSE(*state->ensure_administrator());
}

TEST_CASE_FIXTURE(LoginWorld, "an admin who may not administer stays as they are") {
  files = "kind: user\nmetadata: {name: admin}\nspec: {roles: []}\n";
  start();
  const auto made = state->ensure_administrator();
  REQUIRE(made);
  REQUIRE(*made);
  CHECK((*made)->user == "admin-2");
}

}  // namespace
}  // namespace postern::proxy::access::test
