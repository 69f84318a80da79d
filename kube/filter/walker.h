#pragma once

#include "kube/filter/empty_element.h"
#include "kube/filter/json_string.h"
#include "kube/filter/raw_capture.h"
#include "kube/filter/short_value.h"
#include "kube/filter/token_reader.h"
#include "kube/filter/walk_step.h"
#include "kube/filter/white_space.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace postern::kube::filter {

/// Walks a stream of JSON documents that arrives in chunks of any size, stepping into those objects
/// and arrays that `Handler` asks for and scanning over all the rest. Every value that is stepped
/// into is read strictly (RFC 8259); of what is scanned over, strings and brackets alone are told
/// apart.
///
/// Handler:
///   Want on_key(std::string_view key, const char* after)   a member of the innermost object; key
///                                           decoded, `after` behind it
///   Want on_element()                       an element of the innermost array
///   void on_empty_elements(std::uint64_t n) elements that are null or {}, where on_element() wants
///                                           an object: may stand for their other calls
///   Step on_text(std::string_view raw, const char* after)  as written between the quotes; stays
///                                           until the chunk ends where that is right before
///                                           `after`
///   Step on_raw(const RawValue& value)
///   Step on_null(const char* after)         null where a text, object or array was wanted
///   Step on_open(const char* at)            top-level objects too
///   Step on_close(const char* after)
///   Step on_abandoned(const char* after)
///   std::size_t abandon_level() const       open containers at which the item is the innermost
///   const char* reason() const
/// `at` and `after` point into the current chunk. Views die with the call.
///
/// A step goes on through as many states as it can: members of a few bytes that are whole in a
/// chunk, of which a body may have nothing else, are read at a stretch.
template <class Handler>
class Walker {
 public:
  Walker(Handler& handler, std::size_t raw_cap) : handler_(handler), raw_(raw_cap) {}

  /// Consumes a chunk. false: the body is refused, reason() says why; not to be called again.
  bool feed(const char* p, const char* end) {
    const char* const begin = p;
    raw_.chunk_begin(p, end);
    while (p != end) {
      reached_ = p;
      p = step(p, end);
      if (p == nullptr) {
        offset_ += static_cast<std::uint64_t>(reached_ - begin);
        return false;
      }
    }
    offset_ += static_cast<std::uint64_t>(end - begin);
    if (!raw_.chunk_end(end)) fail(kTooLarge);
    return state_ != State::kFailed;
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
    kInToken,  ///< see TokenReader
    kFailed,
  };

  static constexpr std::size_t kMaxLevels = 8;
  static constexpr std::uint32_t kNone = 1;  ///< of containers_
  static constexpr const char* kTooLarge = "a value is too large";
  static constexpr const char* kWrongType = "a value has the wrong type";
  /// More than the longest member of short values has bytes.
  static constexpr std::ptrdiff_t kQuickMargin = 4 * kShortValue;

  /// Goes on at `p`, which is not `end`. nullptr: failed.
  const char* step(const char* p, const char* end) {
    switch (state_) {
      case State::kDocument:
      case State::kFirstElement:
      case State::kElement:
        return begin(p, end);
      case State::kFirstKey:
      case State::kKey:
      case State::kColon:
      case State::kValue:
        return member(p, end);
      case State::kAfterValue:
        return after_value(p, end);
      case State::kInToken:
        return token_done(reader_.resume(p, end));
      case State::kFailed:
        break;
    }
    return nullptr;
  }

  const char* fail(const char* reason) {
    reason_ = reason;
    state_ = State::kFailed;
    return nullptr;
  }

  /// Goes on as the handler says, at `p`.
  [[gnu::always_inline]] const char* follow(Step step, const char* p) {
    if (step == Step::kGo) return p;
    if (step == Step::kFail) return fail(handler_.reason());
    const std::size_t item = handler_.abandon_level();
    const std::size_t rest = level() + 1 - item;
    reader_.begin_rest(rest);
    containers_ >>= rest;
    state_ = State::kInToken;
    return p;
  }

  [[gnu::always_inline]] const char* open(const char* p) {
    if (containers_ >> kMaxLevels != 0) return fail("nested too deeply");
    const bool array = *p == '[';
    containers_ = containers_ << 1 | (array ? 1U : 0U);
    state_ = array ? State::kFirstElement : State::kFirstKey;
    return follow(handler_.on_open(p), p + 1);
  }

  [[gnu::always_inline]] const char* close(const char* p) {
    const bool array = in_array();
    if (*p != (array ? ']' : '}')) return fail("no comma after a value");
    containers_ >>= 1;
    state_ = containers_ == kNone ? State::kDocument : State::kAfterValue;
    return follow(handler_.on_close(p + 1), p + 1);
  }

  bool in_array() const { return (containers_ & 1) != 0; }
  /// How many objects and arrays are open.
  std::size_t level() const { return 31 - static_cast<std::size_t>(__builtin_clz(containers_)); }

