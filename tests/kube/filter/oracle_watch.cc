#include "tests/kube/filter/oracle_object.h"

#include <set>

namespace postern::kube::filter::testing {
namespace {

class WatchOracle {
 public:
  WatchOracle(std::string_view body, const FilterOptions& options, const Allows& allows)
      : body_(body), options_(options), allows_(allows) {}

  void event(const Node& event, Expected& expected) {
    ObjectOracle head(options_, allows_);
    head.may_decide = head.null_metadata_drops = false;
    head.needs_kind = true;
    std::string type;
    const Node* object = nullptr;
    bool seen_type = false;
    for (const Node::Member& member : event.members) {
      require_short(member);
      require(member.key == "type" || member.key == "object");
      if (member.key == "type") {
        require(!seen_type && member.value.is_string());
        seen_type = true;
        type = member.value.text;
        require(known().contains(type));
        head.may_decide = about_object(type);
        continue;
      }
      require(object == nullptr && member.value.is_object());
      object = &member.value;
      head.read(*object);
      if (!head.dropped() && about_object(type) && head.kind() != "Table") head.decide();
      if (head.dropped()) {
        ++expected.summary.dropped;
        return;
      }
    }
    require(seen_type && object != nullptr);
    const bool table = head.kind() == "Table" && is_meta(*object);
    const std::string out = about_object(type)   ? table           ? table_event(type, *object)
                                                   : head.decide() ? raw(event)
                                                                   : ""
                            : type == "BOOKMARK" ? bookmark(*object, table)
                                                 : error(*object, table);
    if (about_object(type)) ++(out.empty() ? expected.summary.dropped : expected.summary.kept);
    if (!out.empty()) expected.out += out + "\n";
  }

 private:
  static const std::set<std::string>& known() {
    static const std::set<std::string> types = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK",
                                                "ERROR"};
    return types;
  }
  static bool about_object(const std::string& type) {
    return type == "ADDED" || type == "MODIFIED" || type == "DELETED";
  }

  std::string raw(const Node& node) const { return std::string(node.raw(body_)); }
  std::string raw(const Node* node) const { return node == nullptr ? "" : raw(*node); }

  bool is_meta(const Node& object) const {
    require(object.count("apiVersion") <= 1);
    return raw(object.find("apiVersion")).starts_with("\"meta.k8s.io/");
  }

  static void require_once(const Node& node, std::initializer_list<const char*> keys) {
    require(node.is_object());
    for (const char* key : keys) require(node.count(key) <= 1);
  }

  void remember_columns(const Node& object) {
    require_once(object, {"columnDefinitions"});
    const Node* columns = object.find("columnDefinitions");
    if (columns != nullptr && !columns->is_null() && raw(*columns) != "[]") {
      columns_ = raw(*columns);
    }
  }

  /// The only row of a table; nullptr for none.
  static const Node* only_row(const Node& object) {
    const Node* rows = object.find("rows");
    if (rows == nullptr || rows->is_null()) return nullptr;
    require(rows->is_array() && rows->elements.size() <= 1);
    return rows->elements.empty() ? nullptr : &rows->elements[0];
  }

  std::string table_event(const std::string& type, const Node& table) {
    require_once(table, {"kind", "apiVersion", "metadata", "columnDefinitions", "rows"});
    remember_columns(table);
    const Node* row = only_row(table);
    if (row == nullptr || row->is_null()) return "";
    require_once(*row, {"object"});
    const Node* object = row->find("object");
    if (object == nullptr || object->is_null()) return "";
    ObjectOracle head(options_, allows_);
    head.may_decide = head.null_metadata_drops = head.walked = false;
    head.read(*object);
    if (!head.decide()) return "";

    std::string row_text = raw(*row);
    std::string instead;
    if (options_.blank_table_objects) {
      instead = "null";
    } else if (options_.reduce_table_objects) {
      instead = R"({"kind":"PartialObjectMetadata","apiVersion":)" + raw(table.find("apiVersion")) +
                R"(,"metadata":)" + raw(object->find("metadata")) + "}";
    }
    if (!instead.empty()) {
      row_text.replace(object->begin - row->begin, object->end - object->begin, instead);
    }
    FilterOptions no_seal;
    std::string token;
    const Node* metadata = table.find("metadata");
    const Node absent;
    const std::string list_metadata =
        rewritten_metadata(metadata == nullptr ? absent : *metadata, body_, no_seal, true, token);
    const std::string columns = columns_.empty() ? "null" : columns_;
    columns_.clear();
    return R"({"type":")" + type + R"(","object":{"kind":)" + raw(table.find("kind")) +
           R"(,"apiVersion":)" + raw(table.find("apiVersion")) + R"(,"metadata":)" + list_metadata +
           R"(,"columnDefinitions":)" + columns + R"(,"rows":[)" + row_text + "]}}";
  }

