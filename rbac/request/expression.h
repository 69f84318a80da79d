#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace postern::rbac::request {

/// Names with lists of values: traits of a user, annotations of a request.
using ValueMap = std::map<std::string, std::vector<std::string>, std::less<>>;

inline constexpr std::size_t kMaxExpressionBytes = 4096;
inline constexpr std::size_t kMaxExpressionDepth = 32;

/// What an expression is asked about. Views live as long as the call; a null pointer is an empty
/// list or map.
struct ExpressionContext {
  const std::vector<std::string>* reviewer_roles = nullptr;
  const ValueMap* reviewer_traits = nullptr;
  const std::vector<std::string>* request_roles = nullptr;
  std::string_view request_reason;
  const ValueMap* request_annotations = nullptr;
  std::string_view review_reason;
  const ValueMap* review_annotations = nullptr;
};

/// Why an expression is not accepted.
struct ExpressionError {
  std::string message;     ///< one sentence, printable
  std::size_t offset = 0;  ///< byte of the text at which it was found

  /// `column 9: there is no function "has"`; columns count bytes from 1.
  std::string str() const;
};

/// Where an expression stands decides which fields it may name.
enum class ExpressionUse {
  kWhere,   ///< `review_requests.where`: reviewer and request
  kFilter,  ///< `request.thresholds[].filter`: reviewer, request and review
};

/// A condition on a review, compiled once. An immutable value, cheap to copy, safe from any thread.
///
///     expression = conjunction { "||" conjunction }
///     conjunction = negation { "&&" negation }
///     negation   = "!" negation | "(" expression ")" | call
///     call       = "contains" "(" list "," string ")"          the list has the string
///                | "equals" "(" string "," string ")"          the same bytes
///                | "regexp.match" "(" value "," literal ")"    the string, or one of the list
///     value      = list | string
///     list       = "reviewer.roles" | "reviewer.traits" "[" literal "]" | "request.roles"
///                | "request.system_annotations" "[" literal "]"
///                | "review.annotations" "[" literal "]"                  (filters only)
///     string     = literal | "request.reason" | "review.reason"          (the latter filters only)
///     literal    = "…" with the escapes \" \\ \n \t | `…` without escapes
///
/// The pattern of regexp.match is postern's one pattern language (rbac/pattern.h): `^…$` is an RE2
/// regular expression that has to match the whole text; of every other text only `*` is special.
/// What is not there is an empty list or an empty string. Source: design §4; the functions and
/// fields are those that roles written for Teleport use.
class Expression {
 public:
  /// Always true; what the empty text means.
  Expression() = default;

  /// Refuses text above kMaxExpressionBytes, deeper than kMaxExpressionDepth, with unknown
  /// functions or fields, wrong arity or types, patterns that do not compile, and anything behind
  /// the end.
  static tl::expected<Expression, ExpressionError> parse(std::string_view text, ExpressionUse use);

  bool evaluate(const ExpressionContext& context) const;

  /// As it was written.
  const std::string& text() const { return text_; }
  friend bool operator==(const Expression& a, const Expression& b) { return a.text_ == b.text_; }

  struct Node;  ///< of the syntax tree; defined in expression_tree.h

 private:
  std::string text_;
  std::shared_ptr<const Node> root_;
};

}  // namespace postern::rbac::request
