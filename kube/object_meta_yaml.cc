#include "kube/facts_builder.h"
#include "kube/object_meta_encodings.h"
#include "kube/text.h"
#include "kube/yaml_cost.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <vector>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace postern::kube {
namespace {

/// Words that YAML 1.1 or 1.2 parsers read as booleans, nulls or numbers, in lower case.
bool is_special_word(std::string_view text) {
  constexpr std::array<std::string_view, 11> kWords = {"y",  "n",   "yes",  "no",  "true", "false",
                                                       "on", "off", "null", "inf", "nan"};
  const std::string word = ascii_lower(text);
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

/// Whether every YAML parser reads this plain scalar as a string. Beyond the words it is what could
/// be a number or a date that is doubtful: a digit, sign or dot and then nothing but their
/// characters.
bool is_certainly_text(std::string_view text) {
  if (text.empty() || is_special_word(text) || text == "~" || text == "<<" || text == "=") {
    return false;
  }
  constexpr std::string_view kFirst = "0123456789+-.";
  constexpr std::string_view kOthers = "0123456789abcdefABCDEFxXoO_+-.:tTzZinIN ";
  return kFirst.find(text.front()) == std::string_view::npos ||
         text.find_first_not_of(kOthers) != std::string_view::npos;
}

/// yaml-cpp's events, passed on to the builder. Errors are thrown as YAML::Exception, the only way
/// out of yaml-cpp's parser, and caught in read_yaml_facts().
class FactsEvents : public YAML::EventHandler {
 public:
  explicit FactsEvents(FactsBuilder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::Exception(mark, "aliases are not allowed here");
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "", anchor);
    if (is_key_due()) throw YAML::Exception(mark, "a key must be a string");
    pass(mark, builder_.scalar(true));
    value_done();
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    const bool plain = tag != "!";
    if (is_key_due()) return on_key(mark, value, plain);
    pass(mark,
         plain && !is_certainly_text(value) ? builder_.scalar(value == "~") : builder_.text(value));
    value_done();
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    if (is_key_due()) throw YAML::Exception(mark, "a key must be a string");
    pass(mark, builder_.start_array());
    levels_.push_back(Level::kSequence);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    if (is_key_due()) throw YAML::Exception(mark, "a key must be a string");
    pass(mark, builder_.start_object());
    levels_.push_back(Level::kMapKey);
  }
  void OnMapEnd() override { end(); }

 private:
  enum class Level { kSequence, kMapKey, kMapValue };

  bool is_key_due() const { return !levels_.empty() && levels_.back() == Level::kMapKey; }

  void on_key(const YAML::Mark& mark, const std::string& name, bool plain) {
    // Go's parser folds the members of `<<: {…}` into the map around it.
    if (name == "<<") throw YAML::Exception(mark, "merge keys are not allowed here");
    if (plain && is_special_word(name)) throw YAML::Exception(mark, "a key must be a string");
    pass(mark, builder_.key(name));
    levels_.back() = Level::kMapValue;
  }
  void end() {
    builder_.end();
    levels_.pop_back();
    value_done();
  }
  void value_done() {
    if (!levels_.empty() && levels_.back() == Level::kMapValue) levels_.back() = Level::kMapKey;
  }
  static void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) throw YAML::Exception(mark, "anchors are not allowed here");
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw YAML::Exception(mark, "tags are not allowed here");
    }
  }
  void pass(const YAML::Mark& mark, bool accepted) const {
    if (!accepted) throw YAML::Exception(mark, builder_.error());
  }

  FactsBuilder& builder_;
  std::vector<Level> levels_;
};

/// YAML 1.1 and 1.2 parsers disagree about these: NEL and the separators U+2028 and U+2029 end a
/// line in one and not in the other, a lone CR likewise; controls are errors in some.
bool has_doubtful_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (c.length == 0) return true;
    i += c.length;
    if (c.value == '\r' && (i == text.size() || text[i] != '\n')) return true;
    const bool control = c.value < 0x20 && c.value != '\n' && c.value != '\r' && c.value != '\t';
    const bool other_control = c.value >= 0x7f && c.value < 0xa0;
    const bool line_end = c.value == 0x2028 || c.value == 0x2029;
    if (control || other_control || line_end || c.value == 0xfeff) return true;
  }
  return false;
}

std::string place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return "";
  return "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1) +
         ": ";
}

Status not_yaml(std::string_view why) {
  return Status::bad_request("the body is not one plain YAML document: " + std::string(why));
}

Result<BodyFacts> parse_yaml(std::string_view body) {
  FactsBuilder builder;
  FactsEvents events(builder);
  try {
    std::istringstream input{std::string(body)};
    YAML::Parser parser(input);
    if (!parser.HandleNextDocument(events)) return fail(not_yaml("it is empty"));
    FactsBuilder unused;
    FactsEvents second(unused);
    if (parser.HandleNextDocument(second)) return fail(not_yaml("there is a second one"));
  } catch (const YAML::Exception& error) {
    return fail(not_yaml(place_of(error.mark) + printable(error.msg)));
  }
  return builder.finish();
}

}  // namespace

Result<BodyFacts> read_yaml_facts(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && body[first] == '{') {
    if (auto facts = read_json_facts(body)) return facts;
  }
  if (auto cheap = check_yaml_cost(body); !cheap) return fail(std::move(cheap.error()));
  if (has_doubtful_characters(body)) {
    return fail(not_yaml("it has characters that parsers disagree about"));
  }
  return parse_yaml(body);
}

}  // namespace postern::kube