  /// A document or an element.
  const char* begin(const char* p, const char* end) {
    if (state_ == State::kDocument) return document(p, end);
    p = past_space(p, end);
    if (p == end) return end;
    if (state_ == State::kFirstElement && *p == ']') return close(p);
    return element(p, end);
  }

  [[gnu::always_inline]] const char* document(const char* p, const char* end) {
    p = past_space(p, end);
    if (p == end) return end;
    return *p == '{' ? open(p) : fail("not a JSON object");
  }

  [[gnu::always_inline]] const char* element(const char* p, const char* end) {
    want_ = handler_.on_element();
    state_ = State::kElement;
    if (want_ == Want::kObject && !(*p == '{' && end - p > 1 && p[1] == '"')) {
      p = empty_elements(p, end);
      if (p == end) return end;
    }
    return value(p, end);
  }

  /// Past the elements that are `null` or `{}`, with the commas after them.
  [[gnu::always_inline]] const char* empty_elements(const char* p, const char* end) {
    std::uint64_t count = 0;
    for (const char* next; (next = past_empty_element(p, end)) != p; p = next) ++count;
    if (count != 0) handler_.on_empty_elements(count);
    return p;
  }

  const char* member(const char* p, const char* end) {
    p = past_space(p, end);
    if (p == end) return end;
    switch (state_) {
      case State::kFirstKey:
        if (*p == '}') return close(p);
        [[fallthrough]];
      case State::kKey: {
        const char* const after = quick(p, end);
        return after != p ? after : key(p, end);
      }
      case State::kColon:
        if (*p != ':') return fail("no colon after a key");
        state_ = State::kValue;
        return p + 1;
      default:
        return value(p, end);
    }
  }

  /// The usual case, faster: short members that are whole in this chunk, and what ends with them,
  /// without a look at the state between their tokens. From a key on; stops in any state.
  const char* quick(const char* p, const char* end) {
    for (;;) {
      reached_ = p;
      p = quick_members(p, end);
      if (p == end) return end;
      if (state_ == State::kFirstKey && *p == '}') p = close(p);
      while (state_ == State::kAfterValue && p != end && *p == '}') p = close(p);
      // With bytes left, the only token that goes on is the rest of an abandoned item.
      if (state_ == State::kInToken && p != end) p = token_done(reader_.resume_rest(p, end));
      if (state_ == State::kDocument) {
        p = document(p, end);
        if (state_ != State::kFirstKey) return p;
        continue;
      }
      if (state_ != State::kAfterValue || end - p <= kQuickMargin || *p != ',') return p;
      ++p;
      state_ = State::kKey;
      if (in_array()) {
        state_ = State::kElement;
        if (!quick_space<kQuickMargin>(p, end)) return p;
        p = element(p, end);
        if (state_ != State::kFirstKey) return p;
      }
    }
  }

  [[gnu::always_inline]] const char* quick_members(const char* p, const char* end) {
    while (end - p > kQuickMargin && quick_space<kQuickMargin>(p, end) && *p == '"') {
      bool escapes = false;
      const int length = short_text(p + 1, escapes);
      if (length != kShortValue) {
        p = key_done({p + 1, static_cast<std::size_t>(length)}, escapes, p + length + 2);
        if (p == nullptr) return p;
      } else {
        in_key_ = true;
        p = token_done(reader_.begin_text(p, end));
        if (state_ != State::kColon || end - p <= kQuickMargin) return p;
      }
      if (!quick_space<kQuickMargin>(p, end) || *p != ':') return p;
      state_ = State::kValue;
      ++p;
      if (!quick_space<kQuickMargin>(p, end)) return p;
      const int skipped = want_ == Want::kSkip ? short_value(p) : 0;
      if (skipped != 0) {
        p += skipped;
        state_ = State::kAfterValue;
      } else {
        p = value(p, end);
        if (state_ == State::kFirstKey) continue;
        if (state_ != State::kAfterValue || end - p <= kQuickMargin) return p;
      }
      if (!quick_space<kQuickMargin>(p, end) || *p != ',') return p;
      state_ = State::kKey;
      ++p;
    }
    return p;
  }

  /// Closes what ends here, up to a comma.
  const char* after_value(const char* p, const char* end) {
    for (;;) {
      p = past_space(p, end);
      if (p == end) return end;
      if (*p == ',') break;
      p = close(p);
      if (state_ != State::kAfterValue) return p;
    }
    ++p;
    if (!in_array()) {
      state_ = State::kKey;
      return p;
    }
    state_ = State::kElement;
    return begin(p, end);
  }

  [[gnu::always_inline]] const char* key(const char* p, const char* end) {
    if (*p != '"') return fail("no key where one must be");
    if (end - p > kShortValue) {
      bool escapes = false;
      const int length = short_text(p + 1, escapes);
      if (length != kShortValue) {
        return key_done({p + 1, static_cast<std::size_t>(length)}, escapes, p + length + 2);
      }
    }
    in_key_ = true;
    return token_done(reader_.begin_text(p, end));
  }

