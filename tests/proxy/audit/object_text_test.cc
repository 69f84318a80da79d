#include "proxy/audit/object_text.h"

#include <doctest/doctest.h>

namespace postern::proxy::audit {
namespace {

TEST_CASE("objects become one line, managed fields left out where so wanted") {
  const std::string body =
      "{\n \"metadata\": {\"name\": \"a\", \"managedFields\": [1]},\n \"b\": 1}";
  CHECK(object_text(body, true) == R"({"metadata":{"name":"a"},"b":1})");
  CHECK(object_text(body, false) == R"({"metadata":{"name":"a","managedFields":[1]},"b":1})");
  CHECK(object_text(R"({"items":[{"metadata":{"managedFields":[]}},1]})", true) ==
        R"({"items":[{"metadata":{}},1]})");
  CHECK(object_text("{\"a\":\"\xE2\x80\xAE\\n\"}", true) == R"({"a":"\u202e\n"})");
}

TEST_CASE("what is no object, too large or too deep is left out") {
  CHECK(!object_text("", false));
  CHECK(!object_text("[1]", false));
  CHECK(!object_text("{", false));
  CHECK(!object_text("a: b", false));
  CHECK(!object_text("{\"a\":\"" + std::string(kMaxObjectBytes, 'a') + "\"}", false));
  CHECK(!object_text("{\"a\":" + std::string(20'000, '[') + std::string(20'000, ']') + "}", false));
  CHECK(object_text("{\"a\":" + std::string(50, '[') + std::string(50, ']') + "}", false));
}

TEST_CASE("an object with more members than anything has is left out before it costs much") {
  const auto members = [](int count) {
    std::string text = "{\"k0\":0";
    for (int i = 1; i < count; ++i) text += ",\"k" + std::to_string(i) + "\":0";
    return text + "}";
  };
  CHECK(object_text(members(1000), false) == members(1000));
  CHECK(!object_text(members(1001), false));
  const std::string two = "{\"a\":" + members(999) + ",\"b\":{\"c\":" + members(999) + "}}";
  CHECK(object_text(two, false) == two);
  CHECK(!object_text("{\"a\":[{\"b\":" + members(1001) + "}]}", false));
}

TEST_CASE("bodies that are never shown") {
  CHECK(!may_show_objects("", "secrets", ""));
  CHECK(!may_show_objects("", "configmaps", ""));
  CHECK(!may_show_objects("", "serviceaccounts", "token"));
  CHECK(!may_show_objects("authentication.k8s.io", "tokenreviews", ""));
  CHECK(!may_show_objects("access.postern.dev", "sessions", ""));
  CHECK(!may_show_objects("access.postern.dev", "accessusers", "invite"));
  CHECK(may_show_objects("", "serviceaccounts", ""));
  CHECK(may_show_objects("", "pods", ""));
  CHECK(may_show_objects("access.postern.dev", "accessrequests", "reviews"));
}

}  // namespace
}  // namespace postern::proxy::audit
