#include "proxy/session/body_memory.h"

#include <doctest/doctest.h>
#include <memory>
#include <vector>

namespace postern::proxy {
namespace {

constexpr std::size_t kStep = BodyMemory::kStep;

TEST_CASE("small bodies count for nothing") {
  BodyMemory memory({.of_all = 0, .of_one_user = 0});
  BodyHold hold(memory, "alice");
  CHECK(hold.grow_to(BodyMemory::kFree));
  CHECK(memory.used() == 0);
  CHECK_FALSE(hold.grow_to(BodyMemory::kFree + 1));
}

TEST_CASE("a body counts in steps while it grows, and no more when its request is over") {
  BodyMemory memory({.of_all = 4 * kStep, .of_one_user = 4 * kStep});
  {
    BodyHold hold(memory, "alice");
    REQUIRE(hold.grow_to(BodyMemory::kFree + 1));
    CHECK(memory.used() == kStep);
    REQUIRE(hold.grow_to(kStep));
    CHECK(memory.used() == kStep);
    REQUIRE(hold.grow_to(kStep + 1));
    CHECK(memory.used() == 2 * kStep);
    CHECK_FALSE(hold.grow_to(4 * kStep + 1));
    CHECK(memory.used() == 2 * kStep);
  }
  CHECK(memory.used() == 0);
}

TEST_CASE("nobody takes what is there for others") {
  BodyMemory memory({.of_all = 3 * kStep, .of_one_user = 2 * kStep});
  std::vector<std::unique_ptr<BodyHold>> of_alice;
  for (int i = 0; i < 2; ++i) {
    of_alice.push_back(std::make_unique<BodyHold>(memory, "alice"));
    REQUIRE(of_alice.back()->grow_to(kStep));
  }
  BodyHold third(memory, "alice");
  CHECK_FALSE(third.grow_to(kStep));
  BodyHold of_bob(memory, "bob");
  CHECK(of_bob.grow_to(kStep));
  BodyHold of_carol(memory, "carol");
  CHECK_FALSE(of_carol.grow_to(kStep));  // all together
  of_alice.clear();
  CHECK(of_carol.grow_to(kStep));
  CHECK(third.grow_to(kStep));
}

}  // namespace
}  // namespace postern::proxy
