#include "proxy/upstream/impersonation.h"

#include <cctype>
#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

/// What apiserver's unescapeExtraKey makes of a header's name: lower case, then %xx resolved.
std::string key_upstream(const std::string& header) {
  std::string lower;
  for (const char c : header)
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::string key;
  for (std::size_t i = std::string("impersonate-extra-").size(); i < lower.size(); ++i) {
    if (lower[i] == '%') {
      key += static_cast<char>(std::stoi(lower.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      key += lower[i];
    }
  }
  return key;
}

TEST_CASE("impersonation: user first, one line for each group, the access request last") {
  const auto fields = impersonation_fields({"alice", {"system:authenticated", "viewers"}}, "req-1");
  REQUIRE(fields);
  CHECK(*fields == HeaderFields{{"Impersonate-User", "alice"},
                                {"Impersonate-Group", "system:authenticated"},
                                {"Impersonate-Group", "viewers"},
                                {"Impersonate-Extra-access.postern.dev%2Frequest", "req-1"}});
  const auto plain = impersonation_fields({"alice", {"system:authenticated"}}, "");
  REQUIRE(plain);
  CHECK(plain->size() == 2);
}

TEST_CASE("impersonation: a call whose identity is in doubt does not leave") {
  struct Row {
    rbac::Principals principals;
    std::string request;
  };
  const std::vector<std::string> groups{"system:authenticated"};
  const Row rows[] = {
      {{"", groups}, ""},
      {{"alice", {}}, ""},
      {{"alice", {""}}, ""},
      {{" alice", groups}, ""},
      {{"alice ", groups}, ""},
      {{"alice\r\nImpersonate-Group: system:masters", groups}, ""},
      {{"alice\nx", groups}, ""},
      {{std::string("alice\0x", 7), groups}, ""},
      {{"alice\tx", groups}, ""},
      {{"alice\x7f", groups}, ""},
      {{"alice\xc2\x85", groups}, ""},  // C1: next line
      {{"alice\xff", groups}, ""},      // no UTF-8
      {{"alice\xc0\x8a", groups}, ""},  // an overlong line feed
      {{"alice", {"viewers", "system:masters\r\n"}}, ""},
      {{"alice", groups}, "req\r\n1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.principals.user);
    const auto fields = impersonation_fields(row.principals, row.request);
    REQUIRE_FALSE(fields);
    CHECK(fields.error().code == 500);
  }
}

TEST_CASE("impersonation: names in other scripts pass") {
  CHECK(
      is_safe_identity_value("jos\xc3\xa9 garc\xc3\xad"
                             "a"));
  CHECK(is_safe_identity_value("system:serviceaccount:dev:default"));
  CHECK_FALSE(is_safe_identity_value(""));
}

TEST_CASE("attack 80: extra keys arrive as they are") {
  CHECK(impersonation_extra_name("Example.com/Role") == "Impersonate-Extra-%45xample.com%2F%52ole");
  for (const std::string key : {"access.postern.dev/request", "Example.com/Role", "a%2fb", "x y",
                                "scopes", "\xc3\xa9t\xc3\xa9", "a:b"}) {
    CHECK(key_upstream(impersonation_extra_name(key)) == key);
  }
}

}  // namespace
}  // namespace postern::proxy
