#pragma once

#include "rbac/pattern.h"
#include "rbac/request/expression.h"

#include <memory>
#include <string>
#include <vector>

namespace postern::rbac::request {
/// What an expression can speak of.
enum class Field {
  kReviewerRoles,
  kReviewerTraits,
  kRequestRoles,
  kRequestReason,
  kRequestAnnotations,
  kReviewReason,
  kReviewAnnotations,
};

/// An argument of a call: a literal, or a field with the key of a map.
struct Operand {
  bool is_literal = false;
  std::string text;  ///< the literal, or the key
  Field field = Field::kReviewerRoles;
  bool is_list() const;
};

/// A node of the syntax tree, private to Expression and its parser.
struct Expression::Node {
  enum class Kind { kAnd, kOr, kNot, kContains, kEquals, kMatch };
  Kind kind = Kind::kAnd;
  std::vector<std::unique_ptr<const Node>> children;  ///< of kAnd, kOr, kNot
  std::vector<Operand> operands;                      ///< of calls
  Pattern pattern;                                    ///< of kMatch

  bool evaluate(const ExpressionContext& context) const;
};

/// The whole text as a tree. Source of the grammar: Expression.
tl::expected<std::unique_ptr<const Expression::Node>, ExpressionError> parse_expression(
    std::string_view text, ExpressionUse use);

}  // namespace postern::rbac::request
