// Disks that are full, and calls that fail.

#include "tests/proxy/access/store/disk_calls.h"
#include "tests/proxy/access/store/sqlite_fixture.h"

#include <csignal>
#include <sys/resource.h>

using namespace postern::proxy::access;
using namespace postern::proxy::access::testing;

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
