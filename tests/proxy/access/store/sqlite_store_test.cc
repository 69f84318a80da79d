// What a store in a file does beyond the contract of all stores.

#include "proxy/access/store/sqlite_store.h"

#include "tests/proxy/access/store/disk_calls.h"
#include "tests/proxy/access/store/stores.h"

#include <csignal>
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace postern::proxy::access;
using namespace postern::proxy::access::testing;

namespace {

using Texts = std::vector<std::string>;

/// SQLite without the store, for files that the store did not write.
class Raw {
 public:
  explicit Raw(const std::string& path) { REQUIRE(sqlite3_open(path.c_str(), &handle_) == 0); }
  ~Raw() { sqlite3_close(handle_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  int run(const std::string& sql) {
    return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  }
  std::string ask(const std::string& sql) {
    std::string answer;
    const auto keep = [](void* to, int, char** texts, char**) {
      *static_cast<std::string*>(to) = texts[0] == nullptr ? "" : texts[0];
      return 0;
    };
    REQUIRE(sqlite3_exec(handle_, sql.c_str(), keep, &answer, nullptr) == 0);
    return answer;
  }

 private:
  sqlite3* handle_ = nullptr;
};

postern::kube::Status refusal(const std::string& path) {
  auto store = open_sqlite_store({path, {}, 0});
  REQUIRE_FALSE(store);
  return store.error();
}

bool says(const postern::kube::Status& status, const std::string& text) {
  const bool found = status.message.find(text) != std::string::npos;
  if (!found) MESSAGE(status.message);
  return found;
}

unsigned mode_of(const std::string& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777U;
}

/// What a child process says; it ends with the function.
std::string said_by_child(const std::function<std::string()>& work) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string text = work();
    [[maybe_unused]] const ssize_t written = ::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said(4096, '\0');
  const ssize_t size = ::read(ends[0], said.data(), said.size());
  ::close(ends[0]);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  said.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return said;
}

// The file as version 1 of the schema wrote it.
constexpr const char* kVersion1 = R"(
  PRAGMA application_id = 1886352244;
  CREATE TABLE objects (kind TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
                        data TEXT NOT NULL, UNIQUE (kind, name)) STRICT;
  CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT;
  INSERT INTO state (id, version) VALUES (1, 41);
  INSERT INTO objects (kind, name, version, data) VALUES ('role', 'a', 40, '{"a":1}');
  INSERT INTO objects (kind, name, version, data) VALUES ('user', 'b', 41, '{}');
  PRAGMA user_version = 1;)";

}  // namespace

TEST_CASE("a file keeps objects, versions and changes over a restart") {
  const TemporaryDirectory directory;
  const SqliteStoreOptions options{directory.file("postern.db"), {3, 1 << 20}, 0};
  {
    const auto store = opened(options);
    for (const char* name : {"a", "b", "c"}) REQUIRE(store->create("role", name, name));
    REQUIRE(store->update("role", "a", "A", 1));
    REQUIRE(store->remove("role", "b"));
  }
  const auto store = opened(options);
  CHECK(store->version() == 5);
  CHECK(names_of(*store->list("role")) == Texts{"a", "c"});
  CHECK(store->get("role", "a")->data == "A");
  CHECK(store->get("role", "a")->version == 4);
  CHECK(told(store->changes_since(2)->changes) ==
        Texts{"added role/c@3=c", "modified role/a@4=A", "removed role/b@5=b"});
  CHECK(store->changes_since(1).error().code == 410);
  CHECK(store->update("role", "a", "x", 1).error().code == 409);
  CHECK(store->create("role", "d", "").value() == 6);
  CHECK(store->changes_since(2).error().code == 410);
  CHECK(store->changes_since(3)->changes.size() == 3);
}

TEST_CASE("less history than the file has is forgotten with the next write") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  {
    const auto store = opened({path, {}, 0});
    for (int i = 0; i < 9; ++i) REQUIRE(store->create("role", std::to_string(i), ""));
  }
  const auto store = opened({path, {2, 1 << 20}, 0});
  CHECK(store->changes_since(0)->changes.size() == 9);
  REQUIRE(store->create("role", "next", ""));
  CHECK(store->changes_since(7).error().code == 410);
  CHECK(store->changes_since(8)->changes.size() == 2);
}

