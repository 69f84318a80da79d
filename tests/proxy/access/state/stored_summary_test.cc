#include "proxy/access/state/stored_forms.h"

#include <chrono>
#include <doctest/doctest.h>
#include <string>

using namespace postern::proxy::access;

namespace {

using Summary = std::map<std::string, std::string>;

Summary of(std::string_view kind, const std::string& data) {
  return summary_of(std::string(kind), data);
}

const TimePoint kEnd = TimePoint(std::chrono::seconds(1'767'323'045));

}  // namespace

TEST_CASE("a session's summary has neither its digest nor its id") {
  StoredSession session;
  session.object.user.name = "alice";
  session.object.expires = kEnd;
  session.object.requests = {"r1", "r2"};
  session.digest = "the digest";
  const Summary summary = of(kSessionKind, encode(session));
  CHECK(summary == Summary{{"user", "alice"},
                           {"expires", "2026-01-02T03:04:05Z"},
                           {"requests", "r1,r2"},
                           {"confined", "false"}});
}

TEST_CASE("a login's summary says that there is a password, not which") {
  StoredLogin login;
  CHECK(of(kLoginKind, encode(login)) == Summary{{"password", "no"}});
  login.password = "scrypt:…";
  login.invite = "a digest";
  login.invite_ends = kEnd;
  CHECK(of(kLoginKind, encode(login)) ==
        Summary{{"password", "yes"}, {"inviteEnds", "2026-01-02T03:04:05Z"}});
}

TEST_CASE("a user's and a role's summary; long and strange text is cut and made visible") {
  const std::string user =
      R"({"document":"{\"spec\":{\"roles\":[\"a\",\"b\"],\"locked\":true}}","meta":{}})";
  CHECK(of(kUserKind, user) == Summary{{"roles", "a,b"}, {"locked", "true"}});
  CHECK(of(kRoleKind, R"({"document":"{\"version\":\"v7\\u001b\"}"})").at("version") == "v7\\x1b");
  const std::string many =
      R"({"document":"{\"spec\":{\"roles\":[\")" + std::string(5000, 'x') + R"(\"]}}"})";
  CHECK(of(kUserKind, many).at("roles").size() == 256);
}

TEST_CASE("what cannot be read has no summary") {
  for (const char* data : {"", "{", "[]", "{}", R"({"document":1})", R"({"request":"{}"})"}) {
    for (const auto kind : {kRequestKind, kRoleKind, kUserKind, kSessionKind, kLoginKind}) {
      CHECK(of(kind, data).empty());
    }
  }
  CHECK(of("other", "{}").empty());
}
