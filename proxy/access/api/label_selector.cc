#include "proxy/access/api/label_selector.h"

#include "kube/api_grammar.h"
#include "kube/text.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace postern::proxy::access::api {
namespace {

constexpr std::size_t kMaxWord = 63;
/// Each is asked of every object of a kind, and of each change, on the one thread that all share.
constexpr std::size_t kMaxRequirements = 100;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kMaxWord && is_letter_or_digit(text.front()) &&
         is_letter_or_digit(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
         });
}

std::optional<long> as_integer(std::string_view text) {
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

kube::Status unparsable(std::string_view why) {
  return kube::Status::bad_request("unable to parse the label selector: " + std::string(why));
}

}  // namespace

bool is_label_key(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) {
    return is_word(key);
  }
  return kube::is_dns_subdomain(key.substr(0, slash)) && is_word(key.substr(slash + 1));
}

bool is_label_value(std::string_view value) {
  return value.empty() || is_word(value);
}

/// Words, and the signs between them.
class LabelSelectorParser {
 public:
  explicit LabelSelectorParser(std::string_view text) : text_(text) { next(); }

  Result<LabelSelector> parse() {
    LabelSelector selector;
    while (!token_.empty()) {
      auto requirement = parse_requirement();
      if (!requirement) {
        return fail(std::move(requirement.error()));
      }
      if (selector.requirements_.size() == kMaxRequirements) {
        return fail(
            unparsable("it has more than " + std::to_string(kMaxRequirements) + " requirements"));
      }
      selector.requirements_.push_back(std::move(*requirement));
      if (token_.empty()) break;
      if (token_ != ",") return fail(unparsable("a comma was expected"));
      next();
      if (token_.empty()) return fail(unparsable("it ends with a comma"));
    }
    return selector;
  }

 private:
  using Operator = LabelSelector::Operator;
  using Requirement = LabelSelector::Requirement;

  static bool is_sign(char c) { return std::string_view("=!(),<>").find(c) != std::string::npos; }
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  /// The next token; "" at the end.
  void next() {
    while (!text_.empty() && is_space(text_.front())) text_.remove_prefix(1);
    std::size_t size = 0;
    if (text_.starts_with("==") || text_.starts_with("!=")) {
      size = 2;
    } else if (!text_.empty() && is_sign(text_.front())) {
      size = 1;
    } else {
      while (size < text_.size() && !is_sign(text_[size]) && !is_space(text_[size])) ++size;
    }
    token_ = text_.substr(0, size);
    text_.remove_prefix(size);
  }

  std::string_view take() {
    const std::string_view taken = token_;
    next();
    return taken;
  }

  Result<Requirement> parse_requirement() {
    Requirement requirement;
    const bool absent = token_ == "!";
    if (absent) next();
    requirement.key = take();
    if (!is_label_key(requirement.key)) {
      return fail(unparsable(kube::quoted(requirement.key) + " is not the key of a label"));
    }
    if (absent || token_.empty() || token_ == ",") {
      requirement.op = absent ? Operator::kAbsent : Operator::kExists;
      return requirement;
    }
    return parse_operator(std::move(requirement));
  }

  Result<Requirement> parse_operator(Requirement requirement) {
    const std::string_view op = take();
    if (op == "in" || op == "notin") {
      requirement.op = op == "in" ? Operator::kIn : Operator::kNotIn;
      return parse_set(std::move(requirement));
    }
    if (op == "=" || op == "==") {
      requirement.op = Operator::kIn;
    } else if (op == "!=") {
      requirement.op = Operator::kNotIn;
    } else if (op == ">" || op == "<") {
      requirement.op = op == ">" ? Operator::kGreater : Operator::kLess;
    } else {
      return fail(unparsable(kube::quoted(op) + " is not an operator"));
    }
    return parse_value(std::move(requirement));
  }

  Result<Requirement> parse_value(Requirement requirement) {
    const bool nothing = token_.empty() || token_ == ",";
    const std::string value(nothing ? std::string_view() : take());
    const bool compares = requirement.op == Operator::kGreater || requirement.op == Operator::kLess;
    if (!is_label_value(value) || (compares && !as_integer(value))) {
      return fail(unparsable(kube::quoted(value) + " is not a value"));
    }
    requirement.values.insert(value);
    return requirement;
  }

  Result<Requirement> parse_set(Requirement requirement) {
    if (take() != "(") return fail(unparsable("a parenthesis was expected"));
    for (;;) {
      const bool nothing = token_ == "," || token_ == ")";
      const std::string value(nothing ? std::string_view() : take());
      if (!is_label_value(value)) {
        return fail(unparsable(kube::quoted(value) + " is not a value"));
      }
      requirement.values.insert(value);
      const std::string_view sign = take();
      if (sign == ")") return requirement;
      if (sign != ",") return fail(unparsable("a set does not end"));
    }
  }

  std::string_view text_;
  std::string_view token_;
};

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  return LabelSelectorParser(text).parse();
}

bool LabelSelector::Requirement::holds(const std::map<std::string, std::string>& labels) const {
  const auto label = labels.find(key);
  const bool there = label != labels.end();
  switch (op) {
    case Operator::kIn:
      return there && values.contains(label->second);
    case Operator::kNotIn:
      return !there || !values.contains(label->second);
    case Operator::kExists:
      return there;
    case Operator::kAbsent:
      return !there;
    case Operator::kGreater:
    case Operator::kLess:
      break;
  }
  const auto number = there ? as_integer(label->second) : std::nullopt;
  const auto bound = as_integer(*values.begin());
  return number && bound && (op == Operator::kGreater ? *number > *bound : *number < *bound);
}

bool LabelSelector::matches(const std::map<std::string, std::string>& labels) const {
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&labels](const Requirement& one) { return one.holds(labels); });
}

}  // namespace postern::proxy::access::api
