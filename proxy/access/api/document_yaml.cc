#include "kube/text.h"
#include "kube/yaml_cost.h"
#include "proxy/access/api/document.h"
#include "rbac/yaml_tree.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <yaml-cpp/emitter.h>

namespace postern::proxy::access::api {
namespace {

using rbac::YamlNode;

constexpr std::string_view kNumberCharacters = "0123456789abcdefABCDEFxXoO_+-.:tTzZ";

kube::Status not_decoded(std::string why) {
  return kube::Status::bad_request("the body cannot be decoded: " + std::move(why));
}

kube::Status at_node(const YamlNode& node, const std::string& why) {
  return not_decoded("line " + std::to_string(node.line) + ": " + why);
}

template <typename Number>
std::optional<Json> as_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional<Json>(number)
                                                                  : std::nullopt;
}

/// `0`, `-12`, `1.5`, `2e3`: written the one way that every parser reads alike.
std::optional<Json> plain_number(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
  if (digits.size() > 1 && digits[0] == '0' && digits[1] != '.') return std::nullopt;
  if (digits.find_first_not_of("0123456789") == std::string_view::npos) {
    return as_number<std::int64_t>(text);
  }
  if (digits.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  return as_number<double>(text);
}

/// What the words are in YAML 1.1, which Kubernetes reads.
std::optional<Json> plain_word(std::string_view text) {
  const std::string word = kube::ascii_lower(text);
  if (word.empty() || word == "~" || word == "null") return Json(nullptr);
  if (word == "true" || word == "yes" || word == "on" || word == "y") return Json(true);
  if (word == "false" || word == "no" || word == "off" || word == "n") return Json(false);
  return std::nullopt;
}

bool is_doubtful(std::string_view text) {
  const std::string_view first = text.substr(0, 1);
  const bool could_be_number = first.find_first_of("0123456789+-.") == 0;
  return (could_be_number && text.find_first_not_of(kNumberCharacters) == std::string_view::npos) ||
         text == "=" || text == "<<";
}

/// Durations like `4h` and `90m` begin with a digit and are text all the same.
bool is_duration(std::string_view text) {
  const std::size_t unit = text.find_first_not_of("0123456789.");
  return unit != 0 && unit != std::string_view::npos &&
         text.find_first_not_of("0123456789.hmsd") == std::string_view::npos &&
         text.find_first_of("hms") != std::string_view::npos;
}

/// RFC 3339 times keep their text; Kubernetes' JSON has no other form for them.
bool is_time(std::string_view text) {
  return text.size() >= 20 && text[4] == '-' && text[7] == '-' && text[10] == 'T' &&
         text[13] == ':' && text[16] == ':';
}

/// What YAML parsers disagree about: NUL bytes make one take the text for UTF-16, NEL and the
/// separators U+2028 and U+2029 end a line in some, a lone CR likewise.
bool has_doubtful_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const kube::CodePoint c = kube::decode_utf8(text, i);
    if (c.length == 0) return true;
    i += c.length;
    const bool lone_return = c.value == '\r' && (i == text.size() || text[i] != '\n');
    const bool control = c.value < 0x20 && c.value != '\n' && c.value != '\r' && c.value != '\t';
    const bool other_control = c.value >= 0x7f && c.value < 0xa0;
    const bool line_end = c.value == 0x2028 || c.value == 0x2029;
    if (lone_return || control || other_control || line_end || c.value == 0xfeff) return true;
  }
  return false;
}

Result<Json> scalar(const YamlNode& node) {
  if (!kube::is_utf8(node.text)) return fail(at_node(node, "it is not UTF-8"));
  if (node.quoted) return Json(node.text);
  if (auto word = plain_word(node.text)) return std::move(*word);
  if (auto number = plain_number(node.text)) return std::move(*number);
  if (is_doubtful(node.text) && !is_duration(node.text) && !is_time(node.text)) {
    return fail(at_node(node, kube::quoted(node.text) + " needs quotes to be text"));
  }
  return Json(node.text);
}

Result<Json> convert(const YamlNode& node);

Result<Json> convert_map(const YamlNode& node) {
  Json object = Json::object();
  for (const rbac::YamlMember& member : node.members) {
    const YamlNode& key = member.key;
    if (!key.is_scalar() || (!key.quoted && (plain_word(key.text) || key.text == "<<"))) {
      return fail(at_node(key, "a key must be text"));
    }
    if (object.contains(key.text)) {
      return fail(at_node(key, "the key " + kube::quoted(key.text) + " comes twice"));
    }
    auto value = convert(member.value);
    if (!value) return value;
    object[key.text] = std::move(*value);
  }
  return object;
}

Result<Json> convert(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return Json(nullptr);
    case YamlNode::Kind::kScalar:
      return scalar(node);
    case YamlNode::Kind::kMap:
      return convert_map(node);
    case YamlNode::Kind::kSequence:
      break;
  }
  Json array = Json::array();
  for (const YamlNode& item : node.items) {
    auto value = convert(item);
    if (!value) return value;
    array.push_back(std::move(*value));
  }
  return array;
}

/// In quotes whatever a parser could take for something else than text.
void emit_text(YAML::Emitter& out, const std::string& text) {
  if (plain_word(text) || plain_number(text) || is_doubtful(text)) out << YAML::DoubleQuoted;
  out << text;
}

void emit(YAML::Emitter& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      out << YAML::BeginMap;
      for (const auto& [key, member] : value.items()) {
        out << YAML::Key;
        emit_text(out, key);
        out << YAML::Value;
        emit(out, member);
      }
      out << YAML::EndMap;
      return;
    case Json::value_t::array:
      out << YAML::BeginSeq;
      for (const Json& item : value) emit(out, item);
      out << YAML::EndSeq;
      return;
    case Json::value_t::string:
      return emit_text(out, value.get_ref<const std::string&>());
    case Json::value_t::null:
      out << YAML::Null;
      return;
    default:
      out << value.dump();
  }
}

}  // namespace

Result<Json> read_yaml(std::string_view text) {
  if (auto cheap = kube::check_yaml_cost(text); !cheap) {
    return fail(std::move(cheap.error()));
  }
  if (has_doubtful_characters(text)) {
    return fail(not_decoded("it has characters that YAML parsers disagree about"));
  }
  const auto documents = rbac::parse_yaml(text);
  if (!documents) {
    return fail(not_decoded("line " + std::to_string(documents.error().line) + ": " +
                            documents.error().message));
  }
  if (documents->size() != 1) {
    return fail(not_decoded("it has to be one document"));
  }
  return convert(documents->front().second);
}

std::string yaml_text(const Json& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace postern::proxy::access::api
