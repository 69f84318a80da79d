// What a store in a file does beyond the contract of all stores.

#include "tests/proxy/access/store/sqlite_fixture.h"

using namespace postern::proxy::access;
using namespace postern::proxy::access::testing;

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
