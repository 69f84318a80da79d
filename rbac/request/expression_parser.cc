#include "kube/text.h"
#include "rbac/request/expression_tree.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace postern::rbac::request {
namespace {

using Node = Expression::Node;
using NodePtr = std::unique_ptr<const Node>;

constexpr std::size_t kMaxPatternText = 1024;

struct FieldName {
  std::string_view name;
  Field field;
  bool is_map;
  bool filter_only;
};
constexpr std::array<FieldName, 7> kFields = {{
    {"reviewer.roles", Field::kReviewerRoles, false, false},
    {"reviewer.traits", Field::kReviewerTraits, true, false},
    {"request.roles", Field::kRequestRoles, false, false},
    {"request.reason", Field::kRequestReason, false, false},
    {"request.system_annotations", Field::kRequestAnnotations, true, false},
    {"review.reason", Field::kReviewReason, false, true},
    {"review.annotations", Field::kReviewAnnotations, true, true},
}};

struct FunctionName {
  std::string_view name;
  Node::Kind kind;
};
constexpr std::array<FunctionName, 3> kFunctions = {{
    {"contains", Node::Kind::kContains},
    {"equals", Node::Kind::kEquals},
    {"regexp.match", Node::Kind::kMatch},
}};

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

/// Recursive descent. The first error is kept; after it every function returns nothing.
class Parser {
 public:
  Parser(std::string_view text, ExpressionUse use) : text_(text), use_(use) {}

  tl::expected<NodePtr, ExpressionError> parse() {
    if (text_.size() > kMaxExpressionBytes) {
      return tl::unexpected(ExpressionError{
          "it is longer than " + std::to_string(kMaxExpressionBytes) + " bytes", 0});
    }
    NodePtr root = disjunction();
    if (root && (skip_space(), at_ < text_.size())) {
      root = error_at(at_, "nothing may follow here but && and ||");
    }
    if (!root) {
      return tl::unexpected(std::move(*error_));
    }
    return root;
  }

 private:
  NodePtr disjunction() {
    return series("||", Node::Kind::kOr, [this] { return conjunction(); });
  }
  NodePtr conjunction() {
    return series("&&", Node::Kind::kAnd, [this] { return negation(); });
  }

  /// One or more of what `next` reads, with an operator between them.
  template <typename Next>
  NodePtr series(std::string_view sign, Node::Kind kind, Next next) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    do {
      NodePtr child = next();
      if (!child) {
        return nullptr;
      }
      node->children.push_back(std::move(child));
    } while (take(sign));
    return node->children.size() == 1 ? std::move(node->children.front()) : std::move(node);
  }

  NodePtr negation() {
    skip_space();
    const std::size_t start = at_;
    if (++depth_ > kMaxExpressionDepth) {
      return error_at(start, "it is nested too deeply");
    }
    NodePtr node = take("!") ? negated() : take("(") ? group() : call();
    --depth_;
    return node;
  }

  NodePtr negated() {
    auto node = std::make_unique<Node>();
    node->kind = Node::Kind::kNot;
    NodePtr child = negation();
    if (!child) {
      return nullptr;
    }
    node->children.push_back(std::move(child));
    return node;
  }

  NodePtr group() {
    NodePtr inside = disjunction();
    return inside && expect(")") ? std::move(inside) : nullptr;
  }

  NodePtr call() {
    const std::size_t start = at_;
    const std::string_view name = word();
    if (name.empty()) {
      return error_at(start, "a condition is missing: contains, equals, regexp.match, ! or (");
    }
    const auto* function =
        std::find_if(kFunctions.begin(), kFunctions.end(),
                     [&](const FunctionName& known) { return known.name == name; });
    if (function == kFunctions.end()) {
      return error_at(start, "there is no function " + kube::quoted(name));
    }
    auto node = std::make_unique<Node>();
    node->kind = function->kind;
    return arguments(*node, name) && check_types(*node) ? std::move(node) : nullptr;
  }

  /// `( A , B )`.
  bool arguments(Node& node, std::string_view name) {
    if (!expect("(")) {
      return false;
    }
    for (std::size_t i = 0; i < 2; ++i) {
      if (i == 1 && !take(",")) {
        return fail_at(at_, std::string(name) + " takes two arguments");
      }
      skip_space();
      starts_[i] = at_;
      auto operand = argument(name);
      if (!operand) {
        return false;
      }
      node.operands.push_back(std::move(*operand));
    }
    return take(")") || fail_at(at_, std::string(name) + " takes two arguments, then )");
  }

