#include "tests/kube/filter/list_bodies.h"

#include <doctest/doctest.h>
#include <string>
#include <string_view>

namespace postern::kube::filter::testing {

TEST_CASE("E107: escaped keys and names are decoded before they count") {
  const std::string escaped =
      R"({"meta\u0064ata":{"n\u0061me":"nginx\u002d1","namespace":"d\u0065v"}})";
  CHECK(list(pod_list(escaped)).out == pod_list(escaped));
  const std::string disguised = R"({"meta\u0064ata":{"name":"db-0","namespace":"dev"}})";
  CHECK(list(pod_list(disguised)).out == pod_list(""));
  std::string name;
  const auto spy = [&name](const Item& item) {
    name = item.name;
    return true;
  };
  run(make_json_list_filter, {}, spy,
      pod_list(R"({"metadata":{"name":"a\u003cb\u0026\ud83d\ude00é"}})"));
  CHECK(name == "a<b&\U0001F600é");
}

TEST_CASE("E108: what is ambiguous is refused") {
  const auto error = [](const std::string& item) { return list(pod_list(item)).error; };
  CHECK(error(R"({"metadata":{"name":"nginx-1","namespace":"dev"},"metadata":{"name":"db-0"}})") ==
        "duplicate metadata key");
  CHECK(
      error(
          R"({"metadata":{"name":"nginx-1","namespace":"dev"},"meta\u0064ata":{"name":"db-0"}})") ==
      "duplicate metadata key");
  CHECK(error(R"({"metadata":{"name":"nginx-1","name":"db-0","namespace":"dev"}})") ==
        "duplicate name key");
  CHECK(error(R"({"metadata":{"name":"nginx-1","namespace":"dev","uid":"u","name":"db-0"}})") ==
        "duplicate name key");
  CHECK(error(R"({"metadata":{"name":"nginx-1","namespace":"dev","namespace":"prod"}})") ==
        "duplicate namespace key");
  CHECK(error(R"({"metadata":{"name":5}})") == "a value has the wrong type");
  CHECK(error(R"({"metadata":{"name":["nginx-1"]}})") == "a value has the wrong type");
  CHECK(error(R"({"metadata":[]})") == "a value has the wrong type");
  CHECK(error(R"({"metadata":"x"})") == "a value has the wrong type");
  CHECK(error(R"("nginx-1")") == "a value has the wrong type");
  CHECK(error(R"({"metadata":{"name":"\ud800"}})") == "a name cannot be decoded");
  CHECK(error(R"({"metadata":{"name":"\udc00\ud800"}})") == "a name cannot be decoded");
  CHECK(error(R"({"metadata":{"name":"\x"}})") == "a name cannot be decoded");
  CHECK(error("{\"metadata\":{\"name\":\"nginx\xff\"}}") == "a name cannot be decoded");
  CHECK(error("{\"metadata\":{\"name\":\"nginx\xed\xa0\x80\"}}") == "a name cannot be decoded");
  CHECK(error("{\"metadata\":{\"name\":\"nginx\n\"}}") == "a name cannot be decoded");
  CHECK(error(R"({"metadata":{"name":")" + std::string(5000, 'n') + R"("}})") ==
        "a key or text is too long");
  CHECK(error(R"({"meta\q":1})") == "a key cannot be decoded");
  CHECK(list(table(R"({"object":{"metadata":{"name":"nginx-1","namespace":"dev"}},"object":{}})"))
            .error == "duplicate object key in a row");
}

TEST_CASE("what is no list is refused") {
  CHECK(list(R"({"kind":"Status","apiVersion":"v1","metadata":{}})").error ==
        "the kind is no list's");
  CHECK(list(R"({"kind":"Pod","metadata":{"name":"db-0"}})").error == "the kind is no list's");
  CHECK(list(R"({"kind":null,"items":[]})").error == "the kind is no list's");
  CHECK(list(R"({"kind":["PodList"],"items":[]})").error == "the kind cannot be read");
  CHECK(list(R"({"items":[]})").error == "the list has no kind");
  CHECK(list(R"({"kind":"PodList"})").error == "the list has no items");
  CHECK(list(R"({"kind":"PodList","rows":[]})").error == "neither a list nor a table");
  CHECK(list(R"({"kind":"Table","items":[]})").error == "neither a list nor a table");
  CHECK(list(R"({"items":[],"kind":"Table"})").error == "neither a list nor a table");
  CHECK(list(R"({"kind":"PodList","columnDefinitions":[],"items":[]})").error ==
        "neither a list nor a table");
  CHECK(list(R"({"kind":"PodList","items":[],"items":[]})").error == "items or rows twice");
  CHECK(list(R"({"kind":"PodList","items":[],"rows":[]})").error == "items or rows twice");
  CHECK(list(R"({"kind":"PodList","kind":"PodList","items":[]})").error ==
        "duplicate key in the list");
  CHECK(list(R"({"metadata":{},"metadata":{},"kind":"PodList","items":[]})").error ==
        "duplicate key in the list");
  CHECK(list(R"({"kind":"PodList","items":{}})").error == "a value has the wrong type");
  CHECK(list(R"({"kind":"PodList","items":"x"})").error == "a value has the wrong type");
}

TEST_CASE("E104: what ends early or goes on is refused") {
  const auto body = pod_list(pod("nginx-1") + "," + pod("db-0"));
  for (std::size_t size = 0; size + 2 <= body.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(run(make_json_list_filter, {}, nginx_in_dev, body.substr(0, size)).ok());
  }
  CHECK(list("").error == "the body is empty");
  CHECK(list(" \n").error == "the body is empty");
  CHECK(list(body + "{}").error == "data after the list");
  CHECK(list(body + "x").error == "not a JSON object");
  CHECK(list("\xEF\xBB\xBF" + body).error == "not a JSON object");
  CHECK(list("[]").error == "not a JSON object");
  CHECK(list("null").error == "not a JSON object");
}

TEST_CASE("broken JSON at the levels that are read is refused") {
  const auto error = [](const std::string& body) { return list(body).error; };
  CHECK(error(R"({"kind" "PodList"})") == "no colon after a key");
  CHECK(error(R"({"kind":"PodList" "items":[]})") == "no comma after a value");
  CHECK(error(R"({"kind":"PodList","items":[],})") == "no key where one must be");
  CHECK(error(R"({"kind":"PodList","items":[{}{}]})") == "no comma after a value");
  CHECK(error(R"({"kind":"PodList","items":[{},]})") == "a value has the wrong type");
  CHECK(error(R"({"kind":"PodList","items":[}})") == "a value has the wrong type");
  CHECK(error(R"({"kind":"PodList","x":tru,"items":[]})") == "not a JSON value");
  CHECK(error(R"({"kind":"PodList","x":01,"items":[]})") == "not a JSON value");
  CHECK(error(R"({"kind":"PodList","x":[},"items":[]})") == "brackets do not match");
  CHECK(error(R"({"kind":"PodList","x":[\"],"items":[]})") == "backslash outside of a string");
  CHECK(error(R"({"kind":"PodList","x":)" + std::string(20000, '[')) == "nested too deeply");
  CHECK(error(R"({"kind":"PodList","x":)" + std::string(10000, '[') + std::string(10000, ']') +
              R"(,"items":[]})") == "");
}

TEST_CASE("after an error the filter is dead") {
  FunctionPredicate predicate(nginx_in_dev);
  const auto filter = make_json_list_filter({}, predicate);
  std::string out;
  CHECK_FALSE(filter->feed("x", out));
  const auto again = filter->feed(pod_list(""), out);
  REQUIRE_FALSE(again);
  CHECK(again.error().reason == std::string("not a JSON object"));
  CHECK_FALSE(filter->finish(out));
  CHECK(out == "");
}

}  // namespace postern::kube::filter::testing