  [[gnu::always_inline]] const char* key_done(std::string_view raw, bool escapes,
                                              const char* after) {
    if (escapes) return escaped_key_done(raw, after);
    state_ = State::kColon;
    want_ = handler_.on_key(raw, after);
    return want_ == Want::kRefuse ? fail(handler_.reason()) : after;
  }

  [[gnu::noinline]] const char* escaped_key_done(std::string_view raw, const char* after) {
    if (decoded_ == nullptr) decoded_ = std::make_unique_for_overwrite<char[]>(kMaxToken);
    const char* const end = decode_json_string(raw, decoded_.get());
    if (end == nullptr) return fail("a key cannot be decoded");
    return key_done({decoded_.get(), end}, false, after);
  }

  [[gnu::always_inline]] const char* text(const char* p, const char* end) {
    if (end - p > kShortValue) {
      bool escapes = false;
      const int length = short_text(p + 1, escapes);
      if (length != kShortValue) {
        return text_done({p + 1, static_cast<std::size_t>(length)}, p + length + 2);
      }
    }
    in_key_ = false;
    return token_done(reader_.begin_text(p, end));
  }

  [[gnu::always_inline]] const char* text_done(std::string_view raw, const char* after) {
    state_ = State::kAfterValue;
    return follow(handler_.on_text(raw, after), after);
  }

  /// Behind what the reader has read; `p`: what it returned.
  const char* token_done(const char* p) {
    if (p == nullptr) return fail(reader_.error());
    if (reader_.going_on()) {
      state_ = State::kInToken;
      return p;
    }
    switch (reader_.kind()) {
      case TokenReader::Kind::kText:
        return in_key_ ? key_done(reader_.text(), reader_.escapes(), p)
                       : text_done(reader_.text(), p);
      case TokenReader::Kind::kScalar:
        return scalar_done(reader_.text(), p);
      case TokenReader::Kind::kValue:
        return value_done(p);
      case TokenReader::Kind::kRest:
        break;
    }
    state_ = containers_ == kNone ? State::kDocument : State::kAfterValue;
    return follow(handler_.on_abandoned(p), p);
  }

  [[gnu::always_inline]] const char* value(const char* p, const char* end) {
    const char c = *p;
    switch (want_) {
      case Want::kText:
        if (c == '"') return text(p, end);
        break;
      case Want::kObject:
        if (c == '{') return open(p);
        break;
      case Want::kArray:
        if (c == '[') return open(p);
        break;
      case Want::kRaw:
        raw_.begin(p);
        if (end - p > kShortValue) {
          if (const int length = short_value(p); length != 0) return value_done(p + length);
        }
        [[fallthrough]];
      case Want::kSkip:
        return begin_skip(p, end);
      case Want::kRefuse:
        break;
    }
    return null(p, end);
  }

  const char* null(const char* p, const char* end) {
    if (*p != 'n') return fail(kWrongType);
    if (end - p > kShortValue && short_scalar(p) != 0) return null_done(p + 4);
    return token_done(reader_.begin_scalar(p, end));
  }

  [[gnu::always_inline]] const char* null_done(const char* after) {
    state_ = State::kAfterValue;
    return follow(handler_.on_null(after), after);
  }

  const char* begin_skip(const char* p, const char* end) {
    const bool scalar = *p != '"' && *p != '{' && *p != '[';
    return token_done(scalar ? reader_.begin_scalar(p, end) : reader_.begin_value(p, end));
  }

  const char* scalar_done(std::string_view text, const char* after) {
    if (!is_json_scalar(text)) return fail("not a JSON value");
    if (want_ == Want::kSkip || want_ == Want::kRaw) return value_done(after);
    return is_word(text, "null") ? null_done(after) : fail(kWrongType);
  }

  [[gnu::always_inline]] const char* value_done(const char* after) {
    state_ = State::kAfterValue;
    return raw_.active() ? raw_done(after) : after;
  }

  const char* raw_done(const char* after) {
    RawValue value{};
    if (!raw_.finish(after, value)) return fail(kTooLarge);
    return follow(handler_.on_raw(value), after);
  }

  Handler& handler_;

  State state_ = State::kDocument;
  Want want_ = Want::kSkip;
  bool in_key_ = false;
  std::uint32_t containers_ = kNone;  // below its highest bit, those open: 1 for an array
  TokenReader reader_;
  std::unique_ptr<char[]> decoded_;  // a key that had escapes; made for the first
  RawCapture raw_;

  const char* reached_ = nullptr;  // in this chunk; for offset() after a failure
  std::uint64_t offset_ = 0;
  const char* reason_ = nullptr;
};

}  // namespace postern::kube::filter
