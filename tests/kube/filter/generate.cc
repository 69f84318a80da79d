#include "tests/kube/filter/generate.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace postern::kube::filter::testing {

std::string Generator::pick(std::initializer_list<const char*> choices) {
  return *(choices.begin() + below(choices.size()));
}

std::string Generator::space() {
  if (!pretty_ || one_in(2)) return "";
  return pick({" ", "\n", "\n    ", "\t", "\r\n", "  "});
}

/// A string, one in some written with escapes that need not be.
std::string Generator::quoted(const std::string& text) {
  static constexpr char kHex[] = "0123456789abcdef";
  const bool escape = one_in(40);
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (escape && byte < 0x80 && one_in(3)) {
      out += std::string("\\u00") + kHex[byte >> 4] + kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string Generator::escaped_string() {
  std::string out = "\"";
  for (std::size_t n = below(one_in(10) ? 200 : 12); n > 0; --n) {
    out += pick({"\\\"", "\\\\", "{", "}", "[", "]", ",", ":", "a", "metadata",
                 "\\\"name\\\":\\\"x\\\"", "\\u003c", "\\ud83d\\ude00", "é", "€", "\\n", " ", "\\/",
                 "xxxxxxxxxxxxxxxx"});
  }
  return out + "\"";
}

std::string Generator::number() {
  return pick({"0", "-0", "1.10", "1e400", "18446744073709551615", "1e2", "-12.5E+3", "7"});
}

/// Values that a reader may take in at one look, and some that only seem so.
std::string Generator::short_value() {
  return pick({"\"\\\\\"", "\"\\\"\"", "\"\\\\\\\"\"", "[\"]\"]", "{\"}\":\"{\"}", "[[],[{}]]",
               "{\"a\":[0]}", "[\"\\\"]\"]", "[\"\\\\\"]", "[ ]", "-1", "0.5", "1e5", "-0.0E-0",
               "123456789012345678", "\"012345678901234\"", "\"0123456789abcdef\"",
               "[\"0123456789ab\"]", "[[[[[[[[]]]]]]]]"});
}

std::string Generator::value(int depth) {
  const std::size_t kind = below(depth > 0 ? 9 : 6);
  if (kind < 2) return escaped_string();
  if (kind == 2) return one_in(2) ? number() : short_value();
  if (kind == 3) return pick({"true", "false", "null", "{}", "[]"});
  if (kind < 6) return quoted(std::string(below(one_in(20) ? 300 : 20), 's'));
  if (kind == 6) {
    std::vector<std::string> elements(below(4));
    for (auto& element : elements) element = value(depth - 1);
    return array_of(elements);
  }
  Members members;
  for (std::size_t n = below(5); n > 0; --n) {
    members.push_back(
        {pick({"name", "namespace", "metadata", "items", "f:x", "a", "object"}), value(depth - 1)});
  }
  return object_of(std::move(members));
}

std::string Generator::object_of(Members members) {
  if (one_in(30) && !members.empty()) members.push_back(members[below(members.size())]);
  if (one_in(8)) std::shuffle(members.begin(), members.end(), random_);
  std::string out = "{" + space();
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i != 0) out += "," + space();
    out += quoted(members[i].first) + space() + ":" + space() + members[i].second + space();
  }
  return out + "}";
}

std::string Generator::array_of(const std::vector<std::string>& elements) {
  std::string out = "[" + space();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (i != 0) out += "," + space();
    out += elements[i] + space();
  }
  return out + "]";
}

std::string Generator::name() {
  if (one_in(60))
    return pick({"null", "5", "\"\"", "{}", "\"nginx-\\u003c\"", "\"\\ud83d\\ude00\""});
  return quoted(pick({"nginx-", "nginx-", "db-", "root-"}) + std::to_string(below(20)));
}

std::string Generator::metadata() {
  if (one_in(60)) return pick({"null", "{}", "[]", "\"metadata\""});
  Members members;
  const bool sorted = one_in(3);
  const auto labels = [&] {
    if (one_in(2)) members.push_back({"labels", value(2)});
    if (one_in(3)) members.push_back({"annotations", value(1)});
    if (one_in(2)) members.push_back({"managedFields", value(3)});
  };
  if (sorted) labels();
  if (!one_in(40)) members.push_back({"name", name()});
  if (one_in(4)) members.push_back({"generateName", "\"nginx-\""});
  if (!one_in(4)) members.push_back({"namespace", quoted(pick({"dev", "dev", "prod"}))});
  members.push_back({"uid", "\"5f\""});
  if (!sorted) labels();
  return object_of(std::move(members));
}

std::string Generator::reference() {
  if (one_in(10)) return pick({"null", "{}", "\"x\"", "[]"});
  return object_of(
      {{"kind", "\"Pod\""}, {"namespace", "\"dev\""}, {"name", name()}, {"x", value(1)}});
}

std::string Generator::item(bool with_kind) {
  if (one_in(80)) return pick({"null", "{}", "5", "[]"});
  if (one_in(20)) return pick({"null", "{}", "{ }", "{\"a\":0}", "{\"metadata\":{}}"});
  Members members;
  if (with_kind) members = {{"kind", quoted("Pod")}, {"apiVersion", "\"v1\""}};
  if (!one_in(60)) members.push_back({"metadata", metadata()});
  if (one_in(4)) members.push_back({pick({"involvedObject", "regarding"}), reference()});
  members.push_back({"spec", value(4)});
  if (one_in(2)) members.push_back({"status", value(3)});
  if (one_in(8)) members.push_back({"related", reference()});
  return object_of(std::move(members));
}