  std::string bookmark_metadata(const Node* metadata) const {
    require(metadata != nullptr);
    require_once(*metadata, {"resourceVersion", "annotations"});
    const Node* version = metadata->find("resourceVersion");
    require(version != nullptr && version->is_string());
    const Node* annotations = metadata->find("annotations");
    bool end = false;
    if (annotations != nullptr && !annotations->is_null()) {
      require_once(*annotations, {"k8s.io/initial-events-end"});
      const Node* value = annotations->find("k8s.io/initial-events-end");
      require(value == nullptr || value->is_string());
      end = raw(value) == "\"true\"";
    }
    return R"({"resourceVersion":)" + raw(*version) +
           (end ? R"(,"annotations":{"k8s.io/initial-events-end":"true"}})" : "}");
  }

  std::string bookmark(const Node& object, bool table) {
    if (table) remember_columns(object);
    require_once(object, {"kind", "apiVersion", "metadata", "rows"});
    for (const char* key : {"kind", "apiVersion"}) {
      require(object.find(key) != nullptr && object.find(key)->is_string());
    }
    std::string out = R"({"type":"BOOKMARK","object":{"kind":)" + raw(object.find("kind")) +
                      R"(,"apiVersion":)" + raw(object.find("apiVersion")) + R"(,"metadata":)" +
                      bookmark_metadata(object.find("metadata"));
    // As written: a bookmark of an escaped kind is not worth a table.
    if (table && raw(object.find("kind")) == "\"Table\"") {
      out += R"(,"columnDefinitions":[],"rows":[)";
      const Node* row = only_row(object);
      if (row != nullptr) require_once(*row, {"object"});
      const Node* inner = row == nullptr ? nullptr : row->find("object");
      if (inner != nullptr && !inner->is_null()) {
        require_once(*inner, {"metadata"});
        out += R"({"cells":[],"object":{"kind":"PartialObjectMetadata","apiVersion":)" +
               raw(object.find("apiVersion")) + R"(,"metadata":)" +
               bookmark_metadata(inner->find("metadata")) + "}}";
      }
      out += "]";
    }
    return out + "}}";
  }

  std::string error(const Node& object, bool table) {
    if (table) remember_columns(object);
    require_once(object, {"kind", "apiVersion", "metadata", "status", "message", "reason",
                          "details", "code"});
    require(raw(object.find("kind")) == "\"Status\"");
    static const std::set<std::string> harmless = {
        "Expired", "Gone", "Timeout", "ServerTimeout", "TooManyRequests", "ServiceUnavailable"};
    const Node* reason = object.find("reason");
    const bool texts = reason != nullptr && harmless.contains(text_of(*reason));
    const auto member = [this, &object](const char* key) {
      const Node* value = object.find(key);
      return value == nullptr ? "" : ",\"" + std::string(key) + "\":" + raw(*value);
    };
    const Node absent;
    const Node* metadata = object.find("metadata");
    std::string token;
    std::string out =
        R"({"type":"ERROR","object":{"kind":"Status")" + member("apiVersion") + ",\"metadata\":" +
        rewritten_metadata(metadata == nullptr ? absent : *metadata, body_, options_, true, token);
    out += member("status");
    out +=
        texts ? member("message") : R"(,"message":"the API server ended the watch with an error")";
    if (reason != nullptr && !reason->is_null()) out += member("reason");
    if (texts) out += member("details");
    return out + member("code") + "}}";
  }

  std::string_view body_;
  const FilterOptions& options_;
  const Allows& allows_;
  std::string columns_;
};

}  // namespace

Expected expect_watch(std::string_view body, const FilterOptions& options, const Allows& allows) {
  Expected expected;
  WatchOracle oracle(body, options, allows);
  std::size_t at = 0;
  bool refused = false;
  while ((at = body.find_first_not_of(" \t\r\n", at)) != std::string_view::npos) {
    const auto tree = parse_tree(body, at, false);
    if (!tree || !tree->is_object()) {
      // A stream that was refused before it became invalid is refused.
      expected.verdict = refused || (tree && !tree->is_object()) ? Expected::Verdict::kRefused
                                                                 : Expected::Verdict::kInvalid;
      return expected;
    }
    at = tree->end;
    try {
      oracle.event(*tree, expected);
    } catch (const Refused&) {
      expected.verdict = Expected::Verdict::kRefused;
      return expected;
    }
  }
  expected.verdict = Expected::Verdict::kOutput;
  return expected;
}

}  // namespace postern::kube::filter::testing