TEST_CASE("a file and its directory are made for their owner alone") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("new/deep/postern.db");
  const mode_t before = ::umask(0);
  auto store = opened({path, {}, 0});
  REQUIRE(store->create("role", "a", ""));
  CHECK(mode_of(directory.file("new")) == 0700);
  CHECK(mode_of(directory.file("new/deep")) == 0700);
  for (const char* suffix : {"", "-wal", ".lock"}) {
    CHECK(mode_of(path + suffix) == 0600);
  }
  // A file that was put there by hand, for everybody to read.
  store.reset();
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  store = opened({path, {}, 0});
  CHECK(mode_of(path) == 0600);
  ::umask(before);
}

TEST_CASE("a second user of a file is told who has it") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  auto store = opened({path, {}, 0});
  REQUIRE(store->create("role", "a", ""));
  const std::string sentence = path + ": another postern (process " + std::to_string(::getpid()) +
                               ") is using it; one process at a time can";
  CHECK(refusal(path).message == sentence);
  CHECK(refusal(path).code == 503);
  CHECK(said_by_child([&] { return refusal(path).message; }) == sentence);
  // The first one works on, and leaves the file to the next.
  CHECK(store->create("role", "b", ""));
  store.reset();
  CHECK(said_by_child([&] {
          return opened({path, {}, 0})->create("role", "c", "") ? "written" : "not";
        }) == "written");
  CHECK(names_of(*opened({path, {}, 0})->list("role")) == Texts{"a", "b", "c"});
}

TEST_CASE("other programs neither read nor write beside a store") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  auto store = opened({path, {}, 0});
  REQUIRE(store->create("role", "a", ""));
  const auto disturb = [&] {
    Raw other(path);
    return std::to_string(other.run("DELETE FROM objects"));
  };
  CHECK(said_by_child(disturb) == std::to_string(SQLITE_BUSY));
  CHECK(store->get("role", "a"));
  store.reset();

  Raw other(path);
  REQUIRE(other.run("BEGIN IMMEDIATE") == SQLITE_OK);
  const std::string said = said_by_child([&] { return refusal(path).message; });
  CHECK(said == path + ": another process has the database open");
}

TEST_CASE("a file of schema 1 is brought up to date") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  {
    Raw old(path);
    REQUIRE(old.run(kVersion1) == SQLITE_OK);
  }
  {
    const auto store = opened({path, {}, 0});
    CHECK(store->version() == 41);
    CHECK(store->get("role", "a")->data == R"({"a":1})");
    CHECK(store->get("role", "a")->version == 40);
    CHECK(store->changes_since(41)->changes.empty());
    CHECK(store->changes_since(40).error().code == 410);
    CHECK(store->update("user", "b", "new", 41).value() == 42);
  }
  {
    const auto store = opened({path, {}, 0});
    CHECK(told(store->changes_since(41)->changes) == Texts{"modified user/b@42=new"});
  }
  Raw now(path);
  CHECK(now.ask("PRAGMA user_version") == "2");
}

TEST_CASE("an upgrade that fails leaves the old file") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  {
    Raw old(path);
    REQUIRE(old.run(kVersion1) == SQLITE_OK);
    REQUIRE(old.run("CREATE TABLE history (mine INTEGER)") == SQLITE_OK);
  }
  CHECK(says(refusal(path), path + ": the database failed (table history already exists)"));
  Raw now(path);
  CHECK(now.ask("PRAGMA user_version") == "1");
  CHECK(now.ask("SELECT count(*) FROM objects") == "2");
  CHECK(now.ask("SELECT count(*) FROM pragma_table_info('state')") == "2");
}

