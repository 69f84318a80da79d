// kill -9 at any point loses nothing that was acknowledged and leaves nothing half-done.

#include "tests/proxy/access/store/stores.h"

#include <algorithm>
#include <csignal>
#include <doctest/doctest.h>
#include <random>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace postern::proxy::access;
using namespace postern::proxy::access::testing;

namespace {

constexpr int kKills = 60;

/// The writes of step `number`: the same ones whenever they are asked for.
std::vector<Write> writes_of(unsigned number) {
  std::mt19937 random(number);
  std::vector<Write> writes;
  const unsigned count = number % 5 == 0 ? 3 : 1;
  for (unsigned i = 0; i < count; ++i) {
    const std::string name = std::to_string(i) + "-" + std::to_string(random() % 12);
    const std::string data =
        std::to_string(number) + std::string(random() % 20'000, static_cast<char>('a' + i));
    switch (random() % 4) {
      case 0:
        writes.push_back(Write::remove("role", name));
        break;
      case 1:
        writes.push_back(Write::update("role", name, data, {}));
        break;
      default:
        writes.push_back(Write::create("role", name, data));
        break;
    }
  }
  return writes;
}

/// Writes for ever, and says one byte behind each step, be it done or refused.
[[noreturn]] void write_until_killed(const SqliteStoreOptions& options, unsigned step, int pipe) {
  const auto store = open_sqlite_store(options);
  if (!store) ::_exit(1);
  for (;; ++step) {
    const auto done = (*store)->write(writes_of(step));
    const char said = done || done.error().code < 500 ? '.' : '!';
    if (::write(pipe, &said, 1) != 1) ::_exit(2);
  }
}

/// Starts a writer, kills it somewhere, and gives what it said.
std::string killed_somewhere(const SqliteStoreOptions& options, unsigned step,
                             std::mt19937& random) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    write_until_killed(options, step, ends[1]);
  }
  ::close(ends[1]);
  std::string said;
  char byte = 0;
  for (auto wanted = random() % 12; wanted > 0 && ::read(ends[0], &byte, 1) == 1; --wanted) {
    said += byte;
  }
  ::usleep(random() % 6000);
  ::kill(child, SIGKILL);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  while (::read(ends[0], &byte, 1) == 1) said += byte;
  ::close(ends[0]);
  return said;
}

bool same(const ObjectStore& one, const ObjectStore& other) {
  if (one.version() != other.version()) return false;
  const Listing ones = one.list("role").value();
  const Listing others = other.list("role").value();
  if (ones.objects.size() != others.objects.size()) return false;
  for (std::size_t i = 0; i < ones.objects.size(); ++i) {
    const StoredObject& a = ones.objects[i];
    const StoredObject& b = others.objects[i];
    if (a.name != b.name || a.version != b.version || a.data != b.data) return false;
  }
  for (Version from = one.version() - std::min<Version>(30, one.version()); from <= one.version();
       ++from) {
    const auto mine = one.changes_since(from);
    const auto theirs = other.changes_since(from);
    if (mine.has_value() != theirs.has_value()) return false;
    if (mine && told(mine->changes) != told(theirs->changes)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("killed at any point, a store has what it acknowledged") {
  const TemporaryDirectory directory;
  const SqliteStoreOptions options{directory.file("postern.db"), {20, 100'000}, 0};
  // A store in memory that did the same steps says what has to be in the file.
  const auto model = make_memory_store({options.history, 0});
  std::mt19937 random(std::random_device{}());
  unsigned step = 0;
  int unacknowledged = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    CAPTURE(kill);
    const std::string said = killed_somewhere(options, step, random);
    REQUIRE(said == std::string(said.size(), '.'));
    for (std::size_t i = 0; i < said.size(); ++i) {
      [[maybe_unused]] const auto done = model->write(writes_of(step++));
    }
    const auto store = opened(options);
    if (!same(*store, *model)) {
      // The step under way may have happened without its acknowledgement, but then as a whole.
      [[maybe_unused]] const auto done = model->write(writes_of(step++));
      ++unacknowledged;
      REQUIRE(same(*store, *model));
    }
  }
  MESSAGE(kKills << " kills, " << step << " steps, " << unacknowledged << " of them unsaid, "
                 << model->version() << " versions");
  CHECK(step > kKills);
}
