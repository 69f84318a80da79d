#include "proxy/access/kubernetes/kind_watcher.h"

#include "tests/proxy/upstream/upstream_fixture.h"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <memory>

using namespace postern::proxy;
using namespace postern::proxy::access;
using postern::proxy::test::first_words;
using postern::proxy::test::ScriptedServer;
using postern::proxy::test::ServerConnection;
using postern::proxy::test::UpstreamFixture;
using std::chrono::milliseconds;

namespace {

const Sealer kSealer(MasterKey(MasterKey::Bytes{9}));
const ResourceKind kKind{"role", "accessroles", "AccessRole"};

std::string object(const std::string& name, const std::string& data, Version version) {
  CustomResource made;
  made.object_name = name;
  made.uid = "uid-" + name;
  made.generation = 2;
  made.version = version;
  made.name = name;
  made.data = data;
  made.seal = kSealer.seal(made.state(kKind.kind));
  return R"({"apiVersion":"store.postern.dev/v1alpha1","kind":"AccessRole","metadata":{"name":")" +
         name + R"(","uid":")" + made.uid + R"(","generation":2,"resourceVersion":")" +
         std::to_string(version) + R"("},"spec":{"name":")" + name + R"(","data":")" + data +
         R"(","nonce":"","seal":")" + made.seal + R"("}})";
}

std::string event(const std::string& type, const std::string& of) {
  return R"({"type":")" + type + R"(","object":)" + of + "}\n";
}

/// An API server that knows no version that it has given, for the first watches.
struct ForgetfulServer {
  int expired = 0;       ///< watches that it answers like that
  bool by_code = false;  ///< with the status 410 instead of an event
  std::string instead;   ///< the event that it sends in place of both
  std::atomic<int> lists{0};
  std::atomic<int> watches{0};

  void serve(const std::string& request, ServerConnection& to) {
    if (request.find("watch=true") == std::string::npos) {
      const int number = ++lists;
      return to.answer(200, R"({"kind":"AccessRoleList","metadata":{"resourceVersion":")" +
                                std::to_string(100 + number) + R"("},"items":[)" +
                                object("a", "list " + std::to_string(number),
                                       static_cast<Version>(50 + number)) +
                                "]}");
    }
    const bool forgets = ++watches <= expired;
    if (forgets && by_code) return to.answer(410, R"({"kind":"Status","code":410})");
    const std::string text =
        forgets && !instead.empty() ? instead
        : forgets ? event("ERROR", R"({"kind":"Status","code":410,"reason":"Expired"})")
                  : event("ADDED", object("b", "seen", 300));
    to.write(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    to.write(size + text + "\r\n");
    to.wait_for_end();
  }
};

struct WatcherFixture : UpstreamFixture {
  explicit WatcherFixture(ForgetfulServer& forgetful)
      : UpstreamFixture(postern::proxy::test::answering(
            [&forgetful](const std::string& request, ServerConnection& to) {
              forgetful.serve(request, to);
            })),
        copy({kKind}, kSealer, {}, [](const Refusal&) {}),
        client(pool, "postern"),
        watcher(std::make_unique<KindWatcher>(
            client, copy, 0, [this] { look(); },
            Backoff({milliseconds(1), milliseconds(8)}, [this](int, int most) {
              limits.push_back(most);
              return most;
            }))) {}

  /// Runs until `b`, which only a watch shows, is in the copy; 10 s at most.
  void run_until_seen() {
    asio::co_spawn(worker.executor(), watcher->run(), asio::detached);
    Deadline limit(worker.deadlines(), [this] { worker.stop(); });
    limit.expires_after(std::chrono::seconds(10));
    worker.run();
  }
  void look() {
    if (copy.get("role", "b")) worker.stop();
  }

  std::vector<int> limits;  ///< of the pauses
  LocalCopy copy;
  CustomResourceClient client;
  /// Gone before the worker, as in the store, and by itself: the frame of its watch goes with the
  /// worker, and may not look for it then (ASan would see it).
  std::unique_ptr<KindWatcher> watcher;
};

}  // namespace

TEST_CASE("backoff: doubles up to its limit, with jitter, and begins anew") {
  std::vector<std::pair<int, int>> asked;
  Backoff backoff({milliseconds(200), milliseconds(5000)}, [&](int least, int most) {
    asked.emplace_back(least, most);
    return least;
  });
  for (int i = 0; i < 8; ++i) backoff.after_setback();
  CHECK(asked.front() == std::pair(100, 200));
  CHECK(asked[4] == std::pair(1600, 3200));
  CHECK(asked[5] == std::pair(2500, 5000));
  for (int i = 0; i < 100; ++i) CHECK(backoff.after_setback() == milliseconds(2500));
  backoff.settled();
  CHECK(backoff.after_setback() == milliseconds(100));
  for (int i = 0; i < 100; ++i) {
    const int random = Backoff::random_between(3, 5);
    CHECK((random >= 3 && random <= 5));
  }
}

TEST_CASE("what no API server sends ends neither the watching nor, behind it, the checks") {
  ForgetfulServer strange;
  strange.expired = 2;
  strange.instead = R"({"type":"BOOKMARK","object":[]})"
                    "\n";
  WatcherFixture fixture(strange);
  Timer check(fixture.worker.executor());
  const std::function<void(error_code)> look = [&](error_code error) {
    if (error) return;
    fixture.watcher->check();
    check.expires_after(milliseconds(1));
    check.async_wait(look);
  };
  look({});
  fixture.run_until_seen();
  CHECK(fixture.copy.get("role", "b"));
  CHECK(strange.lists == 3);
}

TEST_CASE("410 again and again: one list for each, with growing pauses, and the state is right") {
  ForgetfulServer forgetful;
  forgetful.expired = 6;
  SUBCASE("as an event") {}
  SUBCASE("as the answer") {
    forgetful.by_code = true;
  }
  WatcherFixture fixture(forgetful);
  fixture.run_until_seen();
  REQUIRE(fixture.copy.get("role", "b"));
  CHECK(fixture.copy.get("role", "b")->data == "seen");
  CHECK(forgetful.watches == 7);
  CHECK(forgetful.lists == 7);
  CHECK(fixture.copy.get("role", "a")->data == "list 7");
  CHECK(fixture.copy.progress("role").reached == 300);
  CHECK(fixture.limits == std::vector<int>{1, 2, 4, 8, 8, 8});
  CHECK_FALSE(fixture.watcher->fault());
  CHECK(fixture.logged.contain("accessroles.store.postern.dev: the API server no longer knows"));
}
