#include "cli/connect.h"
#include "cli/login/invite_link.h"
#include "cli/objects/object_kinds.h"
#include "cli/profile/profile_store.h"
#include "cli/requests/search_command.h"
#include "tests/proxy/temporary_directory.h"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace postern::cli {
namespace {

const std::string kPin = "sha256:" + std::string(64, 'a');

TEST_CASE("proxies") {
  CHECK(parse_proxy("Proxy.Example.com") == "proxy.example.com:8443");
  CHECK(parse_proxy("https://p:443/") == "p:443");
  CHECK(parse_proxy("[::1]:8443") == "[::1]:8443");
  CHECK(parse_proxy("[::1]") == "[::1]:8443");
  for (const char* const text :
       {"", ":1", "a:0", "a:70000", "a:x", "http://a", "a/b", "a b", "-a", "../x"}) {
    CAPTURE(text);
    CHECK(parse_proxy(text).error().exit_code == kUsage);
  }
}

TEST_CASE("pins") {
  CHECK(parse_pin("SHA256:" + std::string(64, 'A')) == kPin);
  for (const std::string& text :
       {std::string(), std::string(64, 'a'), kPin + "a", "sha1:" + std::string(64, 'a'),
        "sha256:" + std::string(64, 'g')}) {
    CAPTURE(text);
    CHECK(parse_pin(text).error().exit_code == kUsage);
  }
}

TEST_CASE("invite links need no quoting, and are read again") {
  const InviteLink link{"alice@example.com", "p:8443", "pin_x/y", kPin};
  const std::string text = link.str();
  CHECK(text == "postern://alice%40example.com@p:8443/invite/pin_x%2Fy/" + kPin);
  const auto parsed = parse_invite_link(text);
  REQUIRE(parsed);
  CHECK(parsed->user == link.user);
  CHECK(parsed->proxy == link.proxy);
  CHECK(parsed->token == link.token);
  CHECK(parsed->pin == link.pin);
  CHECK(parse_invite_link("postern://a@p/invite/t")->pin.empty());
  for (const char* const bad :
       {"https://a@p/invite/t", "postern://p/invite/t", "postern://a@p/t", "postern://a@p/invite/",
        "postern://a@p/invite/t/pin", "postern://a@p/invite/t/x/y", "postern://@p/invite/t",
        "postern://a@p/invite/%zz"}) {
    CAPTURE(bad);
    CHECK(parse_invite_link(bad).error().exit_code == kUsage);
  }
}

TEST_CASE("profiles: several, for their owner alone") {
  const proxy::testing::TemporaryDirectory directory;
  std::ostringstream sink;
  Surroundings surroundings{sink, sink, directory.path().string(), "", nullptr};
  const ProfileStore store(surroundings);
  CHECK(store.load("").error().http_status == 404);
  CHECK(store.load_all()->empty());
  const Profile first{"a:8443", "PEM", "name", "alice", "s1", "pst_secret", "2026-01-31T09:00:00Z"};
  Profile second;
  second.proxy = "b:8443";
  REQUIRE(store.save(first));
  REQUIRE(store.save(second));
  REQUIRE(store.set_current("a:8443"));
  const auto loaded = store.load("");
  REQUIRE(loaded);
  CHECK(to_json(*loaded) == to_json(first));
  CHECK_FALSE(store.load("b:8443")->has_session());
  CHECK(store.load("c:8443").error().http_status == 404);
  CHECK(store.load_all()->size() == 2);
  CHECK(*store.request_on_refusal());

  const std::string folder = store.folder();
  struct stat status {};
  REQUIRE(::stat(folder.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    REQUIRE(::stat(file.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  std::ofstream(folder + "/config.json") << R"({"current":"b:8443","requestOnRefusal":false})";
  CHECK(*store.current() == "b:8443");
  CHECK_FALSE(*store.request_on_refusal());

  SUBCASE("what others can read is refused, and nothing of it is told") {
    REQUIRE(::chmod((folder + "/a_8443.proxy.json").c_str(), 0640) == 0);
    const auto refused = store.load("a:8443");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("chmod") != std::string::npos);
    CHECK(refused.error().message.find("pst_") == std::string::npos);
  }
  SUBCASE("a broken file is an error") {
    std::ofstream(folder + "/a_8443.proxy.json") << "{";
    CHECK_FALSE(store.load("a:8443"));
  }
  SUBCASE("one goes") {
    REQUIRE(store.remove("a:8443"));
    CHECK(store.load_all()->size() == 1);
  }
}

TEST_CASE("kinds, by all their names") {
  for (const char* const name :
       {"role", "roles", "AccessRole", "accessroles", "arole", "accessroles.access.postern.dev"}) {
    CAPTURE(name);
    REQUIRE(find_object_kind(name));
    CHECK((*find_object_kind(name))->resource == "accessroles");
  }
  CHECK((*find_object_kind("ar"))->kind == "AccessRequest");
  CHECK((*find_object_kind("kc"))->kind == "KubeCluster");
  CHECK(find_object_kind("pods").error().exit_code == kUsage);
  const auto several = parse_choices({"role/a", "user/b"});
  REQUIRE(several);
  CHECK(several->size() == 2);
  const auto named = parse_choices({"roles", "a", "b"});
  REQUIRE(named);
  CHECK(named->front().names == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(parse_choices({"role/"}));
  CHECK_FALSE(parse_choices({"role/a", "b"}));
}

TEST_CASE("documents of roles become objects and back") {
  const Json document = Json::parse(
      R"({"kind":"role","version":"v7","metadata":{"name":"r","labels":{"a":"b"}},"spec":{"allow":{}}})");
  const auto object = to_api_object(document, "f");
  REQUIRE(object);
  CHECK(text_at(*object, {"kind"}) == "AccessRole");
  CHECK(text_at(*object, {"version"}) == "v7");
  const auto kind = kind_of(*object, "f");
  REQUIRE(kind);
  Json stored = *object;
  stored["metadata"]["uid"] = "u";
  stored["metadata"]["resourceVersion"] = "7";
  CHECK(to_document(stored, **kind) == document);
  CHECK_FALSE(to_api_object(Json::parse(R"({"kind":"Pod","apiVersion":"v1"})"), "f"));
  CHECK_FALSE(kind_of(Json::parse(R"({"kind":"Pod"})"), "f"));
}

TEST_CASE("commands to paste are quoted") {
  CHECK(create_command({"/c/pod/k/dev/a", "/c/pod/k/dev/web-*"}) ==
        "postern request create --resource /c/pod/k/dev/a --resource '/c/pod/k/dev/web-*' --reason "
        "'why "
        "you need it'");
  CHECK(field_equals("spec.user", "a=b,c\\d") == "spec.user=a\\=b\\,c\\\\d");
}

}  // namespace
}  // namespace postern::cli
