#pragma once

#include "kube/filter/json_string.h"
#include "kube/filter/scanner.h"
#include "kube/filter/short_text.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// What a handler wants of the value that comes next.
enum class Want : std::uint8_t {
  kSkip,    ///< pass over it, whatever it is
  kText,    ///< a string: on_text
  kRaw,     ///< its bytes, whatever it is: on_raw
  kObject,  ///< an object, whose members are walked: on_open … on_close
  kArray,   ///< an array, whose elements are walked: on_open … on_close
};

/// What a handler says after it was told something.
enum class Step : std::uint8_t {
  kGo,
  kAbandon,  ///< the rest of the item is of no interest: on_abandoned after its closing bracket
  kFail,     ///< the handler's reason() says why
};

/// Longest key, text or number that is looked at, in bytes as written.
inline constexpr std::size_t kMaxToken = 4096;

/// Walks a stream of JSON documents that arrives in chunks of any size, stepping into those objects
/// and arrays that `Handler` asks for and scanning over all the rest. Every value that is stepped
/// into is read strictly (RFC 8259); of what is scanned over, strings and brackets alone are told
/// apart.
///
/// Handler:
///   Want on_key(std::string_view key)       a member of the innermost object; key decoded
///   Want on_element()                       an element of the innermost array
///   Step on_text(std::string_view raw, const char* after)  as written between the quotes
///   Step on_raw(std::string_view value)
///   Step on_null(const char* after)         null where a text, object or array was wanted
///   Step on_open(const char* at)            top-level objects too
///   Step on_close(const char* after)
///   Step on_abandoned(const char* after)
///   std::size_t abandon_level() const       open containers at which the item is the innermost
///   const char* reason() const
/// `at` and `after` point into the current chunk. Views die with the call.
template <class Handler>
class Walker {
 public:
  Walker(Handler& handler, std::size_t raw_cap)
      : handler_(handler), scan_(scan_functions()), raw_cap_(raw_cap) {}

  /// Consumes a chunk. false: the body is refused, reason() says why; not to be called again.
  bool feed(const char* p, const char* end) {
    const char* const begin = p;
    raw_from_ = p;
    while (p != end) {
      const char* const next = step(p, end);
      if (next == nullptr) {
        offset_ += static_cast<std::uint64_t>(p - begin);
        return false;
      }
      p = next;
    }
    offset_ += static_cast<std::uint64_t>(end - begin);
    return !raw_active_ || keep_raw(end);
  }

  /// Whether the input so far is whole documents.
  bool at_rest() const { return state_ == State::kDocument; }
  const char* reason() const { return reason_; }
  /// Bytes consumed so far; after a failure, roughly where it is.
  std::uint64_t offset() const { return offset_; }

 private:
  enum class State : std::uint8_t {
    kDocument,
    kFirstKey,
    kKey,
    kColon,
    kValue,
    kFirstElement,
    kElement,
    kAfterValue,
    kInToken,
    kInScalar,
    kSkipString,
    kSkipContainer,
    kAbandoned,
  };

  static constexpr std::size_t kMaxLevels = 8;
  static constexpr std::ptrdiff_t kQuickMargin = 4 * kShortText;

  static bool is_space(char c) {
    return static_cast<unsigned char>(c) <= ' ' &&
           (c == ' ' || c == '\n' || c == '\r' || c == '\t');
  }

  const char* step(const char* p, const char* end) {
    switch (state_) {
      case State::kAfterValue:
        if (*p == ',') return comma(p, end);
        break;
      case State::kInToken:
        return token(p, end);
      case State::kInScalar:
        return scalar(p, end);
      case State::kSkipString:
        return skip_string(p, end);
      case State::kSkipContainer:
      case State::kAbandoned:
        return skip_container(p, end);
      default:
        break;
    }
    while (is_space(*p)) {
      if (++p == end) return end;
    }
    switch (state_) {
      case State::kDocument:
        if (*p != '{') return fail("not a JSON object");
        return open(p);
      case State::kFirstKey:
        if (*p == '}') return close(p);
        [[fallthrough]];
      case State::kKey: {
        const char* const after = quick_members(p, end);
        return after != p ? after : key(p, end);
      }
      case State::kColon:
        if (*p != ':') return fail("no colon after a key");
        state_ = State::kValue;
        return p + 1;
      case State::kFirstElement:
        return *p == ']' ? close(p) : element(p, end);
      case State::kElement:
        return element(p, end);
      case State::kValue:
        return value(p, end);
      default:
        return *p == ',' ? comma(p, end) : close(p);
    }
  }

  const char* fail(const char* reason) {
    reason_ = reason;
    return nullptr;
  }

