#include "rbac/pattern.h"

#include "kube/text.h"
#include "rbac/generated_name.h"
#include "rbac/regex_shape.h"

#include <algorithm>
#include <cstring>
#include <re2/re2.h>
#include <utility>

namespace postern::rbac {
namespace {

constexpr std::int64_t kRegexMemory = 1 << 20;
/// Of a pattern that is not longer than everybody's may be (in resource IDs). So much memory holds
/// RE2 back before it has spent much time; and matching what it finds hard, as `^(a?){250}$`, takes
/// time by the program's size, here 3 ms at the most. Longer patterns are in roles alone.
constexpr std::int64_t kCheapMemory = 128 * 1024;
constexpr int kCheapProgram = 1000;

re2::RE2::Options regex_options(std::int64_t memory) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(memory);
  return options;
}

/// Where `\p` or `\P` is; npos for nowhere. Classes like `\pL` have hundreds of ranges, and RE2
/// takes a hundred milliseconds to find out that many of them are too large for it.
std::size_t find_unicode_class(std::string_view text) {
  constexpr std::size_t kNowhere = std::string_view::npos;
  for (std::size_t at = text.find('\\'); at != kNowhere; at = text.find('\\', at + 2)) {
    const std::string_view behind = text.substr(at + 1, 1);
    if (behind == "p" || behind == "P") return at;
  }
  return kNowhere;
}

re2::StringPiece piece_of(std::string_view text) {
  return {text.data(), text.size()};
}

/// False also for what does not compile for another reason.
bool is_costly(std::string_view text) {
  const re2::RE2 trial(piece_of(text), regex_options(kCheapMemory));
  return trial.ok() ? trial.ProgramSize() > kCheapProgram
                    : trial.error_code() == re2::RE2::ErrorPatternTooLarge;
}

bool begins_as_regex(std::string_view text) {
  return text.starts_with('^');
}
bool ends_as_regex(std::string_view text) {
  return text.size() > 1 && text.ends_with('$');
}

/// Splits at every `*`; pieces in the middle that are empty are left out.
std::vector<std::string> split_at_stars(std::string_view text) {
  std::vector<std::string> pieces(1);
  for (const char c : text) {
    if (c != '*') {
      pieces.back() += c;
    } else if (pieces.size() == 1 || !pieces.back().empty()) {
      pieces.emplace_back();
    }
  }
  return pieces;
}

std::optional<PatternError> check_text(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return PatternError{"is longer than " + std::to_string(max_bytes) + " bytes", max_bytes};
  }
  for (std::size_t i = 0; i < text.size();) {
    const kube::CodePoint point = kube::decode_utf8(text, i);
    if (point.length == 0) {
      return PatternError{"is not UTF-8", i};
    }
    if (!kube::is_printable(text.substr(i, point.length))) {
      return PatternError{"has a control or bidirectional character", i};
    }
    i += point.length;
  }
  return std::nullopt;
}

