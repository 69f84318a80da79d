#include "proxy/net/make_certificate.h"

#include "net_fixture.h"
#include "proxy/net/atomic_file.h"
#include "proxy/net/issue_certificate.h"

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

using namespace postern::proxy;
using namespace std::chrono_literals;

namespace {

/// A directory that goes away with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "postern-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string text_of(const std::string& path) {
  auto pem = read_pem_file(path);
  REQUIRE(pem);
  return pem->text;
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

X509Ptr certificate_in(const std::string& path) {
  auto certificates = parse_certificates(*read_pem_file(path));
  REQUIRE(certificates);
  return std::move(certificates->front());
}

const auto kNow = std::chrono::system_clock::now();
const std::vector<std::string> kNames = {"proxy.example.com", "127.0.0.1", "::1"};

}  // namespace

TEST_CASE("an authority and a server certificate are made, and used again") {
  const TemporaryDirectory directory;
  const std::string data = directory / "data";
  const auto made = make_certificate(data, kNames, kNow);
  REQUIRE_MESSAGE(made, made.error());
  CHECK(made->new_authority);
  CHECK(made->new_certificate);
  CHECK(made->authority_file == data + "/ca.crt");
  CHECK(mode_of(data) == 0700);
  CHECK(mode_of(data + "/ca.key") == 0600);
  CHECK(mode_of(made->key_file) == 0600);
  CHECK(mode_of(made->certificate_file) == 0644);
  CHECK(mode_of(made->authority_file) == 0644);
  CHECK(made->authority_pin.size() == 7 + 64);
  CHECK(made->renew_at > kNow + 200 * 24h);
  CHECK(made->renew_at < kNow + 365 * 24h);

  const X509Ptr certificate = certificate_in(made->certificate_file);
  for (const std::string& name : kNames) CHECK(is_certificate_for(certificate.get(), name));
  CHECK_FALSE(is_certificate_for(certificate.get(), "other.example.com"));
  CHECK(not_after_of(certificate.get()) <= kNow + 365 * 24h);
  CHECK(not_after_of(certificate_in(made->authority_file).get()) > kNow + 3650 * 24h);

  const std::string before = text_of(made->certificate_file);
  const auto again = make_certificate(data, kNames, kNow + 24h);
  REQUIRE(again);
  CHECK_FALSE(again->new_authority);
  CHECK_FALSE(again->new_certificate);
  CHECK(again->authority_pin == made->authority_pin);
  CHECK(text_of(made->certificate_file) == before);
}

TEST_CASE("clients are shown the authority, whose pin may be all that they know") {
  const TemporaryDirectory directory;
  const auto made = make_certificate(directory / "data", kNames, kNow);
  REQUIRE_MESSAGE(made, made.error());
  const auto shown = parse_certificates(*read_pem_file(made->certificate_file));
  REQUIRE(shown);
  REQUIRE(shown->size() == 2);
  CHECK(public_key_pin(shown->back().get()) == made->authority_pin);

  // One that was made without is made anew.
  REQUIRE(write_file_atomically(made->certificate_file, to_pem(shown->front().get()), 0644));
  const auto again = make_certificate(directory / "data", kNames, kNow);
  REQUIRE_MESSAGE(again, again.error());
  CHECK(again->new_certificate);
  CHECK(again->authority_pin == made->authority_pin);
}

TEST_CASE("the server certificate is renewed: in time, for new names, when broken") {
  const TemporaryDirectory directory;
  const std::string data = directory / "data";
  const auto made = make_certificate(data, kNames, kNow);
  REQUIRE(made);
  std::vector<std::string> names = kNames;
  auto now = kNow;
  bool expect_new = true;
  SUBCASE("not before renew_at") {
    now = made->renew_at - 1s;
    expect_new = false;
  }
  SUBCASE("at renew_at") {
    now = made->renew_at;
  }
  SUBCASE("for a new name") {
    names.push_back("another.example.com");
  }
  SUBCASE("fewer names need nothing new") {
    names.pop_back();
    expect_new = false;
  }
  SUBCASE("when the key is gone") {
    std::filesystem::remove(made->key_file);
  }
  SUBCASE("when the certificate is broken") {
    std::ofstream(made->certificate_file) << "x";
  }
  SUBCASE("when the clock went back behind its beginning") {
    now = kNow - 48h;
  }
  const auto again = make_certificate(data, names, now);
  REQUIRE_MESSAGE(again, again.error());
  CHECK(again->new_certificate == expect_new);
  CHECK_FALSE(again->new_authority);
  CHECK(again->authority_pin == made->authority_pin);
}

TEST_CASE("a broken authority is an error, one that has ended is replaced") {
  const TemporaryDirectory directory;
  const std::string data = directory / "data";
  const auto made = make_certificate(data, kNames, kNow);
  REQUIRE(made);
  SUBCASE("key missing") {
    std::filesystem::remove(data + "/ca.key");
    const auto again = make_certificate(data, kNames, kNow);
    REQUIRE_FALSE(again);
    CHECK(again.error().find(data + "/ca.key") == 0);
  }
  SUBCASE("key of another") {
    std::filesystem::copy_file(made->key_file, data + "/ca.key",
                               std::filesystem::copy_options::overwrite_existing);
    const auto again = make_certificate(data, kNames, kNow);
    REQUIRE_FALSE(again);
    CHECK(again.error().find("is not the key of") != std::string::npos);
  }
  SUBCASE("ended") {
    const auto again = make_certificate(data, kNames, kNow + 4000 * 24h);
    REQUIRE(again);
    CHECK(again->new_authority);
    CHECK(again->new_certificate);
    CHECK(again->authority_pin != made->authority_pin);
  }
}

TEST_CASE("what is made serves a handshake with its authority") {
  const TemporaryDirectory directory;
  const auto made = make_certificate(directory / "data", {"localhost"}, kNow);
  REQUIRE(made);
  auto server = TlsServerContext::make(
      {*read_pem_file(made->certificate_file), *read_pem_file(made->key_file), true, nullptr});
  REQUIRE(server);
  auto client = TlsClientContext::make({*read_pem_file(made->authority_file), {}, {}, "localhost"});
  REQUIRE(client);
  Worker worker(0);
  const auto pair = test::connected_tls(worker, *client, *server);
  CHECK(pair.client->is_open());
  CHECK((*server)->not_after() == not_after_of(certificate_in(made->certificate_file).get()));
}

TEST_CASE("errors name what they are about") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "x";
  const auto in_file = make_certificate(directory / "file", kNames, kNow);
  REQUIRE_FALSE(in_file);
  CHECK(in_file.error().find(directory / "file") == 0);
  const auto bad_name = make_certificate(directory / "data", {"a,DNS:evil"}, kNow);
  REQUIRE_FALSE(bad_name);
  CHECK(bad_name.error() == "\"a,DNS:evil\" is neither a DNS name nor an IP address");
}

TEST_CASE("a file is replaced whole, with its mode, and no temporary stays") {
  const TemporaryDirectory directory;
  const std::string path = directory / "file";
  REQUIRE(write_file_atomically(path, "one", 0644));
  REQUIRE(write_file_atomically(path, "two", 0600));
  CHECK(text_of(path) == "two");
  CHECK(mode_of(path) == 0600);
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory / ""))
    ++entries;
  CHECK(entries == 1);
  const auto failed = write_file_atomically(directory / "no/such/place", "x", 0644);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().find(directory / "no/such/place") == 0);
}
