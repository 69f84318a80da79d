#pragma once

#include "kube/result.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy::access::api {

/// A label selector, by Kubernetes' whole grammar (apimachinery pkg/labels/selector.go):
///
///     a=b  a==b  a!=b  a in (b,c)  a notin (b,c)  a  !a  a>5  a<5
///
/// joined by commas. `!=` and `notin` hold where the label is absent.
class LabelSelector {
 public:
  /// 400 with a sentence for what does not parse, or has more than 100 requirements. "" selects
  /// everything.
  static Result<LabelSelector> parse(std::string_view text);

  bool matches(const std::map<std::string, std::string>& labels) const;
  bool empty() const { return requirements_.empty(); }

 private:
  friend class LabelSelectorParser;
  enum class Operator { kIn, kNotIn, kExists, kAbsent, kGreater, kLess };
  struct Requirement {
    std::string key;
    Operator op = Operator::kExists;
    std::set<std::string> values;
    bool holds(const std::map<std::string, std::string>& labels) const;
  };
  std::vector<Requirement> requirements_;
};

/// `[prefix/]name`: prefix a DNS subdomain, name at most 63 characters, as keys of labels and
/// annotations have to be (apimachinery IsQualifiedName).
bool is_label_key(std::string_view key);
/// At most 63 of `[A-Za-z0-9._-]`, beginning and ending with a letter or digit; or empty.
bool is_label_value(std::string_view value);

}  // namespace postern::proxy::access::api
