// Looking at a file that one must not touch: before a start, beside a running process, after a
// kill.

#include "proxy/access/store/lock_file.h"
#include "tests/proxy/access/store/sqlite_fixture.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

using namespace postern::proxy::access;
using namespace postern::proxy::access::testing;

namespace {

/// Every file of a folder, with its content and when it was changed.
using Tree = std::map<std::string, std::pair<std::string, std::filesystem::file_time_type>>;

Tree tree_of(const std::filesystem::path& folder) {
  Tree tree;
  for (const auto& each : std::filesystem::directory_iterator(folder)) {
    std::ostringstream text;
    text << std::ifstream(each.path(), std::ios::binary).rdbuf();
    tree[each.path().filename().string()] = {text.str(), each.last_write_time()};
  }
  return tree;
}

/// A store that a process wrote which was killed: everything is in the write-ahead log.
void leave_as_killed(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = open_sqlite_store({path, {}, 0});
    const bool written = store && (*store)->create("role", "a", "kept");
    if (written) ::raise(SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
}

}  // namespace

TEST_CASE("nothing there, an empty file, and a good one: good, and left as they are") {
  const TemporaryDirectory directory;
  const std::string folder = directory.file("data");
  const std::string path = folder + "/postern.db";
  CHECK(check_sqlite_store(path));
  CHECK_FALSE(std::filesystem::exists(folder));
  directory.write("data/postern.db", "");
  CHECK(check_sqlite_store(path));
  CHECK(tree_of(folder).size() == 1);
  opened({path, {}, 0})->create("role", "a", "").value();
  const Tree before = tree_of(folder);
  CHECK(check_sqlite_store(path));
  CHECK(tree_of(folder) == before);
}

TEST_CASE("a name that means something in URIs") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a%3f?b#c/postern.db");
  opened({path, {}, 0}).reset();
  CHECK(check_sqlite_store(path));
  Raw(path).run("PRAGMA user_version = 9");
  CHECK(says(check_sqlite_store(path).error(), path + ": was written by a newer postern"));
}

TEST_CASE("what a killed process left is read, and still there") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("data/postern.db");
  leave_as_killed(path);
  const Tree before = tree_of(directory.file("data"));
  REQUIRE(before.at("postern.db-wal").first.size() > 0);
  CHECK(check_sqlite_store(path));
  CHECK(tree_of(directory.file("data")) == before);
  CHECK(opened({path, {}, 0})->get("role", "a")->data == "kept");

  leave_as_killed(directory.file("other/postern.db"));
  std::filesystem::resize_file(directory.file("other/postern.db"), 100);
  const Tree damaged = tree_of(directory.file("other"));
  // Its log is whole: SQLite would make the file from it.
  CHECK(check_sqlite_store(directory.file("other/postern.db")));
  CHECK(tree_of(directory.file("other")) == damaged);
}

TEST_CASE("another process has it: said, and it works on") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("data/postern.db");
  auto store = opened({path, {}, 0});
  REQUIRE(store->create("role", "a", ""));
  const Tree before = tree_of(directory.file("data"));
  const auto said = check_sqlite_store(path);
  REQUIRE_FALSE(said);
  CHECK(said.error().code == 503);
  CHECK(
      says(said.error(), path + ": another postern (process " + std::to_string(::getpid()) + ")"));
  CHECK(tree_of(directory.file("data")) == before);
  CHECK(store->create("role", "b", ""));
}

TEST_CASE("damaged files are told of as by a start") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  {
    const auto store = opened({path, {}, 0});
    for (int i = 0; i < 200; ++i) {
      REQUIRE(store->create("role", std::to_string(i), std::string(500, 'x')));
    }
  }
  SUBCASE("cut off") {
    std::filesystem::resize_file(path, 4096 * 10);
  }
  SUBCASE("no database") {
    directory.write("postern.db", std::string(5000, '#'));
  }
  SUBCASE("the version lost") {
    REQUIRE(Raw(path).run("DELETE FROM state") == SQLITE_OK);
  }
  const auto said = check_sqlite_store(path);
  REQUIRE_FALSE(said);
  CHECK(said.error().code == 500);
  CHECK(said.error().message == refusal(path).message);
}

TEST_CASE("who starts meanwhile waits for one who looks") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  opened({path, {}, 0}).reset();
  auto looking = LockFile::look(path);
  REQUIRE(looking);
  REQUIRE(looking->has_value());
  std::thread end([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    looking->reset();
  });
  CHECK(open_sqlite_store({path, {}, 0}));
  end.join();
}