  /// Goes on as the handler says, at `p`.
  [[gnu::always_inline]] const char* follow(Step step, const char* p) {
    if (step == Step::kGo) return p;
    if (step == Step::kFail) return fail(handler_.reason());
    const std::size_t item = handler_.abandon_level();
    skip_ = {};
    skip_.depth = level_ + 1 - item;
    closer_ = '}';
    level_ = item - 1;
    state_ = State::kAbandoned;
    return p;
  }

  [[gnu::always_inline]] const char* open(const char* p) {
    if (level_ == kMaxLevels) return fail("nested too deeply");
    const bool array = *p == '[';
    arrays_[level_++] = array;
    state_ = array ? State::kFirstElement : State::kFirstKey;
    return follow(handler_.on_open(p), p + 1);
  }

  [[gnu::always_inline]] const char* close(const char* p) {
    const bool array = arrays_[level_ - 1];
    if (*p != (array ? ']' : '}')) return fail("no comma after a value");
    --level_;
    state_ = level_ == 0 ? State::kDocument : State::kAfterValue;
    return follow(handler_.on_close(p + 1), p + 1);
  }

  const char* comma(const char* p, const char* end) {
    const bool array = arrays_[level_ - 1];
    state_ = array ? State::kElement : State::kKey;
    ++p;
    return array && p != end && *p == '{' ? element(p, end) : p;
  }

  const char* element(const char* p, const char* end) {
    want_ = handler_.on_element();
    p = value(p, end);
    return p != nullptr && state_ == State::kFirstKey ? quick_members(p, end) : p;
  }

  const char* key(const char* p, const char* end) {
    if (*p != '"') return fail("no key where one must be");
    in_key_ = true;
    return begin_token(p, end);
  }

  /// The usual case, faster: members that are whole in this chunk and written without white space,
  /// without a state between their tokens. Stops wherever that ends, in any state.
  const char* quick_members(const char* p, const char* end) {
    while (end - p > kQuickMargin && *p == '"') {
      p = quick_key(p, end);
      if (p == nullptr || end - p <= kQuickMargin / 2 || *p != ':') return p;
      state_ = State::kValue;
      ++p;
      if (is_space(*p)) return p;
      p = want_ == Want::kSkip ? quick_skip(p, end) : value(p, end);
      if (p == nullptr || p == end) return p;
      if (state_ == State::kFirstKey) continue;
      if (state_ != State::kAfterValue || *p != ',') return p;
      state_ = State::kKey;
      ++p;
    }
    return p;
  }

  [[gnu::always_inline]] const char* quick_key(const char* p, const char* end) {
    const int length = short_text(p + 1);
    if (length == kShortText) {
      in_key_ = true;
      return begin_long_token(p, end);
    }
    state_ = State::kColon;
    want_ = handler_.on_key({p + 1, static_cast<std::size_t>(length)});
    return handler_.reason() != nullptr ? fail(handler_.reason()) : p + length + 2;
  }

  /// Passes over a value, of which at least kQuickMargin / 2 - 1 bytes are there.
  const char* quick_skip(const char* p, const char* end) {
    const char c = *p;
    if (c == '"') {
      const int length = short_text(p + 1);
      if (length != kShortText) return value_done(p + length + 2);
    } else if (c == '{' || c == '[') {
      if (p[1] == c + 2) return value_done(p + 2);
    } else if (c >= '0' && c <= '9' && (p[1] == ',' || p[1] == '}')) {
      return value_done(p + 1);
    }
    return begin_skip(p, end);
  }

  [[gnu::always_inline]] const char* begin_token(const char* p, const char* end) {
    if (end - p > kShortText) {
      const int length = short_text(p + 1);
      if (length != kShortText) {
        skip_.saw_backslash = false;
        return token_done({p + 1, static_cast<std::size_t>(length)}, p + length + 2);
      }
    }
    return begin_long_token(p, end);
  }

  const char* begin_long_token(const char* p, const char* end) {
    skip_ = {};
    skip_.in_string = true;
    const char* const start = p + 1;
    const char* const after = scan_.skip_string(start, end, skip_);
    if (!skip_.in_string) return token_done({start, after - 1}, after);
    token_.assign(start, end);
    state_ = State::kInToken;
    return token_.size() > kMaxToken ? fail("a key or text is too long") : end;
  }

  const char* token(const char* p, const char* end) {
    const char* const after = scan_.skip_string(p, end, skip_);
    token_.append(p, after);
    if (!skip_.in_string) {
      token_.pop_back();
      return token_done(token_, after);
    }
    return token_.size() > kMaxToken ? fail("a key or text is too long") : end;
  }

