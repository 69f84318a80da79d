#include "proxy/authn/session_basis.h"

#include "proxy/authn/token_file.h"
#include "proxy/crypto/base64url.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

std::string web_token(const std::string& claims) {
  return "eyJhbGciOiJub25lIn0." + base64url_encode(claims) + ".sig";
}

TEST_CASE("a JSON web token says when it ends") {
  const auto end = web_token_end(web_token(R"({"exp":1700000000})"));
  REQUIRE(end);
  CHECK(std::chrono::system_clock::to_time_t(*end) == 1700000000);
  CHECK(web_token_end(web_token(R"({"exp":1700000000.5})")) == end);
  for (const char* claims : {"{}", R"({"exp":"soon"})", R"({"exp":-1})", R"({"exp":1e300})", "[]",
                             "nonsense", R"({"exp":null})"}) {
    CAPTURE(claims);
    CHECK_FALSE(web_token_end(web_token(claims)));
  }
  CHECK_FALSE(web_token_end("eyJ"));
  CHECK_FALSE(web_token_end("eyJ.!.x"));
}

TEST_CASE("a static token is the basis of a session while it stands in the file, for that user") {
  const auto file = TokenFile::parse("tokens.csv", "secret-0123456789,alice,1\n", NamePrefix{});
  REQUIRE(file);
  const std::string basis = basis_digest("secret-0123456789");
  CHECK((*file)->still_proves(basis, "alice"));
  CHECK_FALSE((*file)->still_proves(basis, "bob"));
  CHECK_FALSE((*file)->still_proves(basis_digest("other"), "alice"));
  CHECK(basis.find("secret") == std::string::npos);
}

}  // namespace
}  // namespace postern::proxy
