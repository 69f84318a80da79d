#include "rbac/yaml_tree.h"

#include <optional>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace postern::rbac {
namespace {

constexpr std::size_t kMaxDepth = 64;

YamlError error_at(const YAML::Mark& mark, std::string message) {
  return {std::move(message), mark.line + 1, mark.column + 1};
}

/// Builds the tree from the parser's events. After the first error the rest is ignored.
class TreeBuilder : public YAML::EventHandler {
 public:
  std::optional<YamlError> error;
  YamlNode root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(mark, "", anchor, YamlNode::Kind::kNull, "");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases are not supported");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    add(mark, tag, anchor, YamlNode::Kind::kScalar, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kSequence);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

 private:
  void refuse(const YAML::Mark& mark, const char* message) {
    if (!error) {
      error = error_at(mark, message);
    }
  }

  YamlNode make(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                YamlNode::Kind kind) {
    if (anchor != 0) {
      refuse(mark, "anchors are not supported");
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      refuse(mark, "tags are not supported");
    }
    YamlNode node;
    node.kind = kind;
    node.quoted = tag == "!";
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void add(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
           YamlNode::Kind kind, const std::string& value) {
    YamlNode node = make(mark, tag, anchor, kind);
    node.text = value;
    place(std::move(node));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    ++depth_;
    if (depth_ > kMaxDepth) {
      refuse(mark, "is nested too deeply");
    }
    if (!error) {
      open_.push_back({make(mark, tag, anchor, kind), std::nullopt});
    }
  }

  void close() {
    --depth_;
    if (error || open_.empty()) {
      return;
    }
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    place(std::move(done));
  }

  /// Into the innermost open collection; a map takes keys and values in turn.
  void place(YamlNode node) {
    if (error) {
      return;
    }
    if (open_.empty()) {
      root = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_sequence()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      parent.key = std::move(node);
    } else {
      parent.node.members.push_back({std::move(*parent.key), std::move(node)});
      parent.key.reset();
    }
  }

  struct Open {
    YamlNode node;
    std::optional<YamlNode> key;
  };
  std::vector<Open> open_;
  std::size_t depth_ = 0;
};

void append_canonical(std::string& out, const YamlNode& node) {
  const auto append_text = [&out](std::string_view text) {
    out += std::to_string(text.size());
    out += ':';
    out += text;
  };
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      out += '~';
      return;
    case YamlNode::Kind::kScalar:
      out += node.quoted ? '"' : '\'';
      append_text(node.text);
      return;
    case YamlNode::Kind::kSequence:
      out += '[';
      for (const YamlNode& item : node.items) {
        append_canonical(out, item);
      }
      out += ']';
      return;
    case YamlNode::Kind::kMap:
      out += '{';
      for (const auto& [key, value] : node.members) {
        append_canonical(out, key);
        append_canonical(out, value);
      }
      out += '}';
      return;
  }
}

}  // namespace

bool YamlNode::is_empty() const {
  switch (kind) {
    case Kind::kNull:
      return true;
    case Kind::kScalar:
      return text.empty();
    case Kind::kSequence:
      return items.empty();
    case Kind::kMap:
      return members.empty();
  }
  return false;
}

std::string YamlNode::canonical() const {
  std::string out;
  append_canonical(out, *this);
  return out;
}

tl::expected<std::vector<std::pair<int, YamlNode>>, YamlError> parse_yaml(std::string_view text) {
  std::vector<std::pair<int, YamlNode>> documents;
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    for (int number = 1;; ++number) {
      TreeBuilder builder;
      if (!parser.HandleNextDocument(builder)) {
        return documents;
      }
      // yaml-cpp 0.7 finds empty documents without end in texts like `, a: b`.
      if (static_cast<std::size_t>(number) > text.size() + 1) {
        return tl::unexpected(error_at(YAML::Mark::null_mark(), "is not YAML"));
      }
      if (builder.error) {
        return tl::unexpected(std::move(*builder.error));
      }
      if (!builder.root.is_null()) {
        documents.emplace_back(number, std::move(builder.root));
      }
    }
  } catch (const YAML::Exception& exception) {
    return tl::unexpected(error_at(exception.mark, "is not YAML: " + exception.msg));
  }
}

}  // namespace postern::rbac