  [[gnu::always_inline]] const char* token_done(std::string_view raw, const char* after) {
    if (raw.size() > kMaxToken) return fail("a key or text is too long");
    if (!in_key_) {
      state_ = State::kAfterValue;
      return follow(handler_.on_text(raw, after), after);
    }
    in_key_ = false;
    state_ = State::kColon;
    if (skip_.saw_backslash) {
      if (!decode_json_string(raw, decoded_)) return fail("a key cannot be decoded");
      raw = decoded_;
    }
    want_ = handler_.on_key(raw);
    return handler_.reason() != nullptr ? fail(handler_.reason()) : after;
  }

  const char* value(const char* p, const char* end) {
    const char c = *p;
    switch (want_) {
      case Want::kText:
        if (c == '"') return begin_token(p, end);
        break;
      case Want::kObject:
        if (c == '{') return open(p);
        break;
      case Want::kArray:
        if (c == '[') return open(p);
        break;
      case Want::kRaw:
        raw_.clear();
        raw_from_ = p;
        raw_active_ = true;
        [[fallthrough]];
      case Want::kSkip:
        return begin_skip(p, end);
    }
    if (c != 'n') return fail("a value has the wrong type");
    return begin_scalar(p, end);
  }

  const char* begin_skip(const char* p, const char* end) {
    const char c = *p;
    skip_ = {};
    if (c == '"') {
      skip_.in_string = true;
      state_ = State::kSkipString;
      return skip_string(p + 1, end);
    }
    if (c != '{' && c != '[') return begin_scalar(p, end);
    closer_ = c == '{' ? '}' : ']';
    skip_.depth = 1;
    state_ = State::kSkipContainer;
    return skip_container(p + 1, end);
  }

  const char* skip_string(const char* p, const char* end) {
    p = scan_.skip_string(p, end, skip_);
    return skip_.in_string ? p : value_done(p);
  }

  const char* skip_container(const char* p, const char* end) {
    p = scan_.skip_container(p, end, skip_);
    if (skip_.error != nullptr) return fail(skip_.error);
    if (skip_.depth != 0) return p;
    if (p[-1] != closer_) return fail("brackets do not match");
    if (state_ == State::kSkipContainer) return value_done(p);
    state_ = level_ == 0 ? State::kDocument : State::kAfterValue;
    return follow(handler_.on_abandoned(p), p);
  }

  static bool in_scalar(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '+' ||
           c == 'E';
  }

  static const char* scalar_end(const char* p, const char* end) {
    while (p != end && in_scalar(*p)) ++p;
    return p;
  }

  const char* begin_scalar(const char* p, const char* end) {
    const char* const after = scalar_end(p, end);
    if (after != end) return scalar_done({p, after}, after);
    token_.assign(p, end);
    state_ = State::kInScalar;
    return token_.size() > kMaxToken ? fail("a number is too long") : end;
  }

  const char* scalar(const char* p, const char* end) {
    const char* const after = scalar_end(p, end);
    token_.append(p, after);
    if (after != end) return scalar_done(token_, after);
    return token_.size() > kMaxToken ? fail("a number is too long") : end;
  }

  const char* scalar_done(std::string_view text, const char* after) {
    if (text.size() > kMaxToken) return fail("a number is too long");
    if (!is_json_scalar(text)) return fail("not a JSON value");
    if (want_ == Want::kSkip || want_ == Want::kRaw) return value_done(after);
    if (!is_word(text, "null")) return fail("a value has the wrong type");
    state_ = State::kAfterValue;
    return follow(handler_.on_null(after), after);
  }

  const char* value_done(const char* after) {
    state_ = State::kAfterValue;
    if (!raw_active_) return after;
    if (!keep_raw(after)) return nullptr;
    raw_active_ = false;
    return follow(handler_.on_raw(raw_), after);
  }

  bool keep_raw(const char* until) {
    raw_.append(raw_from_, until);
    if (raw_.size() <= raw_cap_) return true;
    reason_ = "a value is too large";
    return false;
  }

  Handler& handler_;
  const ScanFunctions scan_;
  const std::size_t raw_cap_;

  State state_ = State::kDocument;
  Want want_ = Want::kSkip;
  bool in_key_ = false;
  bool raw_active_ = false;
  char closer_ = 0;
  std::size_t level_ = 0;
  bool arrays_[kMaxLevels] = {};
  ScanState skip_;

  std::string token_;    // the start of a token that goes on in the next chunk
  std::string decoded_;  // a key that had escapes
  std::string raw_;
  const char* raw_from_ = nullptr;

  std::uint64_t offset_ = 0;
  const char* reason_ = nullptr;
};

}  // namespace postern::kube::filter
