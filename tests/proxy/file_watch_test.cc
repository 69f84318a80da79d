#include "proxy/file_watch.h"

#include "tests/proxy/temporary_directory.h"

#include <atomic>
#include <doctest/doctest.h>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <string>

namespace postern::proxy {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryDirectory;

/// Counts how often its files were acted on.
struct Counted {
  WatchedGroups groups;
  int acted = 0;
  WatchedGroups::Clock::time_point now{};

  explicit Counted(std::vector<std::string> paths) {
    groups.add(std::move(paths), [this] { ++acted; });
  }
  int look() {
    groups.look(now);
    return acted;
  }
};

TEST_CASE("a file is acted on once it has changed and then stayed the same for a look") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("roles.yaml", "a");
  Counted watched({file});
  CHECK(watched.look() == 0);
  CHECK(watched.look() == 0);

  directory.write("roles.yaml", "ab");
  CHECK(watched.look() == 0);
  directory.write("roles.yaml", "abc");  // still being written
  CHECK(watched.look() == 0);
  CHECK(watched.look() == 1);
  CHECK(watched.look() == 1);
}

TEST_CASE("files that come, go and come back") {
  const TemporaryDirectory directory;
  Counted watched({directory.file("late.csv")});
  CHECK(watched.look() == 0);
  directory.write("late.csv", "x");
  watched.look();
  CHECK(watched.look() == 1);
  fs::remove(directory.file("late.csv"));
  watched.look();
  CHECK(watched.look() == 2);
  directory.write("late.csv", "x");
  watched.look();
  CHECK(watched.look() == 3);
}

TEST_CASE("one changed file of a group acts for the group, once") {
  const TemporaryDirectory directory;
  Counted watched({directory.write("a", "1"), directory.write("b", "1")});
  directory.write("a", "22");
  watched.look();
  directory.write("b", "22");
  watched.look();
  CHECK(watched.look() == 1);
}

TEST_CASE("a rename over the file is a change, also with the same size") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("tls.crt", "old");
  Counted watched({file});
  fs::rename(directory.write("new", "new"), file);
  watched.look();
  CHECK(watched.look() == 1);
}

TEST_CASE("a mounted volume: the ..data link is swapped") {
  // As kubelet's atomic writer does it: FILE -> ..data/FILE, ..data -> ..TIMESTAMP.
  const TemporaryDirectory directory;
  directory.write("..2026_01/tokens.csv", "one");
  directory.write("..2026_02/tokens.csv", "two");
  fs::create_directory_symlink("..2026_01", directory.path() / "..data");
  fs::create_symlink("..data/tokens.csv", directory.path() / "tokens.csv");
  Counted watched({directory.file("tokens.csv")});
  CHECK(watched.look() == 0);

  fs::create_directory_symlink("..2026_02", directory.path() / "..data_tmp");
  fs::rename(directory.path() / "..data_tmp", directory.path() / "..data");
  watched.look();
  CHECK(watched.look() == 1);
  fs::remove_all(directory.path() / "..2026_01");
  watched.look();
  CHECK(watched.look() == 1);
}

TEST_CASE("do_all acts on everything, and what it read is not acted on again") {
  const TemporaryDirectory directory;
  Counted watched({directory.write("a", "1")});
  directory.write("a", "22");
  watched.groups.do_all();
  CHECK(watched.acted == 1);
  watched.look();
  CHECK(watched.look() == 1);
}

TEST_CASE("timers") {
  Counted watched({});
  int ticks = 0;
  watched.groups.add_timer(
      std::chrono::minutes(10), [&ticks] { ++ticks; }, watched.now);
  watched.now += std::chrono::minutes(9);
  watched.look();
  CHECK(ticks == 0);
  watched.now += std::chrono::minutes(1);
  watched.look();
  watched.look();
  CHECK(ticks == 1);
  watched.now += std::chrono::minutes(25);
  watched.look();
  CHECK(ticks == 2);
}

TEST_CASE("an action that throws does not stop the others") {
  const TemporaryDirectory directory;
  WatchedGroups groups;
  int acted = 0;
  groups.add({}, [] { throw std::runtime_error("x"); });
  groups.add({}, [&acted] { ++acted; });
  groups.do_all();
  CHECK(acted == 1);
}

TEST_CASE("the thread sees a change, and does everything when told") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("a", "1");
  std::promise<void> changed;
  std::promise<void> told;
  std::atomic<int> calls{0};
  FileWatch watch(std::chrono::milliseconds(5));
  watch.groups().add({file}, [&] {
    const int call = ++calls;
    if (call == 1) changed.set_value();
    if (call == 2) told.set_value();
  });
  watch.start();
  directory.write("a", "22");
  REQUIRE(changed.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  watch.do_all();
  REQUIRE(told.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  watch.stop();
  watch.stop();
  CHECK(calls == 2);
}

}  // namespace
}  // namespace postern::proxy
