#include "proxy/audit/log_file.h"

#include "tests/proxy/temporary_directory.h"

#include <algorithm>
#include <csignal>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <vector>

namespace postern::proxy::audit {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct Folder {
  testing::TemporaryDirectory directory;
  fs::path path{directory.path()};
  std::string file = (path / "audit.log").string();
};

TEST_CASE("lines are appended to a file that only its owner may read") {
  Folder folder;
  {
    LogFile log({.path = folder.file});
    REQUIRE(!log.open());
    CHECK(!log.write("a\n"));
  }
  LogFile again({.path = folder.file});
  CHECK(!again.write("b\n"));
  CHECK(content(folder.file) == "a\nb\n");
  struct stat status {};
  REQUIRE(::stat(folder.file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("a line that was cut off is ended first") {
  Folder folder;
  std::ofstream(folder.file) << "{\"half\":";
  LogFile log({.path = folder.file});
  CHECK(!log.write("a\n"));
  CHECK(content(folder.file) == "{\"half\":\na\n");
}

TEST_CASE("a line that was cut off is ended first, also when that takes a second try") {
  Folder folder;
  const std::string half = "{\"half\":";
  std::ofstream(folder.file) << half;
  LogFile log({.path = folder.file});
  auto* const former = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit full{half.size(), before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &full) == 0);
  const Fault fault = log.write("a\n");
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, former);
  CHECK(fault);
  CHECK(!log.write("a\n"));
  CHECK(content(folder.file) == half + "\na\n");
}

TEST_CASE("names of backups have the time in them, and sort by it") {
  using std::chrono::milliseconds;
  const auto time = std::chrono::system_clock::time_point(milliseconds(1'795'902'306'123));
  CHECK(backup_name("audit.log", time) == "audit-2026-11-28T21-45-06.123.log");
  CHECK(backup_name("audit", time) == "audit-2026-11-28T21-45-06.123");
  CHECK(backup_name("audit.log", time) < backup_name("audit.log", time + milliseconds(1)));
}

TEST_CASE("a file that grows too large makes room; so many old ones are kept") {
  Folder folder;
  LogFile log({.path = folder.file, .max_bytes = 10, .max_backups = 2, .max_age = {}});
  for (int i = 0; i < 5; ++i) {
    CHECK(!log.write("line " + std::to_string(i) + "\n"));
  }
  const auto names = names_in(folder.path);
  REQUIRE(names.size() == 3);
  CHECK(names[2] == "audit.log");
  CHECK(content(folder.path / names[0]) == "line 2\n");
  CHECK(content(folder.path / names[1]) == "line 3\n");
  CHECK(content(folder.file) == "line 4\n");
}

TEST_CASE("without a limit of backups all are kept, and files of other names in any case") {
  Folder folder;
  std::ofstream(folder.path / "audit-policy.log") << "x";
  std::ofstream(folder.path / "other-2020-11-28T21-45-06.123.log") << "x";
  LogFile log({.path = folder.file, .max_bytes = 1, .max_backups = 0, .max_age = {}});
  for (int i = 0; i < 4; ++i) CHECK(!log.write("x\n"));
  CHECK(names_in(folder.path).size() == 6);
}

TEST_CASE("backups that are old enough go") {
  Folder folder;
  std::ofstream(folder.path / "audit-2020-11-28T21-45-06.123.log") << "x";
  LogFile log(
      {.path = folder.file, .max_bytes = 0, .max_backups = 0, .max_age = std::chrono::hours(24)});
  CHECK(!log.write("x\n"));
  CHECK(names_in(folder.path) == std::vector<std::string>{"audit.log"});
}

TEST_CASE("a file that somebody moved or removed is made anew") {
  Folder folder;
  LogFile log({.path = folder.file});
  CHECK(!log.write("a\n"));
  fs::rename(folder.file, folder.path / "moved");
  CHECK(!log.write("b\n"));
  fs::remove(folder.file);
  CHECK(!log.write("c\n"));
  CHECK(content(folder.path / "moved") == "a\n");
  CHECK(content(folder.file) == "c\n");
}

TEST_CASE("faults name the file and the reason, and go when their cause does") {
  Folder folder;
  const fs::path inside = folder.path / "logs";
  fs::create_directory(inside);
  const std::string file = (inside / "audit.log").string();
  LogFile log({.path = file});
  CHECK(!log.write("a\n"));
  fs::remove_all(inside);
  const Fault removed = log.write("b\n");
  REQUIRE(removed);
  CHECK(removed->find(file) != std::string::npos);
  CHECK(removed->find("No such file or directory") != std::string::npos);
  CHECK(log.check());
  fs::create_directory(inside);
  CHECK(!log.check());
  CHECK(!log.write("b\n"));
  CHECK(content(file) == "b\n");
}

TEST_CASE("a full disk") {
  LogFile log({.path = "/dev/full", .max_bytes = 1, .max_backups = 1, .max_age = {}});
  REQUIRE(!log.open());
  const Fault full = log.write("a\n");
  REQUIRE(full);
  CHECK(full->find("No space left on device") != std::string::npos);
}

TEST_CASE("a directory is no file") {
  Folder folder;
  LogFile log({.path = folder.path.string()});
  CHECK(log.open());
}

}  // namespace
}  // namespace postern::proxy::audit
