#include "proxy/crypto/continue_token.h"

#include "proxy/crypto/base64url.h"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace postern::proxy {
namespace {

MasterKey key_of(std::uint8_t byte) {
  MasterKey::Bytes bytes{};
  bytes.fill(byte);
  return MasterKey(bytes);
}

TEST_CASE("F: a sealed token opens only for the call that it was made for") {
  const ContinueSealer sealer(key_of(1));
  const std::string token = R"({"v":"meta.k8s.io/v1","rv":1,"start":"db-0\u0000"})";
  const std::string sealed = sealer.seal(token, "alice pods");

  CHECK(sealed.find("db-0") == std::string::npos);
  CHECK(base64url_decode(sealed)->find("db-0") == std::string::npos);
  REQUIRE(sealer.open(sealed, "alice pods"));
  CHECK(*sealer.open(sealed, "alice pods") == token);
  CHECK_FALSE(sealer.open(sealed, "bob pods"));  // F111
  CHECK_FALSE(ContinueSealer(key_of(2)).open(sealed, "alice pods"));
  CHECK_FALSE(sealer.open(base64url_encode(token), "alice pods"));  // F113
  CHECK_FALSE(sealer.open("", "alice pods"));
}

TEST_CASE("F112: no bit of a sealed token can be changed") {
  const ContinueSealer sealer(key_of(1));
  const std::string sealed = *base64url_decode(sealer.seal("next", "call"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      CHECK_FALSE(sealer.open(base64url_encode(changed), "call"));
    }
  }
  CHECK_FALSE(sealer.open(base64url_encode(sealed.substr(0, sealed.size() - 1)), "call"));
}

TEST_CASE("the same token is sealed differently each time") {
  const ContinueSealer sealer(key_of(1));
  CHECK(sealer.seal("next", "call") != sealer.seal("next", "call"));
}

TEST_CASE("the master key is made once, private, and read again") {
  const auto directory =
      std::filesystem::temp_directory_path() / ("postern-key-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  const std::string path = directory / "master.key";
  const auto made = MasterKey::load_or_create(path).derive("x");
  CHECK(MasterKey::load_or_create(path).derive("x") == made);
  CHECK(MasterKey::load_or_create(path).derive("y") != made);
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);

  std::ofstream(path, std::ios::trunc) << "short";
  CHECK_THROWS_WITH_AS(MasterKey::load_or_create(path), doctest::Contains("master.key"),
                       std::runtime_error);
  std::filesystem::remove_all(directory);
}

TEST_CASE("base64url takes its own output only") {
  for (const std::string text : {"", "a", "ab", "abc", "\xff\xfe\xfd\x00x"}) {
    REQUIRE(base64url_decode(base64url_encode(text)));
    CHECK(*base64url_decode(base64url_encode(text)) == text);
  }
  for (const char* bad : {"=", "YQ==", "Y", "YR", "a b", "a+b/", "YQ\n"}) {
    CHECK_FALSE(base64url_decode(bad));
  }
}

}  // namespace
}  // namespace postern::proxy
