#include "kube/facts_builder.h"
#include "kube/object_meta_encodings.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace postern::kube {
namespace {

using Json = nlohmann::json;

/// nlohmann's events reduced to those that matter here.
class Events : public nlohmann::json_sax<Json> {
 public:
  virtual bool text(const std::string& value) = 0;
  virtual bool scalar(bool is_null) = 0;

  bool null() override { return scalar(true); }
  bool boolean(bool) override { return scalar(false); }
  bool number_integer(number_integer_t) override { return scalar(false); }
  bool number_unsigned(number_unsigned_t) override { return scalar(false); }
  bool number_float(number_float_t, const string_t&) override { return scalar(false); }
  bool string(string_t& value) override { return text(value); }
  bool binary(binary_t&) override { return false; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }
};

class FactsEvents : public Events {
 public:
  explicit FactsEvents(FactsBuilder& builder) : builder_(builder) {}

  bool text(const std::string& value) override { return builder_.text(value); }
  bool scalar(bool is_null) override { return builder_.scalar(is_null); }
  bool start_object(std::size_t) override { return builder_.start_object(); }
  bool key(string_t& name) override { return builder_.key(name); }
  bool end_object() override { return end(); }
  bool start_array(std::size_t) override { return builder_.start_array(); }
  bool end_array() override { return end(); }

 private:
  bool end() {
    builder_.end();
    return true;
  }
  FactsBuilder& builder_;
};

/// A JSON Patch: a list (depth 1) of objects (depth 2) with a known `op` each.
class PatchEvents : public Events {
 public:
  std::vector<std::string> operations;

  bool text(const std::string& value) override {
    if (depth_ == 2 && key_ == "op") {
      operations.push_back(value);
      return is_operation(value);
    }
    return depth_ >= 2;
  }
  bool scalar(bool) override { return depth_ >= 2 && !is_op(); }
  bool start_object(std::size_t) override {
    if (depth_ == 0 || is_op()) return false;
    if (depth_ == 1) {
      if (operations.size() == kMaxOperations) return false;
      keys_.clear();
      key_.clear();
    }
    return deeper();
  }
  bool key(string_t& name) override {
    if (depth_ != 2) return true;
    key_ = name;
    return keys_.insert(name).second;
  }
  bool end_object() override {
    --depth_;
    return depth_ != 1 || keys_.contains("op");
  }
  bool start_array(std::size_t) override { return depth_ != 1 && !is_op() && deeper(); }
  bool end_array() override {
    --depth_;
    return true;
  }

 private:
  static constexpr std::size_t kMaxOperations = 10000;
  static constexpr int kMaxDepth = 128;

  static bool is_operation(std::string_view name) {
    constexpr std::array<std::string_view, 6> kKnown = {"add",    "copy",    "move",
                                                        "remove", "replace", "test"};
    return std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
  }
  bool is_op() const { return depth_ == 2 && key_ == "op"; }
  bool deeper() { return ++depth_ <= kMaxDepth; }

  int depth_ = 0;
  std::string key_;  ///< of the member at depth 2 whose value is due
  std::set<std::string> keys_;
};

/// nlohmann skips a byte order mark; Go does not.
bool parse(std::string_view body, Events& events) {
  if (body.starts_with("\xef\xbb\xbf")) return false;
  constexpr bool kWholeInput = true;
  constexpr bool kSkipComments = false;
  return Json::sax_parse(body, &events, Json::input_format_t::json, kWholeInput, kSkipComments);
}

}  // namespace

Result<BodyFacts> read_json_facts(std::string_view body) {
  FactsBuilder builder;
  FactsEvents events(builder);
  if (parse(body, events)) return builder.finish();
  return fail(Status::bad_request(builder.error().empty() ? "the body is not one JSON document"
                                                          : builder.error()));
}

Result<std::vector<std::string>> json_patch_operations(std::string_view body) {
  PatchEvents events;
  if (!parse(body, events)) {
    return fail(Status::bad_request("the body is not a JSON Patch (RFC 6902)"));
  }
  return std::move(events.operations);
}

}  // namespace postern::kube
