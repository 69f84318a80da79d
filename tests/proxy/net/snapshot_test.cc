#include "proxy/net/snapshot.h"

#include <atomic>
#include <doctest/doctest.h>
#include <thread>
#include <vector>

using namespace postern::proxy;

namespace {

/// Two halves that belong together, to see torn values.
struct Pair {
  explicit Pair(int n) : a(n), b(-n) { ++alive; }
  ~Pair() {
    a = b = 1;
    --alive;
  }
  int a, b;
  static inline std::atomic<int> alive{0};
};

}  // namespace

TEST_CASE("a reader sees what was published last, and nothing before the first") {
  Snapshot<int> snapshot;
  SnapshotReader<int> reader(snapshot);
  CHECK(reader.get() == nullptr);
  CHECK(snapshot.load() == nullptr);
  snapshot.publish(std::make_shared<const int>(1));
  REQUIRE(reader.get());
  CHECK(*reader.get() == 1);
  const auto held = reader.get();
  snapshot.publish(std::make_shared<const int>(2));
  CHECK(*reader.get() == 2);
  CHECK(*held == 1);
  CHECK(*SnapshotReader<int>(snapshot).get() == 2);
}

TEST_CASE("an unchanged value is the same object at each get()") {
  Snapshot<int> snapshot(std::make_shared<const int>(7));
  SnapshotReader<int> reader(snapshot);
  const int* first = reader.get().get();
  const long uses = reader.get().use_count();
  CHECK(reader.get().get() == first);
  CHECK(reader.get().use_count() == uses);
}

TEST_CASE("readers on several threads see whole values, in order, and let go of old ones") {
  constexpr int kLast = 20'000;
  {
    Snapshot<Pair> snapshot(std::make_shared<const Pair>(0));
    std::atomic<int> torn{0}, backwards{0};
    const auto read = [&] {
      SnapshotReader<Pair> reader(snapshot);
      int seen = 0;
      while (seen < kLast) {
        const auto& value = reader.get();
        if (value->a != -value->b) ++torn;
        if (value->a < seen) ++backwards;
        seen = value->a;
      }
    };
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) readers.emplace_back(read);
    for (int n = 1; n <= kLast; ++n) snapshot.publish(std::make_shared<const Pair>(n));
    for (std::thread& reader : readers) reader.join();
    CHECK(torn == 0);
    CHECK(backwards == 0);
    CHECK(Pair::alive == 1);
  }
  CHECK(Pair::alive == 0);
}
