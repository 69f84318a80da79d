// What every store does alike (proxy/access/store/object_store.h).

// Which stores: `Stores`, a list of fixtures. Another one is given by -DPOSTERN_STORES="FILE".
#ifndef POSTERN_STORES
#define POSTERN_STORES "tests/proxy/access/store/stores.h"
#endif
#include POSTERN_STORES

#include <atomic>
#include <doctest/doctest.h>
#include <map>
#include <random>
#include <thread>
#include <vector>

using namespace postern::proxy::access;
using namespace postern::proxy::access::testing;

namespace {

using Texts = std::vector<std::string>;

/// Everything that is there, by name.
Texts contents(const ObjectStore& store, const std::string& kind) {
  Texts all;
  const Listing listing = store.list(kind).value();
  for (const StoredObject& object : listing.objects) {
    all.push_back(object.name + "@" + std::to_string(object.version) + "=" + object.data);
  }
  return all;
}

}  // namespace

TEST_CASE_TEMPLATE("an object is created, read, changed and removed", Store, STORES) {
  const Store fixture;
  ObjectStore& store = *fixture.store;
  CHECK(store.version() == 0);
  CHECK(store.silence() < std::chrono::seconds(10));
  CHECK(store.create("role", "a", "{}").value() == 1);
  const StoredObject object = store.get("role", "a").value();
  CHECK(object.kind == "role");
  CHECK(object.name == "a");
  CHECK(object.version == 1);
  CHECK(object.data == "{}");

  CHECK(store.update("role", "a", R"({"x":1})", 1).value() == 2);
  CHECK(store.get("role", "a")->data == R"({"x":1})");
  CHECK(store.update("role", "a", "[]", std::nullopt).value() == 3);
  CHECK(contents(store, "role") == Texts{"a@3=[]"});

  CHECK(store.remove("role", "a", 3).value() == 4);
  CHECK(store.get("role", "a").error().code == 404);
  CHECK(store.version() == 4);
  // The name is free again, and no version comes twice.
  CHECK(store.create("role", "a", "").value() == 5);
  CHECK(store.get("role", "a")->data.empty());
}

TEST_CASE_TEMPLATE("what a write rests on has to hold", Store, STORES) {
  const Store fixture;
  ObjectStore& store = *fixture.store;
  REQUIRE(store.create("role", "a", "1"));
  REQUIRE(store.update("role", "a", "2", 1));

  const auto exists = store.create("role", "a", "x").error();
  CHECK(exists.code == 409);
  CHECK(exists.reason == "AlreadyExists");
  CHECK(exists.message == "role \"a\" already exists");
  CHECK(exists.details_kind == "role");
  CHECK(exists.details_name == "a");

  for (const auto& error :
       {store.update("role", "a", "x", 1).error(), store.update("role", "a", "x", 3).error(),
        store.remove("role", "a", 1).error(), store.update("role", "a", "x", 0).error()}) {
    CHECK(error.code == 409);
    CHECK(error.reason == "Conflict");
    CHECK(error.message.find("its version is 2, not ") != std::string::npos);
  }
  for (const auto& error :
       {store.update("role", "b", "x", 1).error(), store.update("role", "b", "x", {}).error(),
        store.remove("role", "b").error(), store.remove("user", "a", 2).error()}) {
    CHECK(error.code == 404);
    CHECK(error.reason == "NotFound");
  }
  CHECK(contents(store, "role") == Texts{"a@2=2"});
  CHECK(store.version() == 2);
  CHECK(store.changes_since(2)->changes.empty());
}

TEST_CASE_TEMPLATE("several writes happen together or not at all", Store, STORES) {
  const Store fixture;
  ObjectStore& store = *fixture.store;
  REQUIRE(store.create("role", "old", "1"));
  REQUIRE(store.create("role", "other", "1"));
  const auto versions =
      store.write({Write::create("session", "s", "new"), Write::update("role", "old", "2", 1),
                   Write::remove("role", "other", 2)});
  CHECK(versions.value() == std::vector<Version>{3, 4, 5});
  CHECK(contents(store, "role") == Texts{"old@4=2"});
  CHECK(contents(store, "session") == Texts{"s@3=new"});

  // Each of these ends with a write whose precondition does not hold.
  for (const Write& last :
       {Write::create("role", "old", "x"), Write::update("role", "old", "x", 1),
        Write::update("role", "none", "x", {}), Write::remove("role", "none")}) {
    const auto failed =
        store.write({Write::create("session", "t", "x"), Write::remove("session", "s"), last});
    REQUIRE_FALSE(failed);
    CHECK((failed.error().code == 409 || failed.error().code == 404));
    CHECK(contents(store, "role") == Texts{"old@4=2"});
    CHECK(contents(store, "session") == Texts{"s@3=new"});
    CHECK(store.version() == 5);
    CHECK(store.changes_since(5)->changes.empty());
  }
  CHECK(store.write({})->empty());
  CHECK(store.version() == 5);
}

