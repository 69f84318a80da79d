#include "proxy/access/kubernetes/seal.h"

#include <doctest/doctest.h>
#include <set>
#include <string>
#include <vector>

using namespace postern::proxy;
using namespace postern::proxy::access;

namespace {

const Sealer kSealer(MasterKey(MasterKey::Bytes{1, 2, 3}));

SealedState state() {
  return {"accessrequest", "r1", "uid-1", 2, false, "n1", R"({"state":"APPROVED"})"};
}

}  // namespace

TEST_CASE("a seal fits the state that it was made for") {
  const std::string seal = kSealer.seal(state());
  CHECK(seal.size() == 43);
  CHECK(kSealer.fits(state(), seal));
  CHECK(kSealer.seal(state()) == seal);
}

TEST_CASE("a seal fits no other kind, name, object, generation, removal or data") {
  const std::string seal = kSealer.seal(state());
  std::vector<SealedState> others(7, state());
  others[0].kind = "accessrole";
  others[1].name = "r2";
  others[2].uid = "uid-2";
  others[3].generation = 3;
  others[4].removed = true;
  others[6].nonce = "n2";
  others[5].data = R"({"state":"REVOKED"})";
  std::set<std::string> seals{seal};
  for (const SealedState& other : others) {
    CHECK_FALSE(kSealer.fits(other, seal));
    seals.insert(kSealer.seal(other));
  }
  CHECK(seals.size() == 8);
}

TEST_CASE("fields cannot be shifted into each other") {
  SealedState one = state();
  one.kind = "ab";
  one.name = "c";
  SealedState other = state();
  other.kind = "a";
  other.name = "bc";
  CHECK(kSealer.seal(one) != kSealer.seal(other));
}

TEST_CASE("another key, a cut seal and none do not fit") {
  const std::string seal = kSealer.seal(state());
  const Sealer other(MasterKey(MasterKey::Bytes{1, 2, 4}));
  CHECK_FALSE(other.fits(state(), seal));
  CHECK_FALSE(kSealer.fits(state(), seal.substr(0, 42)));
  CHECK_FALSE(kSealer.fits(state(), seal + "A"));
  CHECK_FALSE(kSealer.fits(state(), ""));
}
