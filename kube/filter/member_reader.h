#pragma once

#include "kube/filter/json_string.h"
#include "kube/filter/short_value.h"
#include "kube/filter/white_space.h"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// One member of an object.
struct Member {
  std::string_view key;    ///< decoded; until the next is read
  std::string_view value;  ///< as written
};

/// Reads the members of an object whose text is complete, in their order. Values are not read, only
/// passed over (as Walker does). The text must outlive the reader.
class MemberReader {
 public:
  /// `text`: an object and whatever follows it.
  explicit MemberReader(std::string_view text);

  /// The next member; false at the end, or when the text is not an object: then failed() is true.
  bool next(Member& member) { return next_key(member.key) && skip_value(member.value); }
  /// The same in two steps: the key, then its value by skip_value() or, where someone else reads
  /// it, by text() and go_on().
  bool next_key(std::string_view& key);
  bool skip_value(std::string_view& value);
  bool failed() const { return failed_; }
  /// Whether this was an object with nothing behind it. Asked at the end.
  bool complete() const { return complete(end_); }
  /// The same where the text goes on behind `end`.
  bool complete(const char* end) const;

  /// The text from where the reader stands: a value and what follows it; at the end, what follows
  /// the object.
  std::string_view text() const { return {p_, end_}; }
  const char* text_end() const { return end_; }
  /// Goes on there.
  void go_on(std::string_view text) { p_ = text.data(); }

 private:
  /// More than a comma, a short key and its colon have bytes.
  static constexpr std::ptrdiff_t kQuickMargin = kShortValue + 4;

  bool fail();
  bool decode_short_key(std::string_view& key);
  bool next_long_key(std::string_view& key);
  bool skip_long_value(std::string_view& value);

  const char* p_;
  const char* end_;
  bool first_ = true;
  bool over_ = false;
  bool failed_ = false;
  char short_key_[kShortValue];  // a key that had escapes
  std::string long_key_;         // the same
};

// The usual cases are inline: a short key or value without white space.

[[gnu::always_inline]] inline bool MemberReader::next_key(std::string_view& key) {
  const char* p = p_;
  if (over_ || end_ - p <= kQuickMargin) return next_long_key(key);
  if (!first_ && *p++ != ',') return next_long_key(key);
  if (*p != '"') return next_long_key(key);
  bool escapes = false;
  const int length = short_text(p + 1, escapes);
  if (length == kShortValue || p[length + 2] != ':') return next_long_key(key);
  key = {p + 1, static_cast<std::size_t>(length)};
  first_ = false;
  p_ = past_space(p + length + 3, end_);
  return !escapes || decode_short_key(key);
}

[[gnu::always_inline]] inline bool MemberReader::skip_value(std::string_view& value) {
  const int length = end_ - p_ > kShortValue ? short_value(p_) : 0;
  if (length == 0) return skip_long_value(value);
  value = {p_, static_cast<std::size_t>(length)};
  p_ += length;
  return true;
}

/// A member that read_members looks for. `value` stays as it is when there is none.
struct Wanted {
  std::string_view key;
  std::string_view* value;
};

/// Finds members of an object whose text is complete. false: it is not an object, or one of the
/// wanted keys stands there twice.
bool read_members(std::string_view object, std::initializer_list<Wanted> wanted);
/// The same of the object that `text` begins with; `rest` is what follows it.
bool read_members(std::string_view text, std::initializer_list<Wanted> wanted,
                  std::string_view& rest);

bool read_long_value(std::string_view text, std::string_view& value);

/// The value that `text` begins with. false: there is none.
inline bool read_value(std::string_view text, std::string_view& value) {
  const int length = text.size() > kShortValue ? short_value(text.data()) : 0;
  if (length == 0) return read_long_value(text, value);
  value = {text.data(), static_cast<std::size_t>(length)};
  return true;
}

/// Decodes `value` when it is a string; `null` is "". false: it is anything else.
bool read_text(std::string_view value, std::string& out);

}  // namespace postern::kube::filter