TEST_CASE_TEMPLATE("a store takes neither everything nor anything twice", Store, STORES) {
  const Store fixture;
  ObjectStore& store = *fixture.store;
  for (const std::string& kind : {std::string(), std::string("Role"), std::string("a/b"),
                                  std::string("a\0b", 3), std::string(64, 'a')}) {
    CHECK(store.create(kind, "a", "").error().code == 422);
  }
  CHECK(store.create("role", "", "").error().code == 422);
  CHECK(store.create("role", std::string("a\0b", 3), "").error().code == 422);
  CHECK(store.create("role", std::string(kMaxNameBytes + 1, 'a'), "").error().code == 413);
  CHECK(store.create("role", "a", std::string(kMaxDataBytes + 1, 'a')).error().code == 413);
  const auto twice = store.write({Write::create("role", "a", ""), Write::remove("role", "a")});
  CHECK(twice.error().code == 422);
  CHECK(store.write(std::vector<Write>(kMaxWrites + 1)).error().code == 413);
  CHECK(store.version() == 0);

  const std::string largest(Store::kLargest, 'x');
  CHECK(store.create("role", std::string(kMaxNameBytes, 'a'), largest));
  CHECK(store.get("role", std::string(kMaxNameBytes, 'a'))->data == largest);
}

TEST_CASE_TEMPLATE("names and data come back byte for byte", Store, STORES) {
  const Store fixture;
  ObjectStore& store = *fixture.store;
  const Texts names = {"alice@example.com",
                       "a'); DROP TABLE objects; --",
                       "\xff\xfe",
                       "Ä",
                       "%",
                       "a/b\\c\"d",
                       "\x01\n"};
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
  for (const std::string& name : names) {
    const auto created = store.create("user", name, every_byte + name);
    REQUIRE_MESSAGE(created, created.error().message);
  }
  for (const std::string& name : names) {
    CHECK(store.get("user", name)->data == every_byte + name);
    CHECK(store.get("user", name)->name == name);
  }
  CHECK(store.list("user")->objects.size() == names.size());
  CHECK(store.get("user", "ALICE@example.com").error().code == 404);
}

TEST_CASE_TEMPLATE("lists are by name, one kind, in pages", Store, STORES) {
  const Store fixture;
  ObjectStore& store = *fixture.store;
  for (const char* name : {"b", "a", "Z", "c", "\xc3\xa4", "a1"}) {
    REQUIRE(store.create("role", name, name));
  }
  REQUIRE(store.create("user", "a2", ""));
  const Listing all = store.list("role").value();
  CHECK(names_of(all) == Texts{"Z", "a", "a1", "b", "c", "\xc3\xa4"});
  CHECK(all.version == 7);
  CHECK_FALSE(all.more);
  CHECK(all.objects[1].data == "a");
  CHECK(all.objects[1].version == 2);
  CHECK(all.objects[1].kind == "role");

  const Listing first = store.list("role", {}, 2).value();
  CHECK(names_of(first) == Texts{"Z", "a"});
  CHECK(first.more);
  const Listing last = store.list("role", "a1", 3).value();
  CHECK(names_of(last) == Texts{"b", "c", "\xc3\xa4"});
  CHECK_FALSE(last.more);
  CHECK(names_of(*store.list("role", "aa")) == Texts{"b", "c", "\xc3\xa4"});
  CHECK(store.list("role", "\xff")->objects.empty());
  CHECK(store.list("session")->objects.empty());
  CHECK(store.list("session")->version == 7);
}

TEST_CASE_TEMPLATE("changes are told in order from any version", Store, STORES) {
  const Store fixture;
  ObjectStore& store = *fixture.store;
  REQUIRE(store.create("role", "a", "1"));
  REQUIRE(store.update("role", "a", "2", 1));
  REQUIRE(store.write({Write::create("user", "b", "x"), Write::remove("role", "a")}));
  const Texts all = {"added role/a@1=1", "modified role/a@2=2", "added user/b@3=x",
                     "removed role/a@4=2"};
  for (Version from = 0; from <= 4; ++from) {
    const Changes changes = store.changes_since(from).value();
    CHECK(told(changes.changes) == Texts(all.begin() + static_cast<long>(from), all.end()));
    CHECK(changes.version == 4);
    CHECK_FALSE(changes.more);
  }
  // A page ends anywhere, in the middle of what was written together too.
  const Changes page = store.changes_since(1, 2).value();
  CHECK(told(page.changes) == Texts{all[1], all[2]});
  CHECK(page.version == 3);
  CHECK(page.more);
  CHECK(told(store.changes_since(page.version, 2)->changes) == Texts{all[3]});
  CHECK_FALSE(store.changes_since(page.version, 1)->more);

  const auto ahead = store.changes_since(5);
  CHECK(ahead.error().code == 410);
  CHECK(ahead.error().reason == "Expired");
}