/// Where `part` begins in `text`; string_view::npos where it is not.
std::size_t find_bytes(std::string_view text, std::string_view part) {
  const void* found = memmem(text.data(), text.size(), part.data(), part.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

Pattern Pattern::from_pieces(std::string text, std::vector<std::string> pieces) {
  Pattern pattern;
  pattern.text_ = std::move(text);
  for (const std::string& piece : pieces) {
    pattern.fixed_bytes_ += piece.size();
  }
  if (pieces.size() == 1) {
    pattern.kind_ = Kind::kLiteral;
  } else if (pieces.size() == 2 && pieces[1].empty()) {
    pattern.kind_ = pieces[0].empty() ? Kind::kAny : Kind::kPrefix;
  } else {
    pattern.kind_ = Kind::kGlob;
  }
  pattern.pieces_ = std::move(pieces);
  return pattern;
}

tl::expected<Pattern, PatternError> Pattern::compile_regex(std::string_view text) {
  if (const std::size_t at = find_unicode_class(text); at != std::string_view::npos) {
    return tl::unexpected(PatternError{"has a Unicode class, which patterns do not take", at});
  }
  if (text.size() <= kMaxPatternBytes && is_costly(text)) {
    return tl::unexpected(PatternError{"is a regular expression that would take too much time", 0});
  }
  auto regex = std::make_shared<const re2::RE2>(piece_of(text), regex_options(kRegexMemory));
  if (!regex->ok()) {
    const std::size_t at = text.find(regex->error_arg());
    return tl::unexpected(
        PatternError{"does not compile: " + regex->error(), at == std::string_view::npos ? 0 : at});
  }
  Pattern pattern;
  pattern.kind_ = Kind::kRegex;
  pattern.text_ = text;
  pattern.regex_ = std::move(regex);
  return pattern;
}

tl::expected<Pattern, PatternError> Pattern::compile(std::string_view text, std::size_t max_bytes) {
  if (auto error = check_text(text, max_bytes)) {
    return tl::unexpected(std::move(*error));
  }
  if (begins_as_regex(text) && ends_as_regex(text)) {
    return compile_regex(text);
  }
  if (begins_as_regex(text) || ends_as_regex(text)) {
    return tl::unexpected(PatternError{"begins with ^ or ends with $, but not both",
                                       begins_as_regex(text) ? 0 : text.size() - 1});
  }
  return from_pieces(std::string(text), split_at_stars(text));
}

Pattern Pattern::literal(std::string_view text) {
  return from_pieces(std::string(text), {std::string(text)});
}

Pattern Pattern::any() {
  return from_pieces("*", {"", ""});
}

tl::expected<Pattern, PatternError> Pattern::around(std::string_view prefix, std::string_view value,
                                                    std::string_view suffix) {
  std::string text(prefix);
  text.append(value).append(suffix);
  if (auto error = check_text(text, kMaxPatternBytes)) {
    return tl::unexpected(std::move(*error));
  }
  const bool begins = begins_as_regex(prefix);
  const bool ends = suffix.ends_with('$');
  if (begins && ends) {
    return compile_regex(std::string(prefix) + re2::RE2::QuoteMeta(piece_of(value)) +
                         std::string(suffix));
  }
  if (begins || ends) {
    return tl::unexpected(PatternError{"begins with ^ or ends with $, but not both", 0});
  }
  std::vector<std::string> pieces = split_at_stars(prefix);
  std::vector<std::string> behind = split_at_stars(suffix);
  pieces.back().append(value).append(behind.front());
  pieces.insert(pieces.end(), std::make_move_iterator(behind.begin() + 1),
                std::make_move_iterator(behind.end()));
  return from_pieces(std::move(text), std::move(pieces));
}

bool Pattern::glob_matches(std::string_view name) const {
  const std::string& first = pieces_.front();
  const std::string& last = pieces_.back();
  if (name.size() < fixed_bytes_ || !name.starts_with(first) || !name.ends_with(last)) {
    return false;
  }
  // Leftmost is best: whatever matches further right leaves less for the pieces that follow.
  std::string_view rest = name.substr(first.size(), name.size() - first.size() - last.size());
  for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
    const std::size_t at = find_bytes(rest, pieces_[i]);
    if (at == std::string_view::npos) {
      return false;
    }
    rest.remove_prefix(at + pieces_[i].size());
  }
  return true;
}

bool Pattern::matches(std::string_view name, Effect effect) const {
  switch (kind_) {
    case Kind::kLiteral:
      return name == head();
    case Kind::kPrefix:
      return name.starts_with(head());
    case Kind::kAny:
      return true;
    case Kind::kGlob:
      return glob_matches(name);
    case Kind::kRegex:
      return regex_->Match(piece_of(name), 0, name.size(),
                           effect == Effect::kAllow ? re2::RE2::ANCHOR_BOTH : re2::RE2::UNANCHORED,
                           nullptr, 0);
  }
  return effect == Effect::kDeny;
}

bool Pattern::covers(const Pattern& other, Effect effect) const {
  if (kind_ == Kind::kAny || *this == other) {
    return true;
  }
  if (other.kind_ == Kind::kLiteral) {
    return matches(other.head(), effect);
  }
  return kind_ == Kind::kPrefix && (other.kind_ == Kind::kPrefix || other.kind_ == Kind::kGlob) &&
         other.head().starts_with(head());
}

bool Pattern::could_intersect(const Pattern& other) const {
  if (kind_ == Kind::kLiteral) {
    return other.matches(head());
  }
  if (other.kind_ == Kind::kLiteral) {
    return matches(other.head());
  }
  if (kind_ == Kind::kRegex || other.kind_ == Kind::kRegex) {
    return true;
  }
  return head().starts_with(other.head()) || other.head().starts_with(head());
}

bool Pattern::covers_generated(std::string_view base) const {
  base = generated_base(base);
  switch (kind_) {
    case Kind::kLiteral:
      return false;
    case Kind::kPrefix:
      return base.starts_with(head());
    case Kind::kAny:
      return true;
    case Kind::kGlob:
      return pieces_.back().empty() && glob_matches(base);
    case Kind::kRegex:
      break;
  }
  const auto literal = literal_before_class(text_);
  return literal && base.starts_with(*literal) &&
         std::all_of(kGeneratedAlphabet.begin(), kGeneratedAlphabet.end(), [&](char c) {
           return matches(std::string(base) + std::string(kGeneratedLetters, c));
         });
}

bool Pattern::could_match_generated(std::string_view base, Effect) const {
  base = generated_base(base);
  if (kind_ == Kind::kRegex || kind_ == Kind::kAny) {
    return true;
  }
  const std::string_view fixed = head();
  const bool could_begin =
      fixed.size() <= base.size()
          ? base.starts_with(fixed)
          : fixed.starts_with(base) && could_be_generated(fixed.substr(base.size()));
  if (kind_ == Kind::kLiteral) {
    return could_begin && fixed.size() == base.size() + kGeneratedLetters;
  }
  if (kind_ == Kind::kPrefix || !could_begin) {
    return could_begin;
  }
  const std::string_view last = pieces_.back();
  return could_be_generated(last.substr(last.size() - std::min(last.size(), kGeneratedLetters)));
}

}  // namespace postern::rbac
