#include "tests/kube/filter/oracle_object.h"

namespace postern::kube::filter::testing {
namespace {

class ListOracle {
 public:
  ListOracle(std::string_view body, const FilterOptions& options, const Allows& allows)
      : body_(body), options_(options), allows_(allows) {}

  void read(const Node& list, Expected& expected) {
    require(list.is_object());
    check_envelope(list);
    const bool table = list.count("rows") + list.count("columnDefinitions") > 0 ||
                       text_of(*list.find("kind")) == "Table";
    beta_ = table && !is_after(list, "apiVersion", "rows") && list.count("apiVersion") == 1 &&
            text_of(*list.find("apiVersion")) == "meta.k8s.io/v1beta1";
    std::string out;
    for (const Node::Member& member : list.members) {
      require_short(member);
      const std::string value = member_value(member, table, expected.summary);
      if (value.empty()) continue;
      out += (out.empty() ? "{\"" : ",\"") + member.key + "\":" + value;
    }
    expected.out = out + "}\n";
  }

 private:
  /// Whether `key` stands behind `other`.
  static bool is_after(const Node& list, std::string_view key, std::string_view other) {
    for (const Node::Member& member : list.members) {
      if (member.key == key) return false;
      if (member.key == other) return true;
    }
    return false;
  }

  static void check_envelope(const Node& list) {
    for (const char* key : {"kind", "apiVersion", "metadata", "columnDefinitions"}) {
      require(list.count(key) <= 1);
    }
    require(list.count("kind") == 1);
    require(list.count("items") + list.count("rows") == 1);
    const std::string kind = text_of(*list.find("kind"));
    if (kind == "Table") {
      require(list.count("items") == 0);
    } else {
      require(kind.ends_with("List"));
      require(list.count("rows") + list.count("columnDefinitions") == 0);
    }
  }

  /// What becomes of a member of the list; "" when it is left out.
  std::string member_value(const Node::Member& member, bool table, ListSummary& summary) {
    const std::string raw(member.value.raw(body_));
    if (member.key == "kind" || member.key == "apiVersion") {
      text_of(member.value);
      return raw;
    }
    if (member.key == "columnDefinitions") return raw;
    if (member.key == "metadata") {
      return rewritten_metadata(member.value, body_, options_, false, summary.continue_token);
    }
    if (member.key != "items" && member.key != "rows") return "";
    if (member.value.is_null()) return "[]";
    require(member.value.is_array());
    std::string out;
    for (const Node& item : member.value.elements) {
      require(item.is_null() || item.is_object());
      const std::string kept = item.is_null() ? "" : table ? row(item) : plain_item(item);
      ++(kept.empty() ? summary.dropped : summary.kept);
      if (kept.empty()) continue;
      out += (out.empty() ? "" : ",") + kept;
    }
    return "[" + out + "]";
  }

  std::string plain_item(const Node& item) {
    ObjectOracle object(options_, allows_);
    object.read(item);
    return object.decide() ? std::string(item.raw(body_)) : "";
  }

  std::string row(const Node& row) {
    const Node* found = nullptr;
    for (const Node::Member& member : row.members) {
      require_short(member);
      if (member.key != "object") continue;
      require(found == nullptr);
      found = &member.value;
      if (found->is_null()) return "";
      ObjectOracle object(options_, allows_);
      object.read(*found);
      if (!object.decide()) return "";
    }
    if (found == nullptr) return "";
    std::string text(row.raw(body_));
    if (options_.blank_table_objects) {
      text.replace(found->begin - row.begin, found->end - found->begin, "null");
    } else if (options_.reduce_table_objects) {
      const std::string version = beta_ ? "meta.k8s.io/v1beta1" : "meta.k8s.io/v1";
      text.replace(found->begin - row.begin, found->end - found->begin,
                   R"({"kind":"PartialObjectMetadata","apiVersion":")" + version +
                       R"(","metadata":)" + std::string(found->find("metadata")->raw(body_)) + "}");
    }
    return text;
  }

  std::string_view body_;
  const FilterOptions& options_;
  const Allows& allows_;
  bool beta_ = false;
};

}  // namespace

Expected expect_list(std::string_view body, const FilterOptions& options, const Allows& allows) {
  Expected expected;
  const auto tree = parse_tree(body, 0, true);
  if (!tree) return expected;
  try {
    ListOracle(body, options, allows).read(*tree, expected);
    expected.verdict = Expected::Verdict::kOutput;
  } catch (const Refused&) {
    expected.verdict = Expected::Verdict::kRefused;
  }
  return expected;
}

Expected expect_object(std::string_view body, const FilterOptions& options, const Allows& allows) {
  Expected expected;
  const auto tree = parse_tree(body, 0, true);
  if (!tree) return expected;
  try {
    // A single object is at hand as a whole: all of it is read before the decision.
    ObjectOracle object(options, allows);
    object.may_decide = object.null_metadata_drops = object.walked = false;
    object.read(*tree);
    require(object.decide());
    expected.out = body;
    expected.summary.kept = 1;
    expected.verdict = Expected::Verdict::kOutput;
  } catch (const Refused&) {
    expected.verdict = Expected::Verdict::kRefused;
  }
  return expected;
}

}  // namespace postern::kube::filter::testing
