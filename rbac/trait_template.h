#pragma once

#include "rbac/pattern.h"

#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace postern::rbac {

/// Values that belong to a user: `spec.traits` of a `kind: user` document.
using Traits = std::map<std::string, std::vector<std::string>, std::less<>>;

/// A value of a role that may hold one interpolation, `{{internal.X}}`, `{{external.X}}` or
/// `{{external["X"]}}`, with fixed text around it. Parsed when the role is loaded, expanded per
/// user: one value for each value of the trait. An immutable value.
class TraitTemplate {
 public:
  TraitTemplate() = default;
  /// Refuses an unfinished or second `{{`, functions, and namespaces other than internal and
  /// external.
  static tl::expected<TraitTemplate, PatternError> parse(std::string_view text);

  bool has_trait() const { return !trait_.empty(); }
  /// As it was written.
  const std::string& text() const { return text_; }
  const std::string& prefix() const { return prefix_; }
  const std::string& suffix() const { return suffix_; }

  /// The plain values; none when the user has no value for the trait. Repeated values once.
  std::vector<std::string> expand(const Traits& traits) const;

  friend bool operator==(const TraitTemplate& a, const TraitTemplate& b) {
    return a.text_ == b.text_;
  }

 private:
  std::string text_;
  std::string prefix_;  ///< without a trait: the whole text
  std::string trait_;
  std::string suffix_;

  friend class PatternTemplate;
};

/// A TraitTemplate whose fixed text is a pattern; values of traits are literal in it.
class PatternTemplate {
 public:
  PatternTemplate() = default;  ///< matches the empty string only
  /// Compiles what is fixed; with an interpolation, checks that the text around it compiles.
  static tl::expected<PatternTemplate, PatternError> parse(
      std::string_view text, std::size_t max_bytes = kMaxPatternBytes);
  static PatternTemplate fixed(Pattern pattern);

  bool has_trait() const { return source_.has_trait(); }
  const std::string& text() const { return source_.text(); }

  struct Expansion {
    std::vector<Pattern> patterns;
    /// The user has no value for the trait, or a value did not compile: an allow rule takes
    /// `patterns` alone, a deny rule matches everything.
    bool incomplete = false;
  };
  Expansion expand(const Traits& traits) const;

  friend bool operator==(const PatternTemplate& a, const PatternTemplate& b) {
    return a.source_ == b.source_;
  }

 private:
  TraitTemplate source_;
  Pattern pattern_;  ///< without a trait
};

}  // namespace postern::rbac
