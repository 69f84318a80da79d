#include "cli/output/json_text.h"
#include "cli/output/text_table.h"
#include "cli/output/times.h"
#include "cli/output/yaml.h"

#include <doctest/doctest.h>
#include <sstream>

namespace postern::cli {
namespace {

using std::chrono::seconds;

Json only_document(const std::string& text) {
  const auto documents = read_yaml(text, "f.yaml");
  REQUIRE_MESSAGE(documents, documents.error().message);
  REQUIRE(documents->size() == 1);
  return documents->front();
}

std::string refusal(const std::string& text) {
  const auto documents = read_yaml(text, "f.yaml");
  return documents ? "accepted" : documents.error().message;
}

TEST_CASE("tables: columns as wide as their cells, nothing that a terminal acts on") {
  const TextTable table{{"NAME", "STATE"}, {{"a", "x"}, {"größer", "y\x1b[31m"}, {"\u202e", "z"}}};
  std::ostringstream out;
  table.print(out);
  CHECK(out.str() ==
        "NAME     STATE\n"
        "a        x\n"
        "größer   y\\x1b[31m\n"
        "\\u202e   z\n");
  std::ostringstream rows;
  table.print(rows, false);
  CHECK(rows.str().starts_with("a "));
}

TEST_CASE("tables of the server: columns by priority, cells of any type") {
  const Json answer = Json::parse(R"({"kind":"Table",
    "columnDefinitions":[{"name":"Name","priority":0},{"name":"Reason","priority":1},{"name":"Ready"}],
    "rows":[{"cells":["a","why",true]},{"cells":["b",null]}]})");
  const TextTable narrow = text_table(answer, false);
  CHECK(narrow.headers == std::vector<std::string>{"NAME", "READY"});
  CHECK(narrow.rows[0] == std::vector<std::string>{"a", "true"});
  CHECK(narrow.rows[1] == std::vector<std::string>{"b", "<none>"});
  CHECK(text_table(answer, true).rows[0] == std::vector<std::string>{"a", "why", "true"});
}

TEST_CASE("JSON: control and bidirectional characters are escaped, and mean the same") {
  const Json value{{"a", "x\u202ey\u009b"}, {"b", "ü \U000E0041"}};
  const std::string text = json_text(value);
  CHECK(text.find("x\\u202ey\\u009b") != std::string::npos);
  CHECK(text.find("ü \\udb40\\udc41") != std::string::npos);
  CHECK(Json::parse(text) == value);
  CHECK(Json::parse(compact_json(value)) == value);
}

TEST_CASE("YAML: what is written is read again") {
  for (
      const char* const text : {
          R"({"a":{"b":[1,2.5,true,null,"x"],"c":[]},"d":{}})",
          R"(["true","null","~","1","1.0","0x1f","1e3","yes","no","2026-01-02","12:30","-","- a"])",
          R"({"with space":"a: b","#":"# c","*":"*","k":"'q' \"d\" \\","e":"","s":" lead","t":"trail "})",
          R"({"many":"one\ntwo\n","more":"one\n  two","bad":"x\ty\nz","end":"a\n\n","u":"\u202e"})",
          R"([[1,[2]],[{"a":1,"b":[{"c":2}]}]])",
          R"("plain")",
          R"(["@x","%y","`z","!t","&u","{v","|w",">"])",
          R"({"007":"007","n":-3,"0":".5"})",
      }) {
    CAPTURE(text);
    const Json value = Json::parse(text);
    CAPTURE(yaml_text(value));
    CHECK(only_document(yaml_text(value)) == value);
  }
  CHECK(yaml_text(Json::parse(R"({"a":["x",{"b":1,"c":[2]}]})")) ==
        "a:\n- x\n- b: 1\n  c:\n  - 2\n");
}

TEST_CASE("YAML: types of the core schema; large numbers and names keep their digits") {
  CHECK(only_document(
            "{a: 1, b: 1.5, c: true, d: ~, e: no, f: '1', g: 007, h: 99999999999999999999}") ==
        Json::parse(R"({"a":1,"b":1.5,"c":true,"d":null,"e":"no","f":"1","g":"007",)"
                    R"("h":"99999999999999999999"})"));
  CHECK(read_yaml("---\na: 1\n---\n---\nb: 2\n", "f")->size() == 2);
}

TEST_CASE("YAML: what is ambiguous is refused, with its line") {
  CHECK(refusal("a: 1\nb: 2\na: 3\n") == "f.yaml:3: the key \"a\" comes twice");
  CHECK(refusal("? [x]\n: 1\n").starts_with("f.yaml:1: a key must be a text"));
  CHECK(refusal("a: !!binary aGk=\n").find("tag") != std::string::npos);
  CHECK(refusal("a: [1\n").starts_with("f.yaml:"));
  CHECK(refusal("a: \"\xff\"\n") != "accepted");
}

TEST_CASE("durations") {
  const struct {
    const char* text;
    long milliseconds;
  } good[] = {{"0", 0},
              {"30s", 30'000},
              {"1h30m", 5'400'000},
              {"2d", 172'800'000},
              {"0.5h", 1'800'000},
              {"250ms", 250}};
  for (const auto& row : good) {
    CAPTURE(row.text);
    REQUIRE(parse_duration(row.text, "--x"));
    CHECK(parse_duration(row.text, "--x")->count() == row.milliseconds);
  }
  for (const char* const text : {"", "5", "h", "-1h", "1 h", "1w", "1hh", "99999999999999d"}) {
    CAPTURE(text);
    const auto parsed = parse_duration(text, "--ttl");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().exit_code == kUsage);
    CHECK(parsed.error().message.starts_with("--ttl: "));
  }
  CHECK(wire_duration("2d", "--x") == "172800s");
  CHECK(wire_duration("1h30m", "--x") == "1h30m");
  CHECK(wire_duration("", "--x") == "");
}

TEST_CASE("times") {
  const auto time = parse_time("2026-01-31T09:00:00Z");
  REQUIRE(time);
  CHECK(time_text(*time) == "2026-01-31T09:00:00Z");
  CHECK(parse_time("2026-01-31T10:00:00+01:00") == time);
  CHECK(parse_time("2026-01-31T08:08:09.5-00:30") == parse_time("2026-01-31T08:38:09Z"));
  for (const char* const text : {"", "2026-01-31", "2026-13-01T00:00:00Z", "2026-01-31T25:00:00Z",
                                 "2026-01-31T09:00:00", "x2026-01-31T09:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text));
  }
  CHECK(rough_duration(seconds(0)) == "0s");
  CHECK(rough_duration(seconds(59)) == "59s");
  CHECK(rough_duration(seconds(3600)) == "1h");
  CHECK(rough_duration(seconds(3 * 86400 + 4 * 3600 + 5)) == "3d4h");
  CHECK(time_with_distance("2026-01-31T09:00:00Z", *time - seconds(90)) ==
        "2026-01-31T09:00:00Z (in 1m30s)");
  CHECK(time_with_distance("2026-01-31T09:00:00Z", *time + seconds(5)) ==
        "2026-01-31T09:00:00Z (5s ago)");
  CHECK(time_with_distance("2026-01-31T09:00:00Z", *time) == "2026-01-31T09:00:00Z (now)");
  CHECK(time_with_distance("soon", *time) == "soon");
}

}  // namespace
}  // namespace postern::cli