TEST_CASE("files of others and of later versions are refused with a sentence") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  SUBCASE("a newer schema") {
    opened({path, {}, 0}).reset();
    {
      Raw file(path);
      REQUIRE(file.run("PRAGMA user_version = 3") == SQLITE_OK);
    }
    CHECK(says(refusal(path), path + ": was written by a newer postern (schema 3; this one knows "
                                     "those up to 2); start that one"));
  }
  SUBCASE("somebody else's database") {
    {
      Raw file(path);
      REQUIRE(file.run("CREATE TABLE bookmarks (url TEXT)") == SQLITE_OK);
    }
    CHECK(says(refusal(path), path + ": is a database, but not one of postern's"));
    Raw file(path);
    CHECK(file.ask("SELECT count(*) FROM sqlite_schema") == "1");
  }
  SUBCASE("no database at all") {
    const std::string text = "apiVersion: v1\n" + std::string(5000, '#');
    directory.write("postern.db", text);
    CHECK(says(refusal(path), path + ": is not a database of postern's"));
    CHECK(std::filesystem::file_size(path) == text.size());
  }
  SUBCASE("a folder") {
    std::filesystem::create_directory(path);
    CHECK(says(refusal(path), path + ": cannot be written: Is a directory"));
  }
  SUBCASE("a pipe") {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    CHECK(says(refusal(path), path + ": is not a file"));
  }
  SUBCASE("a folder that is a file") {
    directory.write("file", "");
    CHECK(says(refusal(directory.file("file/postern.db")), "Not a directory"));
  }
}

TEST_CASE("a damaged file is refused, not repaired") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  {
    const auto store = opened({path, {}, 0});
    for (int i = 0; i < 200; ++i) {
      REQUIRE(store->create("role", std::to_string(i), std::string(500, 'x')));
    }
  }
  SUBCASE("overwritten in the middle") {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 * 3);
    file << std::string(4096 * 20, '\xa5');
    file.close();
    CHECK(says(refusal(path), path + ": the database is damaged ("));
  }
  SUBCASE("cut off") {
    std::filesystem::resize_file(path, 4096 * 10);
    CHECK(says(refusal(path), path + ": the database is damaged ("));
  }
  SUBCASE("the version lost") {
    {
      Raw file(path);
      REQUIRE(file.run("DELETE FROM state") == SQLITE_OK);
    }
    CHECK(says(refusal(path), path + ": the database has lost its version"));
  }
  CHECK(refusal(path).code == 500);
}

TEST_CASE("a folder that cannot be written is named") {
  const TemporaryDirectory directory;
  const std::string folder = directory.file("data");
  std::filesystem::create_directory(folder);
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(folder.c_str(), 0555) == 0);
  const auto try_as_nobody = [](const std::string& path) {
    return said_by_child([&]() -> std::string {
      if (::geteuid() == 0 && ::seteuid(65534) != 0) return "still root";
      return refusal(path).message;
    });
  };
  CHECK(try_as_nobody(folder + "/postern.db") ==
        folder + "/postern.db.lock: cannot be written: Permission denied");
  CHECK(try_as_nobody(folder + "/deeper/postern.db") ==
        folder + "/deeper: cannot be made: Permission denied");
}

TEST_CASE("a full database refuses, keeps what it has, and goes on when there is room") {
  const TemporaryDirectory directory;
  const SqliteStoreOptions options{directory.file("postern.db"), {1, 1 << 20}, 512 * 1024};
  auto store = opened(options);
  const std::string data(20'000, 'x');
  int written = 0;
  for (; written < 100; ++written) {
    const auto done = store->create("role", std::to_string(written), data);
    if (!done) {
      CHECK(done.error().code == 503);
      CHECK(done.error().message == options.path + ": there is no room left; nothing was written");
      break;
    }
  }
  CHECK(written > 5);
  CHECK(written < 100);
  const auto count = static_cast<std::size_t>(written);
  CHECK(store->version() == count);
  CHECK(store->list("role")->objects.size() == count);
  CHECK(store->changes_since(count)->changes.empty());
  CHECK(store->get("role", std::to_string(written)).error().code == 404);

  store.reset();
  store = opened(options);
  CHECK(store->list("role")->objects.size() == count);
  REQUIRE(store->remove("role", "0"));
  REQUIRE(store->remove("role", "1"));
  CHECK(store->create("role", "again", data).value() == count + 3);
}

TEST_CASE("a disk that is full after any byte loses nothing") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  auto store = opened({path, {}, 0});
  std::size_t written = 0;
  for (long room = 0; room < 60'000; room += 397) {
    int refused = 0;
    {
      const FullDisk full(room);
      while (refused == 0) {
        const auto done =
            store->write({Write::create("role", std::to_string(written), std::string(3000, 'x')),
                          Write::create("user", std::to_string(written), "")});
        if (done) {
          ++written;
        } else {
          ++refused;
          CHECK(done.error().code == 503);
          CHECK(done.error().message == path + ": there is no room left; nothing was written");
        }
      }
    }
    CHECK(store->version() == 2 * written);
    if (room % 7 == 0) {
      store.reset();
      store = opened({path, {}, 0});
      CHECK(store->version() == 2 * written);
    }
    CHECK(store->list("role")->objects.size() == written);
    CHECK(store->list("user")->objects.size() == written);
    CHECK(store->changes_since(0)->changes.size() == 2 * written);
  }
  CHECK(written > 50);
}