std::string Generator::row() {
  if (one_in(60)) return pick({"null", "{}", "7"});
  Members members = {{"cells", value(2)}};
  if (one_in(3)) members.push_back({"conditions", value(1)});
  if (!one_in(40)) members.push_back({"object", item(true)});
  return object_of(std::move(members));
}

std::string Generator::list_metadata() {
  if (one_in(30)) return pick({"null", "[]", "1"});
  Members members;
  if (one_in(4)) members.push_back({"selfLink", "\"/api/v1/pods\""});
  members.push_back({"resourceVersion", quoted("12345")});
  if (one_in(3))
    members.push_back({"continue", pick({"\"\"", "\"eyJ2IjoibWV0YS\"", "\"a\\u0000b\"", "null"})});
  if (one_in(3)) members.push_back({"remainingItemCount", "7"});
  if (one_in(9)) members.push_back({"shardInfo", value(1)});
  return object_of(std::move(members));
}

std::string Generator::list() {
  pretty_ = one_in(4);
  const bool table = one_in(3);
  std::vector<std::string> elements(below(8));
  for (auto& element : elements) element = table ? row() : item(one_in(2));
  const std::string items = one_in(30) ? pick({"null", "{}", "\"x\""}) : array_of(elements);
  const std::string kind = one_in(40) ? pick({"Pod", "Status", "", "Table", "List"})
                           : table    ? "Table"
                                      : "PodList";
  const std::string version = table ? pick({"meta.k8s.io/v1", "meta.k8s.io/v1beta1"}) : "v1";
  Members members = {
      {"kind", quoted(kind)}, {"apiVersion", quoted(version)}, {"metadata", list_metadata()}};
  if (table) members.push_back({"columnDefinitions", value(2)});
  members.push_back({table ? "rows" : "items", items});
  if (one_in(20)) members.push_back({pick({"x", "items", "rows", "kind"}), value(1)});
  if (one_in(3)) std::sort(members.begin(), members.end());
  return space() + object_of(std::move(members)) + pick({"\n", "", "\n\n"}) + space();
}

std::string Generator::status() {
  return object_of({{"kind", one_in(20) ? "\"Pod\"" : "\"Status\""},
                    {"apiVersion", "\"v1\""},
                    {"metadata", list_metadata()},
                    {"status", "\"Failure\""},
                    {"message", escaped_string()},
                    {"reason", quoted(pick({"Expired", "InternalError", "Gone", "x"}))},
                    {"details", value(1)},
                    {"code", "410"}});
}

std::string Generator::bookmark() {
  Members metadata = {{"resourceVersion", quoted("99")}, {"creationTimestamp", "null"}};
  if (one_in(2)) {
    metadata.push_back({"annotations", object_of({{"k8s.io/initial-events-end", "\"true\""}})});
  }
  return object_of({{"kind", "\"Pod\""},
                    {"apiVersion", "\"v1\""},
                    {"metadata", object_of(std::move(metadata))},
                    {"spec", value(2)}});
}

/// As a Table: a row without cells, whose object has the bookmark's metadata.
std::string Generator::table_bookmark() {
  const std::string inner = one_in(20) ? "null" : bookmark();
  const std::string row = object_of({{"cells", "[]"}, {"object", inner}});
  return object_of({{"kind", "\"Table\""},
                    {"apiVersion", "\"meta.k8s.io/v1\""},
                    {"metadata", object_of({{"resourceVersion", quoted("99")}})},
                    {"columnDefinitions", one_in(2) ? "null" : "[]"},
                    {"rows", one_in(20) ? "null" : array_of({row})}});
}

std::string Generator::table_event() {
  std::vector<std::string> rows(one_in(20) ? below(3) : 1);
  for (auto& element : rows) element = row();
  return object_of(
      {{"kind", quoted("Table")},
       {"apiVersion", pick({"\"meta.k8s.io/v1\"", "\"meta.k8s.io/v1\"", "\"e.com/v1\""})},
       {"metadata", list_metadata()},
       {"columnDefinitions", one_in(2) ? "null" : value(2)},
       {"rows", one_in(30) ? "null" : array_of(rows)}});
}

std::string Generator::watch() {
  pretty_ = one_in(4);
  const bool table = one_in(3);
  std::string out;
  for (std::size_t n = below(8); n > 0; --n) {
    std::string type = pick({"ADDED", "ADDED", "MODIFIED", "DELETED"});
    std::string what = table ? table_event() : item(true);
    if (one_in(8)) {
      type = "BOOKMARK";
      if (!table || one_in(2)) what = table ? table_bookmark() : bookmark();
    } else if (one_in(20)) {
      type = "ERROR";
      what = status();
    } else if (one_in(80)) {
      type = "FOO";
    }
    Members members = {{"type", quoted(type)}, {"object", what}};
    if (one_in(100)) members.push_back({"x", "1"});
    out += object_of(std::move(members)) + pick({"\n", "\n", ""}) + space();
  }
  return out;
}

std::string Generator::object() {
  pretty_ = one_in(4);
  return space() + item(true) + pick({"\n", ""});
}

std::string Generator::damaged(std::string body) {
  for (std::size_t n = 1 + below(3); n > 0 && !body.empty(); --n) {
    const std::size_t at = below(body.size());
    switch (below(4)) {
      case 0:
        body[at] = pick({"\"", "\\", "{", "}", "[", "]", ",", ":", "x", " "})[0];
        break;
      case 1:
        body.erase(at, 1 + below(20));
        break;
      case 2:
        body.insert(at, body.substr(below(body.size()), below(30)));
        break;
      default:
        body.resize(at);
        break;
    }
  }
  return body;
}

}  // namespace postern::kube::filter::testing
