#include "cli/output/yaml.h"

#include "cli/output/json_text.h"
#include "kube/text.h"
#include "kube/yaml_documents.h"

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <re2/re2.h>
#include <system_error>
#include <yaml-cpp/yaml.h>

namespace postern::cli {
namespace {

constexpr std::size_t kMaxDocuments = 1000;
constexpr std::size_t kMaxValues = 1'000'000;
constexpr int kMaxDepth = 100;

/// What a plain scalar means in YAML 1.2's core schema.
Json plain_value(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  static const RE2 kInteger("[-+]?(0|[1-9][0-9]*)");
  static const RE2 kNumber(R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)");
  const char* const begin = text.data() + (text.front() == '+' ? 1 : 0);
  const char* const end = text.data() + text.size();
  if (RE2::FullMatch(text, kInteger)) {
    std::int64_t integer = 0;
    if (std::from_chars(begin, end, integer).ec == std::errc()) return integer;
    return text;  // too large for a number: nothing may be lost
  }
  // A number with zeros in front ("007") is more likely a name.
  if (RE2::FullMatch(text, kNumber) && (text.size() < 2 || text[0] != '0' || text[1] == '.')) {
    const double number = std::strtod(text.c_str(), nullptr);
    if (std::isfinite(number)) return number;
  }
  return text;
}

class Reader {
 public:
  explicit Reader(const std::string& origin) : origin_(&origin) {}

  Outcome<Json> read(const YAML::Node& node, int depth = 0) {
    if (++values_ > kMaxValues || depth > kMaxDepth) return refuse(node, "is too large");
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return scalar(node);
      case YAML::NodeType::Sequence:
        return sequence(node, depth);
      case YAML::NodeType::Map:
        return mapping(node, depth);
      default:
        return Json();
    }
  }

 private:
  tl::unexpected<Failure> refuse(const YAML::Node& node, const std::string& why) const {
    const int line = node.Mark().line;
    const std::string where = line >= 0 ? fmt::format("{}:{}", *origin_, line + 1) : *origin_;
    return failed(where + ": " + why);
  }

  Outcome<Json> scalar(const YAML::Node& node) const {
    const std::string& tag = node.Tag();
    if (!kube::is_utf8(node.Scalar())) return refuse(node, "is not UTF-8");
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return Json(node.Scalar());
    if (tag.empty() || tag == "?") return plain_value(node.Scalar());
    return refuse(node, "has the tag " + tag + ", which means nothing here");
  }

  Outcome<Json> sequence(const YAML::Node& node, int depth) {
    Json list = Json::array();
    for (const YAML::Node& item : node) {
      auto value = read(item, depth + 1);
      if (!value) return value;
      list.push_back(std::move(*value));
    }
    return list;
  }

  Outcome<Json> mapping(const YAML::Node& node, int depth) {
    Json map = Json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return refuse(entry.first, "a key must be a text");
      const std::string& key = entry.first.Scalar();
      if (map.contains(key)) return refuse(entry.first, "the key \"" + key + "\" comes twice");
      auto value = read(entry.second, depth + 1);
      if (!value) return value;
      map[key] = std::move(*value);
    }
    return map;
  }

  const std::string* origin_;
  std::size_t values_ = 0;
};

bool may_be_plain(const std::string& text) {
  static const RE2 kPlain(R"([A-Za-z0-9_./][-A-Za-z0-9_./@+ =*(),'"]*(:[-A-Za-z0-9_./@+=*(),]+)*)");
  return RE2::FullMatch(text, kPlain) && text.back() != ' ' && plain_value(text).is_string() &&
         // Words that are booleans to readers of YAML 1.1, and dates.
         !RE2::FullMatch(text,
                         "(?i)y|n|yes|no|on|off|[0-9].*:.*|[0-9][0-9_.eE]*|[0-9]{4}-[0-9]{2}.*|0["
                         "xo].*|[-+.].*");
}

std::string scalar_text(const Json& value) {
  if (!value.is_string()) return compact_json(value);
  const auto& text = value.get_ref<const std::string&>();
  return may_be_plain(text) ? text : compact_json(value);
}

/// Lines that YAML's literal style keeps exactly.
bool may_be_literal(const std::string& text) {
  if (text.find('\n') == std::string::npos || text.front() == ' ' || text.front() == '\n') {
    return false;
  }
  std::string lines = text;
  std::erase(lines, '\n');
  return kube::is_printable(lines) && !text.ends_with("\n\n") &&
         text.find(" \n") == std::string::npos && text.back() != ' ';
}

class Writer {
 public:
  std::string write(const Json& value) {
    if (is_block(value)) {
      block(value, 0);
    } else {
      out_ += inline_text(value) + "\n";
    }
    return std::move(out_);
  }

 private:
  static bool is_block(const Json& value) { return value.is_structured() && !value.empty(); }

  static std::string inline_text(const Json& value) {
    if (value.is_object()) return "{}";
    if (value.is_array()) return "[]";
    return scalar_text(value);
  }

  void indent(std::size_t by) { out_.append(by, ' '); }

  void literal(const std::string& text, std::size_t by) {
    out_ += text.back() == '\n' ? "|\n" : "|-\n";
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      if (!line.empty()) indent(by);
      out_ += line;
      out_ += '\n';
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
  }

  /// What stands behind `key:`.
  void member(const Json& value, std::size_t by) {
    if (is_block(value)) {
      out_ += "\n";
      block(value, value.is_array() ? by : by + 2);
    } else if (value.is_string() && may_be_literal(value.get_ref<const std::string&>())) {
      out_ += ' ';
      literal(value.get_ref<const std::string&>(), by + 2);
    } else {
      out_ += " " + inline_text(value) + "\n";
    }
  }

  void block(const Json& value, std::size_t by, bool indented = false) {
    if (value.is_object()) {
      for (const auto& [key, item] : value.items()) {
        if (!indented) indent(by);
        indented = false;
        out_ += scalar_text(key) + ":";
        member(item, by);
      }
      return;
    }
    for (const Json& item : value) {
      if (!indented) indent(by);
      indented = false;
      out_ += "- ";
      if (is_block(item)) {
        block(item, by + 2, true);
      } else {
        out_ += inline_text(item) + "\n";
      }
    }
  }

  std::string out_;
};

}  // namespace

std::string yaml_text(const Json& value) {
  return Writer().write(value);
}

Outcome<std::vector<Json>> read_yaml(std::string_view text, const std::string& origin) {
  if (kube::count_yaml_documents(text, kMaxDocuments + 1) > kMaxDocuments) {
    return failed(origin + ": has more than 1000 documents");
  }
  std::vector<Json> documents;
  try {
    Reader reader(origin);
    for (const YAML::Node& node : YAML::LoadAll(std::string(text))) {
      auto value = reader.read(node);
      if (!value) return tl::unexpected(value.error());
      if (!value->is_null()) documents.push_back(std::move(*value));
    }
  } catch (const YAML::Exception& error) {
    return failed(fmt::format("{}:{}: {}", origin, error.mark.line + 1, error.msg));
  }
  return documents;
}

}  // namespace postern::cli
