#include "rbac/request/expression.h"

#include "rbac/request/expression_tree.h"

#include <algorithm>
#include <utility>

namespace postern::rbac::request {
namespace {

const std::vector<std::string>& values_of(const ValueMap* map, std::string_view key) {
  static const std::vector<std::string> none;
  if (map == nullptr) {
    return none;
  }
  const auto found = map->find(key);
  return found == map->end() ? none : found->second;
}

const std::vector<std::string>& list_or_none(const std::vector<std::string>* list) {
  static const std::vector<std::string> none;
  return list == nullptr ? none : *list;
}

const std::vector<std::string>& list_of(const Operand& operand, const ExpressionContext& context) {
  switch (operand.field) {
    case Field::kReviewerRoles:
      return list_or_none(context.reviewer_roles);
    case Field::kReviewerTraits:
      return values_of(context.reviewer_traits, operand.text);
    case Field::kRequestRoles:
      return list_or_none(context.request_roles);
    case Field::kRequestAnnotations:
      return values_of(context.request_annotations, operand.text);
    case Field::kReviewAnnotations:
      return values_of(context.review_annotations, operand.text);
    case Field::kRequestReason:
    case Field::kReviewReason:
      break;
  }
  return list_or_none(nullptr);
}

std::string_view string_of(const Operand& operand, const ExpressionContext& context) {
  if (operand.is_literal) {
    return operand.text;
  }
  return operand.field == Field::kRequestReason ? context.request_reason : context.review_reason;
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool any_match(const Operand& operand, const Pattern& pattern, const ExpressionContext& context) {
  if (!operand.is_list()) {
    return pattern.matches(string_of(operand, context));
  }
  const auto& list = list_of(operand, context);
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& value) { return pattern.matches(value); });
}

}  // namespace

bool Operand::is_list() const {
  return !is_literal && field != Field::kRequestReason && field != Field::kReviewReason;
}

bool Expression::Node::evaluate(const ExpressionContext& context) const {
  const auto holds = [&](const std::unique_ptr<const Node>& child) {
    return child->evaluate(context);
  };
  switch (kind) {
    case Kind::kAnd:
      return std::all_of(children.begin(), children.end(), holds);
    case Kind::kOr:
      return std::any_of(children.begin(), children.end(), holds);
    case Kind::kNot:
      return !holds(children.front());
    case Kind::kContains:
      return contains(list_of(operands[0], context), string_of(operands[1], context));
    case Kind::kEquals:
      return string_of(operands[0], context) == string_of(operands[1], context);
    case Kind::kMatch:
      return any_match(operands[0], pattern, context);
  }
  return false;
}

std::string ExpressionError::str() const {
  return "column " + std::to_string(offset + 1) + ": " + message;
}

tl::expected<Expression, ExpressionError> Expression::parse(std::string_view text,
                                                            ExpressionUse use) {
  Expression expression;
  if (text.empty()) {
    return expression;
  }
  auto root = parse_expression(text, use);
  if (!root) {
    return tl::unexpected(std::move(root.error()));
  }
  expression.text_ = text;
  expression.root_ = std::move(*root);
  return expression;
}

bool Expression::evaluate(const ExpressionContext& context) const {
  return !root_ || root_->evaluate(context);
}

}  // namespace postern::rbac::request