  std::optional<Operand> argument(std::string_view function) {
    Operand operand;
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '`')) {
      operand.is_literal = true;
      auto literal = string_literal();
      operand.text = literal.value_or("");
      return literal ? std::optional(std::move(operand)) : std::nullopt;
    }
    const std::size_t start = at_;
    const std::string_view name = word();
    if (name.empty()) {
      fail_at(start, std::string(function) + " wants a field or a string in double quotes here");
      return std::nullopt;
    }
    return field(name, start);
  }

  std::optional<Operand> field(std::string_view name, std::size_t start) {
    const auto* known = std::find_if(kFields.begin(), kFields.end(),
                                     [&](const FieldName& each) { return each.name == name; });
    if (known == kFields.end() || (known->filter_only && use_ != ExpressionUse::kFilter)) {
      fail_at(start, "there is no field " + kube::quoted(name) +
                         (known == kFields.end() ? "" : " outside of a threshold's filter"));
      return std::nullopt;
    }
    Operand operand;
    operand.field = known->field;
    if (known->is_map) {
      if (!expect("[")) {
        return std::nullopt;
      }
      skip_space();
      auto key = string_literal();
      if (!key || !expect("]")) {
        return std::nullopt;
      }
      operand.text = std::move(*key);
    }
    return operand;
  }

  bool check_types(Node& node) {
    const Operand& first = node.operands[0];
    const Operand& second = node.operands[1];
    switch (node.kind) {
      case Node::Kind::kContains:
        return (first.is_list() || fail_at(starts_[0], "contains wants a list first")) &&
               (!second.is_list() || fail_at(starts_[1], "contains wants a string second"));
      case Node::Kind::kEquals:
        return (!first.is_list() || fail_at(starts_[0], "equals compares strings, not lists")) &&
               (!second.is_list() || fail_at(starts_[1], "equals compares strings, not lists"));
      default:
        return (second.is_literal ||
                fail_at(starts_[1], "regexp.match wants its pattern as a string")) &&
               compile(node);
    }
  }

  bool compile(Node& node) {
    auto pattern = Pattern::compile(node.operands[1].text, kMaxPatternText);
    if (!pattern) {
      return fail_at(starts_[1], "the pattern " + kube::printable(pattern.error().message));
    }
    node.pattern = std::move(*pattern);
    return true;
  }

  std::optional<std::string> string_literal() {
    const std::size_t start = at_;
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '"' && quote != '`') {
      fail_at(start, "a string in double quotes is missing");
      return std::nullopt;
    }
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return value;
      }
      if (quote == '"' && text_[at_] == '\\') {
        if (!escape(value)) {
          return std::nullopt;
        }
      } else {
        value += text_[at_];
      }
    }
    fail_at(start, "the string does not end");
    return std::nullopt;
  }

  bool escape(std::string& value) {
    const std::size_t start = at_++;
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    constexpr std::string_view kEscapes = "\"\\nt";
    constexpr std::string_view kMeanings = "\"\\\n\t";
    const std::size_t which = kEscapes.find(c);
    if (which == std::string_view::npos) {
      return fail_at(start, R"(of the escapes there are \" \\ \n and \t; `…` has none)");
    }
    value += kMeanings[which];
    return true;
  }

  std::string_view word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_word_character(text_[at_])) {
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }

  void skip_space() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string::npos) {
      ++at_;
    }
  }

  bool take(std::string_view sign) {
    skip_space();
    if (!text_.substr(at_).starts_with(sign)) {
      return false;
    }
    at_ += sign.size();
    return true;
  }

  bool expect(std::string_view sign) {
    return take(sign) || fail_at(at_, std::string(sign) + " is missing");
  }

  bool fail_at(std::size_t offset, std::string message) {
    if (!error_) {
      error_ = ExpressionError{std::move(message), offset};
    }
    return false;
  }
  NodePtr error_at(std::size_t offset, std::string message) {
    fail_at(offset, std::move(message));
    return nullptr;
  }

  std::string_view text_;
  ExpressionUse use_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::array<std::size_t, 2> starts_{};  ///< where the arguments of the call begin
  std::optional<ExpressionError> error_;
};

}  // namespace

tl::expected<NodePtr, ExpressionError> parse_expression(std::string_view text, ExpressionUse use) {
  return Parser(text, use).parse();
}

}  // namespace postern::rbac::request
