#include "proxy/access/kubernetes/custom_resource.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

using namespace postern::proxy;
using namespace postern::proxy::access;
using nlohmann::json;

namespace {

const Sealer kSealer(MasterKey(MasterKey::Bytes{7}));
const ResourceKind kRoles{"accessrole", "accessroles", "AccessRole"};

CustomResource sealed(const std::string& name, const std::string& data) {
  CustomResource resource;
  resource.object_name = object_name_of(name);
  resource.uid = "u1";
  resource.generation = 2;
  resource.version = 77;
  resource.name = name;
  resource.data = data;
  resource.nonce = "n";
  resource.seal = kSealer.seal(resource.state(kRoles.kind));
  return resource;
}

/// As an API server gives back what it was sent.
json kept(const CustomResource& resource, const Summary& summary = {}) {
  json object = json::parse(write_custom_resource(kRoles, "postern", resource, summary));
  object["metadata"]["generation"] = resource.generation;
  return object;
}

}  // namespace

TEST_CASE("names that are DNS subdomains stay, all others are hashed") {
  for (const std::string name : {"a", "alice", "dev-pods", "a.b-c.d", "0", "x1y2z3a4b5"}) {
    CHECK(object_name_of(name) == name);
  }
  std::set<std::string> hashed;
  const std::vector<std::string> others = {"",
                                           "Alice",
                                           "alice@example.com",
                                           "a_b",
                                           "-a",
                                           "a-",
                                           "a.",
                                           ".a",
                                           "a..b",
                                           "a-.b",
                                           "a.-b",
                                           "a/b",
                                           "\xff\xfe",
                                           "a b",
                                           "\xc3\xa4",
                                           std::string(201, 'a'),
                                           std::string(1024, 'a')};
  for (const std::string& name : others) {
    const std::string object_name = object_name_of(name);
    CHECK(object_name.size() == 66);
    CHECK(object_name.starts_with("h-"));
    hashed.insert(object_name);
  }
  CHECK(hashed.size() == others.size());
  // A name that looks like a hash is hashed itself: nobody takes another's place.
  const std::string taken = object_name_of("alice@example.com");
  CHECK(object_name_of(taken) != taken);
}

TEST_CASE("an object comes back as it was sent, whatever its bytes") {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
  for (const std::string& data : {std::string(R"({"a":"ä"})"), std::string(), every_byte}) {
    for (const std::string name : {"dev", "alice@example.com", "\xff"}) {
      const auto read = read_custom_resource(kept(sealed(name, data)));
      REQUIRE(read);
      CHECK(read->name == name);
      CHECK(read->data == data);
      CHECK(read->version == 77);
      CHECK(judge(kSealer, kRoles.kind, *read) == Verdict::kPresent);
    }
  }
}

TEST_CASE("what is not of postern's making is told") {
  const json good = kept(sealed("dev", "{}"));
  const auto verdict_of = [](json object) {
    const auto read = read_custom_resource(object);
    REQUIRE(read);
    return judge(kSealer, kRoles.kind, *read);
  };
  const auto changed = [&](auto change) {
    json object = good;
    change(object);
    return verdict_of(std::move(object));
  };
  CHECK(verdict_of(good) == Verdict::kPresent);
  CHECK(changed([](json& o) { o["spec"]["data"] = "{ }"; }) == Verdict::kForged);
  CHECK(changed([](json& o) { o["spec"]["name"] = "prod"; }) == Verdict::kForged);
  CHECK(changed([](json& o) { o["spec"]["removed"] = true; }) == Verdict::kForged);
  CHECK(changed([](json& o) { o["spec"]["nonce"] = "m"; }) == Verdict::kForged);
  CHECK(changed([](json& o) { o["spec"].erase("seal"); }) == Verdict::kForged);
  CHECK(changed([](json& o) { o["spec"] = "text"; }) == Verdict::kForged);
  // The copy under another name, the one that was made anew, and the old state that was put back.
  CHECK(changed([](json& o) { o["metadata"]["name"] = "copy"; }) == Verdict::kForged);
  CHECK(changed([](json& o) { o["metadata"]["uid"] = "u2"; }) == Verdict::kForged);
  CHECK(changed([](json& o) { o["metadata"]["generation"] = 4; }) == Verdict::kForged);
  // What people are shown is not what counts, nor are labels.
  CHECK(changed([](json& o) {
          o["spec"]["summary"] = {{"state", "APPROVED"}};
        }) == Verdict::kPresent);
  CHECK(changed([](json& o) { o["metadata"]["labels"] = {{"a", "b"}}; }) == Verdict::kPresent);
  CHECK(judge(kSealer, "accessuser", *read_custom_resource(good)) == Verdict::kForged);
}

TEST_CASE("a removal is a state of its own, and an empty beginning is nobody's fault") {
  CustomResource removed = sealed("dev", "");
  removed.removed = true;
  CHECK(judge(kSealer, kRoles.kind, *read_custom_resource(kept(removed))) == Verdict::kForged);
  removed.seal = kSealer.seal(removed.state(kRoles.kind));
  CHECK(judge(kSealer, kRoles.kind, *read_custom_resource(kept(removed))) == Verdict::kRemoved);

  CustomResource blank;
  blank.object_name = "dev";
  blank.name = "dev";
  json object = json::parse(write_custom_resource(kRoles, "postern", blank, {}));
  CHECK(object["spec"] == json{{"name", "dev"}});
  CHECK_FALSE(object["metadata"].contains("resourceVersion"));
  object["metadata"]["uid"] = "u1";
  object["metadata"]["resourceVersion"] = "5";
  object["metadata"]["generation"] = 1;
  CHECK(judge(kSealer, kRoles.kind, *read_custom_resource(object)) == Verdict::kUnfinished);
  object["metadata"]["generation"] = 2;
  CHECK(judge(kSealer, kRoles.kind, *read_custom_resource(object)) == Verdict::kForged);
}

TEST_CASE("what is no object is not read") {
  CHECK_FALSE(read_custom_resource(json::array()));
  CHECK_FALSE(read_custom_resource(json::object()));
  json object = kept(sealed("dev", "{}"));
  object["metadata"]["resourceVersion"] = "x";
  CHECK_FALSE(read_custom_resource(object));
  object["metadata"]["resourceVersion"] = 7;
  CHECK_FALSE(read_custom_resource(object));
}
