// Files that an earlier or later version of postern wrote, or somebody else.

#include "tests/proxy/access/store/sqlite_fixture.h"

using namespace postern::proxy::access;
using namespace postern::proxy::access::testing;

namespace {

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