TEST_CASE("a store that could not be made is made later") {
  for (long room = 0; room < 40'000; room += 997) {
    CAPTURE(room);
    const TemporaryDirectory directory;
    const SqliteStoreOptions options{directory.file("postern.db"), {}, 0};
    {
      const FullDisk full(room);
      if (const auto store = open_sqlite_store(options); !store) {
        CHECK(store.error().code == 503);
        CHECK(says(store.error(), options.path + ": there is no room left"));
      }
    }
    CHECK(opened(options)->create("role", "a", "").value() == 1);
  }
  const TemporaryDirectory directory;
  const SqliteStoreOptions options{directory.file("postern.db"), {}, 0};
  {
    const FailingSyncs failing;
    CHECK(refusal(options.path).code == 500);
  }
  CHECK(opened(options)->create("role", "a", "").value() == 1);
}

TEST_CASE("a disk that takes no more loses nothing") {
  // The kernel refuses every byte behind the limit, in the log and in the database.
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  auto store = opened({path, {}, 0});
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit small = before;
  small.rlim_cur = 300'000;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::size_t written = 0;
  int refused = 0;
  for (int i = 0; i < 40; ++i) {
    const auto done = store->create("role", std::to_string(i), std::string(10'000, 'x'));
    if (done) {
      ++written;
    } else if (++refused == 1) {
      CHECK(done.error().code == 503);
      CHECK(says(done.error(), path + ": the disk takes no more (disk I/O error)"));
    }
    CHECK(store->version() == written);
  }
  CHECK(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, SIG_DFL);
  CHECK(written > 5);
  CHECK(refused > 5);
  CHECK(store->list("role")->objects.size() == written);
  CHECK(store->create("role", "room again", "").value() == written + 1);
  store.reset();
  store = opened({path, {}, 0});
  CHECK(store->version() == written + 1);
  CHECK(store->list("role")->objects.size() == written + 1);
  CHECK(store->changes_since(0)->changes.size() == written + 1);
}

TEST_CASE("a write is synced before it returns, and refused when that fails") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("postern.db");
  auto store = opened({path, {}, 0});
  REQUIRE(store->create("role", "a", "1"));
  for (int i = 0; i < 10; ++i) {
    const int before = sync_calls();
    REQUIRE(store->update("role", "a", std::to_string(i), {}));
    CHECK(sync_calls() > before);
  }
  int woken = 0;
  const Subscription wake = store->subscribe([&] { ++woken; });
  {
    const FailingSyncs failing;
    const auto failed = store->update("role", "a", "lost", {});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == 500);
    CHECK(says(failed.error(), path + ": the database failed (disk I/O error)"));
  }
  CHECK(woken == 0);
  CHECK(store->get("role", "a")->data == "9");
  CHECK(store->version() == 11);
  CHECK(store->update("role", "a", "after", 11).value() == 12);
  store.reset();
  store = opened({path, {}, 0});
  CHECK(store->get("role", "a")->data == "after");
  CHECK(store->version() == 12);
}