TEST_CASE_TEMPLATE("a store remembers so many changes", Store, STORES) {
  const Store fixture(HistoryLimits{3, 1 << 20});
  ObjectStore& store = *fixture.store;
  for (int i = 1; i <= 5; ++i) {
    REQUIRE(store.create("role", std::to_string(i), ""));
  }
  for (const Version old : {Version{0}, Version{1}}) {
    const auto gone = store.changes_since(old);
    REQUIRE_FALSE(gone);
    CHECK(gone.error().code == 410);
    CHECK(gone.error().reason == "Expired");
    CHECK(gone.error().message == "too old resource version: " + std::to_string(old) + " (5)");
  }
  CHECK(store.changes_since(2)->changes.size() == 3);
  // More at once than is remembered.
  std::vector<Write> many;
  for (int i = 1; i <= 5; ++i) {
    many.push_back(Write::remove("role", std::to_string(i)));
  }
  REQUIRE(store.write(many));
  CHECK(store.changes_since(6).error().code == 410);
  CHECK(told(store.changes_since(7)->changes) ==
        Texts{"removed role/3@8=", "removed role/4@9=", "removed role/5@10="});
}

TEST_CASE_TEMPLATE("a store remembers so many bytes", Store, STORES) {
  const Store fixture(HistoryLimits{1000, 100});
  ObjectStore& store = *fixture.store;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(store.create("role", std::to_string(i), std::string(25, 'x')));  // 30 bytes
  }
  CHECK(store.changes_since(1).error().code == 410);
  CHECK(store.changes_since(2)->changes.size() == 3);
  REQUIRE(store.create("role", "large", std::string(200, 'x')));
  CHECK(store.changes_since(5).error().code == 410);
  CHECK(store.changes_since(6)->changes.empty());
}

TEST_CASE_TEMPLATE("those who want to know are woken after each write", Store, STORES) {
  Store fixture;
  ObjectStore& store = *fixture.store;
  int first = 0;
  int second = 0;
  Subscription one = store.subscribe([&] { ++first; });
  const Subscription two = store.subscribe([&] { ++second; });
  REQUIRE(store.create("role", "a", ""));
  CHECK(first == 1);
  CHECK(store.create("role", "a", "").error().code == 409);
  CHECK(store.write({})->empty());
  CHECK(first == 1);
  one.reset();
  REQUIRE(store.write({Write::create("role", "b", ""), Write::create("role", "c", "")}));
  CHECK(first == 1);
  CHECK(second >= 2);
  fixture.store.reset();  // subscriptions may end later
}

TEST_CASE_TEMPLATE("any thread may read and write", Store, STORES) {
  const Store fixture;
  ObjectStore& store = *fixture.store;
  std::atomic<int> woken = 0;
  const Subscription wake = store.subscribe([&] { ++woken; });
  REQUIRE(store.create("role", "shared", "0"));
  constexpr int kThreads = 4;
  constexpr int kWrites = Store::kFast ? 50 : 10;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&store] {
      for (int done = 0; done < kWrites;) {
        const StoredObject object = store.get("role", "shared").value();
        const std::string next = std::to_string(std::stoi(object.data) + 1);
        if (store.update("role", "shared", next, object.version)) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // No write was lost, which is what versions are for.
  CHECK(store.get("role", "shared")->data == std::to_string(kThreads * kWrites));
  CHECK(store.version() == kThreads * kWrites + 1);
  CHECK(woken >= kThreads * kWrites + 1);
}

TEST_CASE_TEMPLATE("changes lead from any list to the present one", Store, STORES) {
  // Random writes; whoever listed at some time and follows the changes has what list() shows.
  const Store fixture;
  ObjectStore& store = *fixture.store;
  std::mt19937 random(20240501);
  std::map<std::string, StoredObject> followed;
  Version version = 0;
  for (int round = 0; round < (Store::kFast ? 300 : 100); ++round) {
    std::vector<Write> writes;
    const unsigned count = 1 + random() % 3;
    for (unsigned i = 0; i < count; ++i) {
      const std::string name = std::to_string(random() % 8);
      const std::string data = std::to_string(round);
      switch (random() % 3) {
        case 0:
          writes.push_back(Write::create("role", name, data));
          break;
        case 1:
          writes.push_back(Write::update("role", name, data, {}));
          break;
        default:
          writes.push_back(Write::remove("role", name));
          break;
      }
    }
    const Version before = store.version();
    const auto done = store.write(writes);
    CHECK(store.version() == (done ? done->back() : before));
    if (random() % 4 != 0) continue;
    for (bool more = true; more;) {
      const Changes changes = store.changes_since(version, 2).value();
      for (const Change& change : changes.changes) {
        CHECK(change.object.version > version);
        version = change.object.version;
        const bool known = followed.contains(change.object.name);
        CHECK(known == (change.type != Change::Type::kAdded));
        if (change.type == Change::Type::kRemoved) {
          CHECK(followed[change.object.name].data == change.object.data);
          followed.erase(change.object.name);
        } else {
          followed[change.object.name] = change.object;
        }
      }
      more = changes.more;
      CHECK(changes.version == (more ? version : store.version()));
    }
    const Listing listing = store.list("role").value();
    REQUIRE(listing.objects.size() == followed.size());
    for (const StoredObject& object : listing.objects) {
      CHECK(followed[object.name].data == object.data);
      CHECK(followed[object.name].version == object.version);
    }
  }
}
