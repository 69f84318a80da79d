#include "tests/bench/adversarial.h"

#include "tests/bench/bodies.h"

#include <string_view>
#include <utility>

namespace postern::bench {
namespace {

using Kind = AdversarialShape::Kind;
using Shapes = std::vector<AdversarialShape>;

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

/// Bytes that a member is repeated for, where one value of many members is wanted.
constexpr std::size_t kRun = 8000;

std::string run_of(std::string_view text) {
  return repeated(text, kRun / text.size());
}

/// Items of a few bytes: what a filter does once for each of them counts most.
void add_small_items(Shapes& shapes) {
  const auto add = [&shapes](const char* name, const char* item) {
    shapes.push_back({name, Kind::kList, item});
  };
  add("items: {}", "{}");
  add("items: null", "null");
  add("items: {} and null", "{},null");
  add("items: { } in white space", " { }\n");
  add("items: null in white space", " null\n");
  add("items: an empty key", R"({"":0})");
  add("items: a small member", R"({"a":1})");
  add("items: a small container", R"({"a":{}})");
  add("items: a string of escapes", R"({"a":"\\"})");
  add("items: empty metadata", R"({"metadata":{}})");
  add("items: null metadata", R"({"metadata":null})");
  add("items: metadata without a name", R"({"metadata":{"a":0}})");
  add("items: null for a name", R"({"metadata":{"name":null}})");
  add("items: a short name", R"({"metadata":{"name":"n"}})");
  add("items: a name and namespace", R"({"metadata":{"name":"n1","namespace":"d"}})");
  add("items: the same in white space",
      R"({ "metadata" : { "name" : "n1" , "namespace" : "d" } } )");
  shapes.push_back({"events: {}", Kind::kEventList, "{}"});
  shapes.push_back({"events: a short name", Kind::kEventList, R"({"metadata":{"name":"n"}})"});
  shapes.push_back({"events: an empty reference", Kind::kEventList,
                    R"({"metadata":{"name":"n"},"regarding":{}})"});
  shapes.push_back(
      {"events: two references", Kind::kEventList,
       R"({"metadata":{"name":"n"},"regarding":{"name":"a"},"related":{"kind":"b"}})"});
}

void add_rows(Shapes& shapes, Kind kind) {
  const std::string rows = kind == Kind::kReducedTable ? "reduced rows: " : "rows: ";
  const auto add = [&](const char* name, const char* row) {
    shapes.push_back({rows + name, kind, row});
  };
  add("{}", "{}");
  add("null", "null");
  add("empty cells", R"({"cells":[]})");
  add("null for the object", R"({"object":null})");
  add("an empty object", R"({"object":{}})");
  add("empty metadata", R"({"object":{"metadata":{}}})");
  add("a short name", R"({"object":{"metadata":{"name":"n"}}})");
  add("empty cells and a name",
      R"({"cells":["","",0],"object":{"metadata":{"name":"n","namespace":"d"}}})");
}

/// Members that a filter has to step over one by one, since the name may come after each of them.
std::vector<std::pair<const char*, std::string>> small_members() {
  return {
      {"numbers", R"("a":1,)"},
      {"empty keys", R"("":0,)"},
      {"empty keys in white space", "\"\" : 0 , "},
      {"two digits", R"("":10,)"},
      {"negative numbers", R"("":-1,)"},
      {"fractions", R"("":0.5,)"},
      {"words", R"("":true,)"},
      {"empty strings", R"("":"",)"},
      {"escaped strings", R"("":"\n",)"},
      {"strings of 16 bytes", R"("":"0123456789abcdef",)"},
      {"empty containers", R"("":{},)"},
      {"containers with a space", R"("":[ ],)"},
      {"containers of one", R"("":[0],)"},
      {"containers of two", R"("":[[]],)"},
      {"keys of 16 bytes", R"("0123456789abcdef":0,)"},
      {"keys with an escape", R"("\n":0,)"},
      {"escaped keys", R"("\u0061":0,)"},
  };
}

void add_small_members(Shapes& shapes) {
  const auto add = [&](const char* where, const char* what, Kind kind, std::string element) {
    shapes.push_back({std::string(where) + what, kind, std::move(element)});
  };
  for (const auto& [name, member] : small_members()) {
    const std::string many = run_of(member);
    add("in an item: ", name, Kind::kList, "{" + many + R"("metadata":{"name":"n1"}})");
    add("in metadata: ", name, Kind::kList, R"({"metadata":{)" + many + R"("name":"n1"}})");
    add("in a row: ", name, Kind::kTable, "{" + many + R"("object":{"metadata":{"name":"n1"}}})");
    add("in an event: ", name, Kind::kWatch,
        R"({"type":"ADDED","object":{)" + many + R"("kind":"Pod","metadata":{"name":"n1"}}})");
    add("in a table event: ", name, Kind::kWatch,
        R"({"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[{"object":{)" +
            many + R"("metadata":{"name":"n1"}}}]}})");
    add("in a bookmark: ", name, Kind::kWatch,
        R"({"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1",)" + many +
            R"("metadata":{"resourceVersion":"1"}}})");
    add("in an object: ", name, Kind::kObject, many);
  }
}

void add_long_tokens(Shapes& shapes) {
  const auto add = [&shapes](const char* name, const std::string& text) {
    shapes.push_back(
        {name, Kind::kList, R"({"metadata":{"name":")" + text + R"(","namespace":"d"}})"});
  };
  add("names: long", repeated("n", 4000));
  add("names: \\u006e", repeated("\\u006e", 600));
  add("names: \\n", repeated("\\n", 2000));
  add("names: a\\n", repeated("a\\n", 1300));
  add("names: two bytes a letter", repeated("\u00e9", 2000));
  add("names: two bytes every other letter", repeated("a\u00e9", 1300));
  add("names: surrogate pairs", repeated("\\ud83d\\ude00", 300));
  shapes.push_back({"numbers: long", Kind::kList,
                    R"({"spec":)" + repeated("1", 4000) + R"(,"metadata":{"name":"n1"}})"});
  shapes.push_back({"white space in an item", Kind::kList,
                    "{" + repeated("\n  ", 2000) + R"("metadata":{"name":"n1"}})"});
  shapes.push_back({"white space between items", Kind::kList,
                    repeated("\n  ", 2000) + R"({"metadata":{"name":"n1"}})"});
}

/// What is skipped as a whole.
void add_skipped_values(Shapes& shapes) {
  const auto add = [&shapes](const char* name, const std::string& value) {
    shapes.push_back(
        {name, Kind::kList, R"({"metadata":{"name":"n1","namespace":"d"},"spec":)" + value + "}"});
  };
  add("skipped: strings of escapes", "[\"" + repeated("\\\"\\\\", 2000) + "\"]");
  add("skipped: single backslashes", "[\"" + repeated("\\\"xxxxxxx", 800) + "\"]");
  add("skipped: one string of escapes", "\"" + repeated("\\\"", 4000) + "\"");
  add("skipped: empty strings", "[" + repeated("\"\",", 2000) + "0]");
  add("skipped: numbers", "[" + repeated("0,", 3000) + "0]");
  add("skipped: commas", "[" + repeated(",", 6000) + "0]");
  add("skipped: brackets, flat", "[" + repeated("[],", 3000) + "0]");
  add("skipped: brackets, deep", repeated("[", 4000) + repeated("]", 4000));
  add("skipped: brackets, deep and flat in turn", repeated("[[[[]]]],", 800).insert(0, "[") + "0]");
  add("skipped: nearly closed", "[" + repeated("[[]],", 1500) + "0]");
  add("skipped: objects", "[" + repeated("{\"\":{}},", 1000) + "0]");
}

void add_small_events(Shapes& shapes) {
  const auto add = [&shapes](const char* name, const char* event) {
    shapes.push_back({name, Kind::kWatch, event});
  };
  add("watch: an empty object", R"({"type":"ADDED","object":{}})");
  add("watch: the object first", R"({"object":{},"type":"ADDED"})");
  add("watch: null metadata", R"({"type":"ADDED","object":{"metadata":null}})");
  add("watch: a short name", R"({"type":"ADDED","object":{"metadata":{"name":"n"}}})");
  add("watch: a kind and a short name",
      R"({"type":"ADDED","object":{"kind":"","metadata":{"name":"n"}}})");
  add("watch: a table without rows", R"({"type":"ADDED","object":{"kind":"Table"}})");
  add("watch: a table by apiVersion",
      R"({"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/"}})");
  add("watch: a table with a null row",
      R"({"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/","rows":[null]}})");
  add("watch: a table with a short name",
      R"({"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/","rows":[{"object":{"metadata":{"name":"n"}}}]}})");
  add("watch: bookmarks",
      R"({"type":"BOOKMARK","object":{"kind":"","apiVersion":"","metadata":{"resourceVersion":""}}})");
  add("watch: bookmarks of a table",
      R"({"type":"BOOKMARK","object":{"kind":"Table","apiVersion":"meta.k8s.io/","metadata":{"resourceVersion":""},"rows":[{"object":{"metadata":{"resourceVersion":""}}}]}})");
  add("watch: errors", R"({"type":"ERROR","object":{"kind":"Status"}})");
}

}  // namespace

std::string AdversarialShape::body(std::size_t bytes) const {
  switch (kind) {
    case Kind::kList:
      return list_of(element, bytes);
    case Kind::kEventList:
      return list_of(element, bytes);
    case Kind::kTable:
    case Kind::kReducedTable:
      return table_of(element, bytes);
    case Kind::kWatch:
      return watch_of(element, bytes);
    case Kind::kObject:
      return object_of(element, bytes);
  }
  return "";
}

std::vector<AdversarialShape> adversarial_shapes() {
  Shapes shapes;
  add_small_items(shapes);
  add_rows(shapes, Kind::kTable);
  add_rows(shapes, Kind::kReducedTable);
  add_small_events(shapes);
  add_small_members(shapes);
  add_long_tokens(shapes);
  add_skipped_values(shapes);
  return shapes;
}

}  // namespace postern::bench
