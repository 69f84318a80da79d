#include "proxy/access/state/session_table.h"

#include "proxy/access/logins/session_token.h"
#include "proxy/access/state/due_queue.h"
#include "proxy/access/state/session_authenticator.h"

#include <atomic>
#include <chrono>
#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace postern::proxy::access {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<SessionEntry> entry_of(const std::string& user, std::uint64_t generation = 1) {
  auto entry = std::make_shared<SessionEntry>();
  entry->user.name = user;
  entry->generation = generation;
  entry->expires = std::chrono::system_clock::now() + 1h;
  entry->ends = std::chrono::steady_clock::now() + 1h;
  entry->refusals = std::make_shared<RefusalRing>();
  return entry;
}

TEST_CASE("the version grows when something that was there changes") {
  SessionTable table;
  table.put("a", entry_of("alice"));
  CHECK(table.version() == 0);
  CHECK(table.find("a")->user.name == "alice");
  CHECK(table.find("b") == nullptr);
  table.put("a", entry_of("alice", 2));
  CHECK(table.version() == 1);
  CHECK(table.size() == 1);
  table.remove("b");
  CHECK(table.version() == 1);
  table.remove("a");
  CHECK(table.version() == 2);
  CHECK(table.find("a") == nullptr);
}

TEST_CASE("workers read while the access thread writes") {
  SessionTable table;
  std::vector<std::string> digests;
  for (int i = 0; i < 100; ++i) digests.push_back("digest-" + std::to_string(i));
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> found{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop.load()) {
        for (const std::string& digest : digests) {
          if (const auto entry = table.find(digest)) {
            // An entry is whole, whichever it is.
            if (entry->user.name != "user-" + std::to_string(entry->generation)) std::abort();
            entry->refusals->add({{}, "get", digest, ""});
            ++found;
          }
        }
        static_cast<void>(table.version());
      }
    });
  }
  std::uint64_t round = 0;
  while (round < 50 || found.load() == 0) {
    ++round;
    for (const std::string& digest : digests) {
      table.put(digest, entry_of("user-" + std::to_string(round), round));
    }
    if (round % 3 == 0) {
      for (const std::string& digest : digests) table.remove(digest);
    }
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(found.load() > 0);
}

TEST_CASE("tokens are found by their digest, until their end by either clock") {
  SessionTable table;
  Metrics metrics;
  const TableAuthenticator authenticator(table, &metrics);
  const SessionToken token = make_session_token("s1");
  const auto unknown = authenticator.authenticate_session(token.text);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().why == "the session is unknown or has ended");
  CHECK(unknown.error().unknown_id == "s1");
  table.put(token.digest, entry_of("alice"));
  const auto proved = authenticator.authenticate_session(token.text);
  REQUIRE(proved);
  CHECK(proved->user.name == "alice");
  CHECK(proved->session == table.find(token.digest));
  CHECK_FALSE(authenticator.authenticate_session(token.text + "x"));
  CHECK(authenticator.authenticate_session("pst_s1_").error().unknown_id.empty());

  auto over = entry_of("alice");
  over->expires = std::chrono::system_clock::now();
  table.put(token.digest, over);
  CHECK(authenticator.authenticate_session(token.text).error().why == "the session has expired");
  CHECK(authenticator.authenticate_session(token.text).error().unknown_id.empty());
  over = entry_of("alice");
  over->ends = std::chrono::steady_clock::now();
  table.put(token.digest, over);
  CHECK_FALSE(authenticator.authenticate_session(token.text));
  const std::string exposed = metrics.serialize();
  for (const char* line : {"{result=\"hit\"} 1\n", "{result=\"miss\"} 1\n",
                           "{result=\"expired\"} 3\n", "{result=\"malformed\"} 2\n"}) {
    CAPTURE(line);
    CHECK(exposed.find(std::string("postern_session_lookups_total") + line) != std::string::npos);
  }
}

TEST_CASE("what is due is due by the first clock that says so; setting one back prolongs nothing") {
  DueQueue queue;
  const DueQueue::Now begin{TimePoint(1000h), DueQueue::Steady(10h)};
  const auto at = [&](std::chrono::seconds wall, std::chrono::seconds steady) {
    return DueQueue::Now{begin.wall + wall, begin.steady + steady};
  };
  CHECK(queue.set("a", begin.wall + 60s, begin) == begin.steady + 60s);
  CHECK(queue.set("b", begin.wall + 120s, begin) == begin.steady + 120s);
  CHECK(queue.take(at(59s, 59s), 10).empty());
  auto due = queue.take(at(60s, 1s), 10);
  REQUIRE(due.size() == 1);
  CHECK(due[0].key == "a");
  CHECK_FALSE(due[0].elapsed);
  // The wall clock was set back by an hour: what moves, moves by as much as it was moved.
  CHECK(queue.set("b", begin.wall + 90s, at(-3600s, 60s)) == begin.steady + 90s);
  CHECK(queue.take(at(-3600s, 89s), 10).empty());
  due = queue.take(at(-3600s, 90s), 10);
  REQUIRE(due.size() == 1);
  CHECK(due[0].elapsed);
  queue.set("c", begin.wall, begin);
  queue.clear("c");
  CHECK(queue.take(at(1h, 1h), 10).empty());
  queue.set("far", TimePoint::max(), begin);
  CHECK(queue.take(at(24h * 365, 24h * 365), 10).empty());
}

}  // namespace
}  // namespace postern::proxy::access
