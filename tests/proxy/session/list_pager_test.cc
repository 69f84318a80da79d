#include "proxy/session/list_pager.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>
#include <string>
#include <vector>

namespace postern::proxy {
namespace {

kube::Query query_of(std::string_view text) {
  auto query = kube::Query::parse(text);
  REQUIRE(query);
  return std::move(*query);
}

TEST_CASE("without a limit there is one page, as the client asked") {
  const ListPager pager(query_of("labelSelector=a"), "");
  CHECK_FALSE(pager.limited());
  CHECK_FALSE(pager.must_count());
  kube::Query query = query_of("labelSelector=a");
  pager.apply(query);
  CHECK(query.encode() == "labelSelector=a");
}

/// An API server's list of objects, of which some are visible, walked by the pager as relay_list
/// does.
struct Walk {
  std::vector<bool> visible;
  int calls = 0;

  /// One page for the client from position `at`; returns how many visible ones it got.
  std::size_t next(std::size_t limit, std::size_t& at) {
    kube::Query query = query_of("limit=" + std::to_string(limit));
    ListPager pager(query, at == 0 ? "" : std::to_string(at));
    for (;;) {
      pager.apply(query);
      ++calls;
      const std::size_t size = std::stoul(std::string(query.get("limit")));
      const std::size_t from =
          query.has("continue") ? std::stoul(std::string(query.get("continue"))) : 0;
      const std::size_t to = std::min(from + size, visible.size());
      const auto kept = static_cast<std::size_t>(
          std::count(visible.begin() + static_cast<std::ptrdiff_t>(from),
                     visible.begin() + static_cast<std::ptrdiff_t>(to), true));
      if (pager.must_count() && kept > limit) {
        pager.too_many();
      } else if (kept == 0 && to < visible.size()) {
        REQUIRE(pager.all_hidden(std::to_string(to)));
      } else {
        at = to;
        return kept;
      }
    }
  }
};

TEST_CASE(
    "every visible object comes once, never more than the limit a page, never an empty page but "
    "the last") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Walk walk;
    const unsigned share = random() % 100;
    for (unsigned i = 0, size = random() % 3000; i < size; ++i) {
      walk.visible.push_back(random() % 100 < share / 10);
    }
    const std::size_t limit = 1 + random() % 20;
    const auto expected =
        static_cast<std::size_t>(std::count(walk.visible.begin(), walk.visible.end(), true));
    std::size_t at = 0;
    std::size_t seen = 0;
    do {
      const std::size_t kept = walk.next(limit, at);
      CHECK(kept <= limit);
      CHECK((kept > 0 || at == walk.visible.size()));
      seen += kept;
    } while (at < walk.visible.size());
    CHECK(seen == expected);
  }
}

TEST_CASE("limit=1 over many hidden objects takes few calls") {
  Walk walk;
  walk.visible.assign(100'000, false);
  walk.visible[99'999] = true;
  std::size_t at = 0;
  CHECK(walk.next(1, at) == 1);
  CHECK(walk.calls < 250);
}

}  // namespace
}  // namespace postern::proxy
