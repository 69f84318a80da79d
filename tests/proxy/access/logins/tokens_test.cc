#include "proxy/access/logins/invite.h"
#include "proxy/access/logins/session_token.h"
#include "proxy/access/logins/token_digest.h"

#include <array>
#include <doctest/doctest.h>
#include <set>
#include <stdexcept>

using namespace postern::proxy::access;
using namespace std::chrono_literals;

TEST_CASE("digests are SHA-256") {
  CHECK(token_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(token_digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(same_digest(token_digest("abc"), token_digest("abc")));
  CHECK_FALSE(same_digest(token_digest("abc"), token_digest("abd")));
  CHECK_FALSE(same_digest(token_digest("abc"), token_digest("abc").substr(1)));
  CHECK_FALSE(same_digest(token_digest("abc"), ""));
}

TEST_CASE("secrets are 160 bits, each its own") {
  std::set<std::string> seen;
  std::array<std::set<char>, 32> letters;
  for (int i = 0; i < 2000; ++i) {
    const std::string secret = random_secret();
    REQUIRE(secret.size() == 32);
    REQUIRE(is_secret(secret));
    CHECK(seen.insert(secret).second);
    for (std::size_t at = 0; at < 32; ++at) letters[at].insert(secret[at]);
  }
  // Every place takes every letter: 2000 draws miss one of 32 with less than 1 : 10^24.
  for (const auto& place : letters) CHECK(place.size() == 32);
}

TEST_CASE("a session token names its session and is read back") {
  const SessionToken token = make_session_token("k3x9-a");
  CHECK(token.text.starts_with("pst_k3x9-a_"));
  CHECK(token.text.size() == 4 + 6 + 1 + 32);
  CHECK(token.digest == token_digest(token.text));
  const auto shown = parse_session_token(token.text);
  REQUIRE(shown);
  CHECK(shown->id == "k3x9-a");
  CHECK(shown->digest == token.digest);
  CHECK(make_session_token("k3x9-a").text != token.text);
  for (const std::string& id : {std::string(), std::string("A"), std::string("a_b"),
                                std::string("a/b"), std::string(64, 'a')}) {
    CHECK_THROWS_AS(make_session_token(id), std::logic_error);
  }
  CHECK(parse_session_token(make_session_token(std::string(63, 'a')).text));
}

TEST_CASE("what is no session token is none") {
  const std::string secret(32, 'a');
  CHECK(parse_session_token("pst_x_" + secret));
  for (const std::string& text :
       {std::string(), std::string("pst_"), "x_" + secret, "PST_x_" + secret, "psi_x_" + secret,
        "pst__" + secret, "pst_x" + secret, "pst_x_" + secret + "a", "pst_x_" + secret.substr(1),
        "pst_x_" + secret.substr(1) + "A", "pst_x_" + secret.substr(1) + "1", "pst_X_" + secret,
        "pst_x_y_" + secret, "pst_x_" + secret + "\n", " pst_x_" + secret,
        "pst_x_" + secret.substr(1) + std::string(1, '\0'),
        "pst_" + std::string(64, 'x') + "_" + secret}) {
    CAPTURE(text);
    CHECK_FALSE(parse_session_token(text));
  }
}

TEST_CASE("an invite is good until its end, for what was kept of it") {
  const Invite invite = make_invite();
  CHECK(invite.text.starts_with("psi_"));
  CHECK(invite.text.size() == 4 + 32);
  CHECK(invite.digest == token_digest(invite.text));
  const auto now = std::chrono::system_clock::time_point(1'800'000'000s);
  CHECK(redeems(invite.text, invite.digest, now + 1ns, now));
  CHECK_FALSE(redeems(invite.text, invite.digest, now, now));
  CHECK_FALSE(redeems(invite.text, invite.digest, now - 1h, now));
  CHECK_FALSE(redeems(make_invite().text, invite.digest, now + 1h, now));
  CHECK_FALSE(redeems(invite.text, "", now + 1h, now));
  CHECK_FALSE(redeems("", "", now + 1h, now));
  CHECK_FALSE(redeems(invite.digest, invite.digest, now + 1h, now));
  // A text whose digest was kept, but which is no invite.
  CHECK_FALSE(redeems("", token_digest(""), now + 1h, now));
}
