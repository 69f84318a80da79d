#pragma once

#include "kube/filter/scanner.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// Reads a token, or passes over a value, that may be long and go on in the next chunk.
///
/// What begins or goes on with one returns the byte after it; or `end`, then going_on() is true and
/// resume() is next, with the next chunk; or nullptr, then error() says why.
class TokenReader {
 public:
  enum class Kind : std::uint8_t {
    kText,    ///< a string whose text is wanted
    kScalar,  ///< a number, true, false or null (whether it is one is not looked at)
    kValue,   ///< a string, object or array to pass over
    kRest,    ///< the rest of objects and arrays that are open
  };

  TokenReader() : scan_(scan_functions()) {}

  /// Begin at the token's first byte.
  const char* begin_text(const char* p, const char* end);
  const char* begin_scalar(const char* p, const char* end);
  const char* begin_value(const char* p, const char* end);
  /// What comes next at `depth` open containers, the outermost of which is an object. Read it with
  /// resume_rest().
  void begin_rest(std::uint64_t depth);
  /// `p` is not `end`.
  const char* resume(const char* p, const char* end);
  /// The same where kind() is kRest.
  const char* resume_rest(const char* p, const char* end);

  bool going_on() const { return going_on_; }
  Kind kind() const { return kind_; }
  /// Of a text (as written, without its quotes) or scalar. Dies with the chunk.
  std::string_view text() const { return text_; }
  /// Whether the text has escapes.
  bool escapes() const { return skip_.saw_backslash; }
  const char* error() const { return error_; }

 private:
  const char* fail(const char* reason);
  const char* take(const char* from, const char* until, const char* after, const char* too_long);
  const char* skip_containers(const char* p, const char* end);
  const char* containers_over(const char* after);

  const ScanFunctions scan_;
  ScanState skip_;
  Kind kind_ = Kind::kText;
  bool going_on_ = false;
  char closer_ = 0;  ///< of the outermost container
  std::string_view text_;
  std::string carried_;  ///< the text's bytes of earlier chunks
  const char* error_ = nullptr;
};

inline void TokenReader::begin_rest(std::uint64_t depth) {
  kind_ = Kind::kRest;
  skip_ = {};
  skip_.depth = depth;
  closer_ = '}';
  going_on_ = true;
}

inline const char* TokenReader::containers_over(const char* after) {
  going_on_ = false;
  return after[-1] == closer_ ? after : fail("brackets do not match");
}

inline const char* TokenReader::resume_rest(const char* p, const char* end) {
  // Often nothing but brackets is left.
  while (!skip_.in_string && skip_.depth != 0 && p != end && (*p == '}' || *p == ']')) {
    --skip_.depth;
    ++p;
  }
  if (skip_.depth != 0) return skip_containers(p, end);
  return containers_over(p);
}

}  // namespace postern::kube::filter
