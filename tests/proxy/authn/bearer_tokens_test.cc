#include "proxy/authn/bearer_tokens.h"

#include "proxy/crypto/base64url.h"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace postern::proxy {
namespace {

using Tokens = std::vector<std::string>;

http::Fields fields(std::initializer_list<http::Field> list) {
  http::Fields made;
  for (const http::Field& field : list) made.add(field);
  return made;
}

TEST_CASE("tokens of the Authorization header") {
  struct Row {
    const char* value;
    const char* token;  ///< nullptr: refused
  };
  const Row rows[] = {
      {"Bearer abc", "abc"},
      {"bearer abc", "abc"},
      {"BEARER a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="},
      {"Bearer ", nullptr},
      {"Bearer", nullptr},
      {"Bearer  abc", nullptr},
      {"Bearer abc def", nullptr},
      {"Bearer a,b", nullptr},
      {"Bearer\tabc", nullptr},
      {"Bearer caf\xc3\xa9", nullptr},
      {"Basic YWxpY2U6c2VjcmV0", nullptr},
      {"Negotiate abc", nullptr},
      {"Bearerabc", nullptr},
      {"", nullptr},
      {"abc", nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.value));
    const auto tokens = bearer_tokens(fields({{"Authorization", row.value}}));
    if (row.token == nullptr) {
      CHECK_FALSE(tokens);
    } else {
      REQUIRE(tokens);
      CHECK(*tokens == Tokens{row.token});
    }
  }
  CHECK(bearer_tokens(fields({})) == Tokens{});
  CHECK_FALSE(
      bearer_tokens(fields({{"Authorization", "Bearer a"}, {"authorization", "Bearer a"}})));
  CHECK_FALSE(bearer_tokens(fields({{"Authorization", "Bearer " + std::string(8193, 'x')}})));
}

TEST_CASE("181, 182: tokens of the WebSocket subprotocol") {
  const std::string bearer = "base64url.bearer.authorization.k8s.io.";
  const std::string encoded = bearer + base64url_encode("sesame");
  const auto of = [](const std::string& value) {
    return bearer_tokens(fields({{"Sec-WebSocket-Protocol", value}}));
  };
  CHECK(of("v5.channel.k8s.io") == Tokens{});
  CHECK(of("v5.channel.k8s.io, " + encoded) == Tokens{"sesame"});
  CHECK(of(encoded + ",v5.channel.k8s.io") == Tokens{"sesame"});
  CHECK(bearer_tokens(fields({{"Sec-WebSocket-Protocol", encoded},
                              {"sec-websocket-protocol", "v5.channel.k8s.io"}})) ==
        Tokens{"sesame"});

  CHECK_FALSE(of(encoded));
  CHECK_FALSE(of(encoded + ", ,"));
  CHECK_FALSE(of("v5.channel.k8s.io, " + encoded + ", " + encoded));
  CHECK_FALSE(of("v5.channel.k8s.io, " + bearer));
  CHECK_FALSE(of("v5.channel.k8s.io, " + bearer + "!!!"));
  CHECK_FALSE(of("v5.channel.k8s.io, " + encoded + "="));
  CHECK_FALSE(of("v5.channel.k8s.io, " + bearer + base64url_encode("a b")));
  CHECK_FALSE(of("v5.channel.k8s.io, " + bearer + base64url_encode(std::string("a\0b", 3))));
}

TEST_CASE("both places: both tokens, the header's first") {
  const std::string protocols =
      "v5.channel.k8s.io, base64url.bearer.authorization.k8s.io." + base64url_encode("two");
  CHECK(bearer_tokens(fields({{"Sec-WebSocket-Protocol", protocols},
                              {"Authorization", "Bearer one"}})) == Tokens{"one", "two"});
}

TEST_CASE("the form of a token") {
  CHECK(token_form("pst_abc") == TokenForm::kSession);
  CHECK(token_form("pst_") == TokenForm::kSession);
  CHECK(token_form("eyJhbGciOiJub25lIn0.e30.") == TokenForm::kJwt);
  CHECK(token_form("eyJ.only-one-dot") == TokenForm::kOpaque);
  CHECK(token_form("a.b.c") == TokenForm::kOpaque);
  CHECK(token_form("PST_abc") == TokenForm::kOpaque);
  CHECK(token_form("sesame") == TokenForm::kOpaque);
}

}  // namespace
}  // namespace postern::proxy
