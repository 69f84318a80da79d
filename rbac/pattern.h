#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace re2 {
class RE2;
}

namespace postern::rbac {

/// Why a pattern is not accepted.
struct PatternError {
  std::string message;     ///< names the pattern's fault, without the pattern
  std::size_t offset = 0;  ///< byte of the text at which it was found
};

/// Whether a rule gives or takes: what a pattern matches differs (design §2 "Deny").
enum class Effect { kAllow, kDeny };

inline constexpr std::size_t kMaxPatternBytes = 253;

/// A name, or a pattern of names, compiled when it is accepted and never later. An immutable value,
/// cheap to copy, safe from any thread.
///
/// Text that begins with `^` and ends with `$` is an RE2 regular expression, matched against the
/// whole name, also around an alternation (`^a|b$` matches "a" and "b" only); to deny, a match
/// anywhere in the name is enough. Every other text stands for itself, but for `*`, which stands
/// for any run of characters, none included. Text with only one of the two anchors is refused: it
/// was meant as a regular expression and would match nothing.
class Pattern {
 public:
  enum class Kind { kLiteral, kPrefix, kAny, kGlob, kRegex };

  /// The default matches the empty string only.
  Pattern() = default;

  /// Refuses text above `max_bytes`, invalid UTF-8, control and bidirectional characters, classes
  /// like `\pL`, what RE2 does not compile in 1 MiB and, up to kMaxPatternBytes, is slow to match.
  static tl::expected<Pattern, PatternError> compile(std::string_view text,
                                                     std::size_t max_bytes = kMaxPatternBytes);
  /// Matches exactly this text, whatever characters it has (values of traits).
  static Pattern literal(std::string_view text);
  /// `*`.
  static Pattern any();
  /// `prefix` and `suffix` are pattern text, `value` stands for itself: what a template gives for
  /// one value of its trait. When the text as a whole is a regular expression, the value is quoted.
  static tl::expected<Pattern, PatternError> around(std::string_view prefix, std::string_view value,
                                                    std::string_view suffix);

  bool matches(std::string_view name, Effect effect = Effect::kAllow) const;

  /// Whether it surely matches everything that `other` matches in allow rules. False when in doubt.
  bool covers(const Pattern& other, Effect effect) const;
  /// Whether some name might match both, to allow. True when in doubt.
  bool could_intersect(const Pattern& other) const;
  /// Whether it surely matches every name that Kubernetes could generate from `base`
  /// (`metadata.generateName`: at most 58 bytes of it and five of bcdfghjklmnpqrstvwxz2456789).
  bool covers_generated(std::string_view base) const;
  /// Whether it might match one of those names. True when in doubt.
  bool could_match_generated(std::string_view base, Effect effect) const;

  Kind kind() const { return kind_; }
  bool is_any() const { return kind_ == Kind::kAny; }
  /// kLiteral: the whole text. kPrefix: without its `*`. kGlob: the text before the first `*`.
  std::string_view head() const { return pieces_.empty() ? std::string_view() : pieces_.front(); }
  /// kGlob: what stands between the `*`s; the outer two may be empty.
  const std::vector<std::string>& pieces() const { return pieces_; }
  /// As it was written (a literal from a trait: the value).
  const std::string& text() const { return text_; }

  friend bool operator==(const Pattern& a, const Pattern& b) {
    return a.kind_ == b.kind_ && a.pieces_ == b.pieces_ && a.text_ == b.text_;
  }

 private:
  static Pattern from_pieces(std::string text, std::vector<std::string> pieces);
  static tl::expected<Pattern, PatternError> compile_regex(std::string_view text);
  bool glob_matches(std::string_view name) const;

  Kind kind_ = Kind::kLiteral;
  std::string text_;
  std::vector<std::string> pieces_;  ///< what stands between the `*`s; kLiteral: one
  std::size_t fixed_bytes_ = 0;      ///< of all pieces: the shortest name that could match
  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace postern::rbac
