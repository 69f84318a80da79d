#include "proxy/access/kubernetes/local_copy.h"

#include "tests/proxy/access/store/store_words.h"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace postern::proxy;
using namespace postern::proxy::access;
using namespace postern::proxy::access::testing;

namespace {

using Texts = std::vector<std::string>;

const Sealer kSealer(MasterKey(MasterKey::Bytes{9}));
constexpr std::size_t kRole = 0;
constexpr std::size_t kUser = 1;

struct Fixture {
  explicit Fixture(HistoryLimits limits = {})
      : copy({{"role", "roles", "Role"}, {"user", "users", "User"}}, kSealer, limits,
             [this](const Refusal& refusal) {
               refusals.push_back(refusal.object_name + ": " + refusal.why);
             }) {
    wake = copy.subscribe([this] { ++woken; });
  }
  void begin() {
    copy.replace(kRole, {}, 10);
    copy.replace(kUser, {}, 10);
  }
  Texts changes(Version from = 0) const { return told(copy.changes_since(from, 0)->changes); }

  Texts refusals;
  int woken = 0;
  LocalCopy copy;
  Subscription wake;
};

CustomResource resource(const std::string& kind, const std::string& name, const std::string& data,
                        Version version, std::uint64_t generation = 2, bool removed = false) {
  CustomResource made;
  made.object_name = object_name_of(name);
  made.uid = "uid-" + name;
  made.generation = generation;
  made.version = version;
  made.name = name;
  made.data = data;
  made.removed = removed;
  made.seal = kSealer.seal(made.state(kind));
  return made;
}

}  // namespace

TEST_CASE("what is listed first is no history; what comes later is") {
  Fixture f;
  CHECK_FALSE(f.copy.complete());
  f.copy.replace(kRole, {resource("role", "a", "1", 5)}, 10);
  CHECK_FALSE(f.copy.complete());
  f.copy.replace(kUser, {}, 12);
  CHECK(f.copy.complete());
  CHECK(f.copy.get("role", "a")->version == 5);
  CHECK(f.changes().empty());
  CHECK(f.woken == 0);
  CHECK(f.copy.progress("role").reached == 10);
  CHECK(f.copy.progress("role").whole_after == 10);

  f.copy.take(kUser, resource("user", "u", "x", 20));
  f.copy.take(kRole, resource("role", "a", "2", 15, 3));
  f.copy.take(kRole, resource("role", "a", "", 21, 4, true));
  CHECK(f.changes() == Texts{"added user/u@20=x", "modified role/a@15=2", "removed role/a@21=2"});
  CHECK(f.woken == 3);
  CHECK(f.copy.number() == 3);
  CHECK(f.changes(2) == Texts{"removed role/a@21=2"});
  CHECK(f.copy.progress("role").reached == 21);
  CHECK(f.copy.progress("user").reached == 20);
  // The deletion behind the removal is no change of its own.
  f.copy.take_removal(kRole, resource("role", "a", "", 22, 4, true));
  CHECK(f.copy.number() == 3);
  CHECK(f.refusals.empty());
}

TEST_CASE("an object that is changed past postern is gone, and told of once") {
  Fixture f;
  f.begin();
  f.copy.take(kRole, resource("role", "a", "1", 11));
  CustomResource forged = resource("role", "a", "1", 12, 3);
  forged.data = "all";
  f.copy.take(kRole, forged);
  CHECK(f.copy.get("role", "a").error().code == 404);
  CHECK(f.changes() == Texts{"added role/a@11=1", "removed role/a@12=1"});
  CHECK(f.refusals == Texts{"a: its seal is not of this object in this state"});
  // A condition that is written to it changes neither.
  forged.version = 13;
  f.copy.take(kRole, forged);
  CHECK(f.refusals.size() == 1);
  // What was there, put back: the API server counts on.
  CustomResource old = resource("role", "a", "1", 14, 2);
  old.generation = 4;
  f.copy.take(kRole, old);
  CHECK(f.copy.get("role", "a").error().code == 404);
  CHECK(f.refusals.size() == 2);
  // postern itself writes over it.
  f.copy.take(kRole, resource("role", "a", "2", 15, 5));
  CHECK(f.copy.get("role", "a")->data == "2");
}

