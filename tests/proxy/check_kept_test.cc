#include "proxy/check_kept.h"

#include "proxy/access/store/sqlite_store.h"
#include "proxy/net/make_certificate.h"
#include "tests/proxy/temporary_directory.h"

#include <chrono>
#include <doctest/doctest.h>
#include <filesystem>
#include <string>

namespace postern::proxy {
namespace {

namespace fs = std::filesystem;

struct Kept {
  testing::TemporaryDirectory directory;
  ProxyConfiguration configuration;

  Kept() {
    configuration.source = "postern.yaml";
    configuration.data_dir = directory.file("data");
  }
  /// Errors and warnings, one a line, with the folder of the test as `~`.
  std::string said() const {
    const FileFindings found = check_kept(configuration);
    std::string text;
    for (const ConfigError& error : found.errors) text += error.to_string() + "\n";
    for (const std::string& warning : found.warnings) text += "warning: " + warning + "\n";
    const std::string folder = directory.path().string();
    for (std::size_t at = 0; (at = text.find(folder)) != std::string::npos;) {
      text.replace(at, folder.size(), "~");
    }
    return text;
  }
};

TEST_CASE_FIXTURE(Kept, "before the first start there is nothing to say, and nothing is made") {
  CHECK(said().empty());
  CHECK_FALSE(fs::exists(configuration.data_dir));
}

TEST_CASE_FIXTURE(Kept, "everything that is broken, at once") {
  directory.write("data/master.key", "short");
  directory.write("data/ca.crt", "nonsense");
  directory.write("data/ca.key", "nonsense");
  directory.write("data/postern.db", std::string(5000, '#'));
  const std::string text = said();
  CHECK(text.find("postern.yaml: dataDir: ~/data/master.key: is not a master key") == 0);
  CHECK(text.find("\npostern.yaml: dataDir: ~/data/ca.crt: ") != std::string::npos);
  CHECK(text.find("put it back, or remove both ca.crt and ca.key") != std::string::npos);
  CHECK(text.find("\npostern.yaml: storage: ~/data/postern.db: is not a database of postern's") !=
        std::string::npos);
  CHECK(fs::file_size(directory.file("data/master.key")) == 5);
  // A certificate of one's own needs no authority; replicas have nothing here.
  configuration.tls.cert_file = "tls.crt";
  CHECK(said().find("ca.crt") == std::string::npos);
  configuration.storage.type = StorageConfiguration::kMemory;
  CHECK(said().find("postern.db") == std::string::npos);
  configuration.storage.type = StorageConfiguration::kKubernetes;
  CHECK(said().empty());
}

TEST_CASE_FIXTURE(Kept, "a master key that is none") {
  directory.write("data/master.key", std::string(32, 'k'));
  CHECK(said().empty());
  fs::remove(directory.file("data/master.key"));
  fs::create_directory(directory.file("data/master.key"));
  CHECK(said().find("~/data/master.key: ") != std::string::npos);
}

TEST_CASE_FIXTURE(Kept, "half an authority") {
  const auto now = std::chrono::system_clock::now();
  REQUIRE(make_certificate(configuration.data_dir, {"localhost"}, now));
  CHECK(said().empty());
  fs::remove(directory.file("data/ca.key"));
  CHECK(said().find("~/data/ca.key: ") != std::string::npos);
}

TEST_CASE_FIXTURE(Kept, "a database in use is no error") {
  access::SqliteStoreOptions options;
  options.path = configuration.data_dir + "/postern.db";
  const auto running = access::open_sqlite_store(options);
  REQUIRE(running);
  const std::string text = said();
  CHECK(text.starts_with("warning: storage: ~/data/postern.db: another postern (process "));
  CHECK(
      text.ends_with(") is using it; one process at a time can; the database was not looked at\n"));
}

}  // namespace
}  // namespace postern::proxy
