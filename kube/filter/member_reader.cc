#include "kube/filter/member_reader.h"

#include "kube/filter/json_string.h"
#include "kube/filter/scanner.h"
#include "kube/filter/short_value.h"
#include "kube/filter/white_space.h"

#include <cstdint>

namespace postern::kube::filter {
namespace {

/// Past the closing quote of the string that begins at p; nullptr when there is none.
const char* past_string(const char* p, const char* end) {
  ScanState state;
  state.in_string = true;
  p = scan_functions().skip_string(p + 1, end, state);
  return state.in_string ? nullptr : p;
}

/// The same of a string that is long, or near the end. `escapes`: it may have some.
[[gnu::noinline]] const char* past_other_string(const char* p, const char* end, bool& escapes) {
  escapes = true;
  if (end - p > kShortValue) return past_string(p, end);
  const char* after = p + 1;
  while (after != end && *after != '"' && *after != '\\') ++after;
  if (after == end || *after != '"') return past_string(p, end);
  escapes = false;
  return after + 1;
}

/// The same of a string that probably is short.
inline const char* past_short_string(const char* p, const char* end, bool& escapes) {
  if (end - p > kShortValue) {
    const int length = short_text(p + 1, escapes);
    if (length != kShortValue) return p + length + 2;
  }
  return past_other_string(p, end, escapes);
}

const char* past_container(const char* p, const char* end) {
  const char closer = *p == '{' ? '}' : ']';
  if (end - p > 1 && p[1] == closer) return p + 2;
  ScanState state;
  state.depth = 1;
  p = scan_functions().skip_container(p + 1, end, state);
  const bool whole = state.error == nullptr && state.depth == 0 && p[-1] == closer;
  return whole ? p : nullptr;
}

const char* past_value(const char* p, const char* end) {
  if (p == end) return nullptr;
  if (end - p > kShortValue) {
    if (const int length = short_value(p); length != 0) return p + length;
  }
  bool escapes = false;
  if (*p == '"') return past_short_string(p, end, escapes);
  if (*p == '{' || *p == '[') return past_container(p, end);
  const char* const after = past_json_scalar(p, end);
  return is_json_scalar({p, after}) ? after : nullptr;
}

}  // namespace

MemberReader::MemberReader(std::string_view text)
    : p_(text.data()), end_(text.data() + text.size()) {
  p_ = past_space(p_, end_);
  if (p_ == end_ || *p_ != '{') {
    fail();
  } else {
    ++p_;
  }
}

bool MemberReader::fail() {
  over_ = failed_ = true;
  p_ = end_;
  return false;
}

bool MemberReader::complete(const char* end) const {
  return over_ && !failed_ && p_ <= end && past_space(p_, end) == end;
}

bool MemberReader::decode_short_key(std::string_view& key) {
  const char* const end = decode_json_string(key, short_key_);
  if (end == nullptr) return fail();
  key = {short_key_, end};
  return true;
}

bool MemberReader::next_long_key(std::string_view& key) {
  if (over_) return false;
  const char* p = past_space(p_, end_);
  if (p == end_) return fail();
  if (*p == '}') {
    p_ = p + 1;
    over_ = true;
    return false;
  }
  if (!first_) {
    if (*p != ',') return fail();
    p = past_space(p + 1, end_);
  }
  first_ = false;
  if (p == end_ || *p != '"') return fail();
  bool escapes = false;
  const char* const after = past_short_string(p, end_, escapes);
  if (after == nullptr) return fail();
  key = {p + 1, after - 1};
  if (escapes && !decode_json_string(key, long_key_, key)) return fail();
  p = past_space(after, end_);
  if (p == end_ || *p != ':') return fail();
  p_ = past_space(p + 1, end_);
  return true;
}

bool MemberReader::skip_long_value(std::string_view& value) {
  p_ = past_space(p_, end_);
  const char* const after = past_value(p_, end_);
  if (after == nullptr) return fail();
  value = {p_, after};
  p_ = after;
  return true;
}

bool read_members(std::string_view object, std::initializer_list<Wanted> wanted) {
  std::string_view rest;
  return read_members(object, wanted, rest) && past_space(rest).empty();
}

bool read_members(std::string_view text, std::initializer_list<Wanted> wanted,
                  std::string_view& rest) {
  std::uint32_t seen = 0;
  Member member;
  MemberReader reader(text);
  while (reader.next(member)) {
    std::uint32_t bit = 1;
    for (const Wanted& want : wanted) {
      if (member.key == want.key) {
        if ((seen & bit) != 0) return false;
        seen |= bit;
        *want.value = member.value;
      }
      bit <<= 1;
    }
  }
  rest = reader.text();
  return !reader.failed();
}

bool read_long_value(std::string_view text, std::string_view& value) {
  const char* const end = text.data() + text.size();
  const char* const after = past_value(text.data(), end);
  if (after == nullptr) return false;
  value = {text.data(), after};
  return true;
}

bool read_text(std::string_view value, std::string& out) {
  out.clear();
  if (is_word(value, "null")) return true;
  if (value.size() < 2 || value.front() != '"') return false;
  return decode_json_string(value.substr(1, value.size() - 2), out);
}

}  // namespace postern::kube::filter
