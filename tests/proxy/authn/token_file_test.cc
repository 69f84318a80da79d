#include "proxy/authn/token_file.h"

#include "proxy/authn/csv.h"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace postern::proxy {
namespace {

Loaded<std::shared_ptr<const TokenFile>> parse(std::string_view text, NamePrefix prefix = {}) {
  return TokenFile::parse("tokens.csv", text, prefix);
}

rbac::UserInfo user_of(const TokenFile& tokens, std::string_view token) {
  const Identity identity = tokens.authenticate_token(token);
  REQUIRE(identity);
  REQUIRE(*identity);
  return **identity;
}

using Groups = std::vector<std::string>;

TEST_CASE("kube-apiserver's token file") {
  // The table of k8s.io/apiserver pkg/authentication/token/tokenfile, in our words.
  const auto tokens = parse(
      "token1,user1,uid1\n"
      "token2,user2,uid2\r\n"
      "\n"
      "token3,user3,uid3,\"group1,group2\"\n"
      "token4,user4,uid4,group2\n"
      "token5,user5,uid5,\n"
      "\"tok\"\"en6\",\"user, six\",,\"\"");
  REQUIRE(tokens);
  CHECK((*tokens)->size() == 6);
  CHECK(user_of(**tokens, "token1").name == "user1");
  CHECK(user_of(**tokens, "token1").uid == "uid1");
  CHECK(user_of(**tokens, "token1").groups == Groups{"system:authenticated"});
  CHECK(user_of(**tokens, "token2").uid == "uid2");
  CHECK(user_of(**tokens, "token3").groups == Groups{"group1", "group2", "system:authenticated"});
  CHECK(user_of(**tokens, "token4").groups == Groups{"group2", "system:authenticated"});
  CHECK(user_of(**tokens, "token5").groups == Groups{"system:authenticated"});
  CHECK(user_of(**tokens, "tok\"en6").name == "user, six");
  for (const char* wrong : {"token", "token11", "TOKEN1", "token1 ", "user1"}) {
    CAPTURE(std::string(wrong));
    const Identity identity = (*tokens)->authenticate_token(wrong);
    REQUIRE(identity);
    CHECK_FALSE(*identity);
  }
}

TEST_CASE("an empty file has no tokens") {
  REQUIRE(parse(""));
  CHECK((*parse(""))->size() == 0);
  CHECK((*parse("\n\r\n\n"))->size() == 0);
}

TEST_CASE("prefixes come before every proved name") {
  const auto tokens = parse("t,alice,,\"ops,system:masters\"", {"corp:", "corp-group:"});
  REQUIRE(tokens);
  CHECK(user_of(**tokens, "t").name == "corp:alice");
  CHECK(user_of(**tokens, "t").groups ==
        Groups{"corp-group:ops", "corp-group:system:masters", "system:authenticated"});
}

TEST_CASE("a group that is named twice counts once") {
  const auto tokens = parse("t,alice,,\"ops,ops,system:authenticated\"");
  REQUIRE(tokens);
  CHECK(user_of(**tokens, "t").groups == Groups{"ops", "system:authenticated"});
}

TEST_CASE("bad records: each one is an error of its own line") {
  struct Row {
    const char* record;
    const char* message;  ///< a part of it
  };
  const Row rows[] = {
      {"token,user", "three or four columns"},
      {"token", "three or four columns"},
      {"token,user,uid,group,more", "three or four columns"},
      {",user,uid", "the token is empty"},
      {"to ken,user,uid", "the token has a space"},
      {"\"to,ken\",user,uid", "the token has a comma"},
      {"t\xc3\xb6ken,user,uid", "not ASCII"},
      {"pst_token,user,uid", "session tokens"},
      {"eyJh.eyJz.sig,user,uid", "JSON web token"},
      {"token,,uid", "the user name is empty"},
      {"token, user,uid", "spaces at its edges"},
      {"token,us\x01"
       "er,uid",
       "cannot be printed"},
      {"token,us\xff"
       "er,uid",
       "cannot be printed"},
      {"token,system:anonymous,uid", "system:anonymous"},
      {"token,user,uid,system:unauthenticated", "system:unauthenticated"},
      {"token,user,uid,\"a,,b\"", "a group of user \"user\" is empty"},
      {"token,user,uid,\"a,\"", "is empty"},
      {"token,user,uid,\"a, b\"", "spaces at its edges"},
      {"to\"ken,user,uid", "a quote inside"},
      {"\"token\"x,user,uid", "behind the closing quote"},
      {"first,user,uid", "the same token"},
  };
  std::string file = "first,first,uid\n";
  for (const Row& row : rows) file += std::string(row.record) + "\n";
  for (const Row& row : rows) {
    CAPTURE(std::string(row.record));
    const auto tokens = parse("first,first,uid\n" + std::string(row.record) + "\n");
    REQUIRE_FALSE(tokens);
    REQUIRE(tokens.error().size() == 1);
    CHECK(tokens.error()[0].line == 2);
    CHECK(tokens.error()[0].to_string().find(row.message) != std::string::npos);
    CHECK(tokens.error()[0].to_string().starts_with("tokens.csv:2"));
    CHECK(tokens.error()[0].message.find("first") == std::string::npos);
  }
}

TEST_CASE("all bad records are told at once, and none holds a token") {
  const auto tokens = parse("sesame1,user\nsesame2,,uid\nsesame3,user3,uid\nsesame3,user4,uid\n");
  REQUIRE_FALSE(tokens);
  REQUIRE(tokens.error().size() == 3);
  CHECK(tokens.error()[0].line == 1);
  CHECK(tokens.error()[1].line == 2);
  CHECK(tokens.error()[2].line == 4);
  for (const ConfigError& error : tokens.error()) {
    CHECK(error.to_string().find("sesame") == std::string::npos);
  }
}

TEST_CASE("a line that is no CSV hides nothing of what is wrong with the others") {
  const auto tokens = parse("sesame1,,uid\nse\"same2,user,uid\nsesame3,user\n\"sesame4,user,uid");
  REQUIRE_FALSE(tokens);
  REQUIRE(tokens.error().size() == 4);
  CHECK(tokens.error()[0].line == 1);
  CHECK(tokens.error()[1].line == 2);
  CHECK(tokens.error()[2].line == 3);
  CHECK(tokens.error()[3].message == "the closing quote is missing");
}

TEST_CASE("broken CSV: every bad line is told, with its column") {
  const Csv csv = parse_csv("f", "a,b\nc\"d\ne,\"f\"g\nh\rj\n\"open,\nend");
  REQUIRE(csv.errors.size() == 4);
  CHECK(csv.errors[0] == ConfigError{"f", 2, 2, "", "a quote inside of an unquoted field"});
  CHECK(csv.errors[1] == ConfigError{"f", 3, 6, "", "something stands behind the closing quote"});
  CHECK(csv.errors[2] == ConfigError{"f", 4, 2, "", "a control character"});
  CHECK(csv.errors[3].message == "the closing quote is missing");
}

TEST_CASE("quoted fields span lines") {
  const Csv csv = parse_csv("f", "\"a\nb\",c\nd,e");
  CHECK(csv.errors.empty());
  REQUIRE(csv.records.size() == 2);
  CHECK(csv.records[0].fields == std::vector<std::string>{"a\nb", "c"});
  CHECK(csv.records[0].line == 1);
  CHECK(csv.records[1].line == 3);
}

TEST_CASE("a file that is not there is an error that says so") {
  const auto tokens = TokenFile::load("/nonexistent/tokens.csv", {});
  REQUIRE_FALSE(tokens);
  CHECK(tokens.error()[0].to_string() ==
        "/nonexistent/tokens.csv: cannot be opened: No such file or directory");
  CHECK_FALSE(TokenFile::load("/", {}));
}

}  // namespace
}  // namespace postern::proxy