TEST_CASE("a copy under another name does not exist; a deletion past postern is told of") {
  Fixture f;
  f.begin();
  CustomResource copied = resource("role", "a", "1", 11);
  copied.object_name = "b";
  f.copy.take(kRole, copied);
  CHECK(f.copy.list("role", {}, 0)->objects.empty());
  CHECK(f.refusals == Texts{"b: it is a copy of another one"});
  f.copy.take(kRole, resource("role", "a", "1", 12));
  f.copy.take_removal(kRole, resource("role", "a", "1", 13));
  CHECK(f.changes() == Texts{"added role/a@12=1", "removed role/a@13=1"});
  CHECK(f.refusals.back() == "a: somebody deleted it past postern");
}

TEST_CASE("an unfinished object is not there and nobody's fault, but is left over") {
  Fixture f;
  f.begin();
  CustomResource blank = resource("role", "a", "", 11, 1);
  blank.seal.clear();
  f.copy.take(kRole, blank);
  CHECK(f.copy.get("role", "a").error().code == 404);
  CHECK(f.refusals.empty());
  CHECK(f.copy.leftovers(kRole).size() == 1);
  f.copy.take(kRole, resource("role", "a", "1", 12));
  CHECK(f.copy.leftovers(kRole).empty());
  CHECK(f.changes() == Texts{"added role/a@12=1"});
}

TEST_CASE("events that a list has overtaken are skipped") {
  Fixture f;
  f.begin();
  f.copy.take(kRole, resource("role", "a", "1", 11));
  f.copy.replace(kRole, {resource("role", "a", "3", 14, 4)}, 15);
  f.copy.take(kRole, resource("role", "a", "2", 12, 3));
  f.copy.take(kRole, resource("role", "b", "x", 13));  // gone again before the list
  CHECK(f.changes() == Texts{"added role/a@11=1", "modified role/a@14=3"});
  CHECK(f.copy.progress("role").reached == 15);
  f.copy.take_bookmark(kRole, 30);
  CHECK(f.copy.progress("role").reached == 30);
  f.copy.take_bookmark(kRole, 20);
  CHECK(f.copy.progress("role").reached == 30);
}

TEST_CASE("after a gap: what is gone first, and watches begin anew") {
  Fixture f;
  f.begin();
  f.copy.take(kRole, resource("role", "a", "1", 11));
  f.copy.take(kRole, resource("role", "b", "1", 12));
  f.copy.take(kRole, resource("role", "c", "1", 13));
  f.copy.replace(kRole,
                 {resource("role", "d", "1", 40), resource("role", "b", "2", 30, 3),
                  resource("role", "c", "1", 13)},
                 50);
  CHECK(f.changes(3) == Texts{"removed role/a@13=1", "modified role/b@30=2", "added role/d@40=1"});
  CHECK(f.copy.progress("role").reached == 50);
  // Whoever had seen everything up to 13 has not seen that a went.
  CHECK(f.copy.progress("role").whole_after == 14);
  CHECK(f.refusals.empty());
}

TEST_CASE("a list beside a watch that was faster is nothing new; after a restore of etcd it is") {
  Fixture f;
  f.begin();
  f.copy.take(kRole, resource("role", "a", "1", 11));
  f.copy.take(kRole, resource("role", "b", "1", 12));
  f.copy.replace(kRole, {resource("role", "a", "1", 11)}, 11, false);
  CHECK(f.copy.get("role", "b"));
  f.copy.replace(kRole, {resource("role", "a", "1", 11)}, 11);
  CHECK(f.copy.get("role", "b").error().code == 404);
  CHECK(f.copy.progress("role").reached == 11);
}

TEST_CASE("so many changes are remembered") {
  Fixture f(HistoryLimits{2, 1 << 20});
  f.begin();
  for (Version version = 11; version <= 15; ++version) {
    f.copy.take(kRole, resource("role", "r" + std::to_string(version), "", version));
  }
  CHECK(f.copy.changes_since(2, 0).error().code == 410);
  CHECK(f.changes(3).size() == 2);
  CHECK(f.copy.changes_since(6, 0).error().code == 410);
  const Changes page = f.copy.changes_since(3, 1).value();
  CHECK(page.more);
  CHECK(page.version == 4);
}
