#include "kube/filter/member_reader.h"

#include "kube/filter/json_string.h"
#include "kube/filter/scanner.h"

#include <cstdint>

namespace postern::kube::filter {
namespace {

const char* past_space(const char* p, const char* end) {
  while (p != end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) ++p;
  return p;
}

/// Past the closing quote of the string that begins at p; nullptr when there is none.
const char* past_string(const char* p, const char* end) {
  ScanState state;
  state.in_string = true;
  p = scan_functions().skip_string(p + 1, end, state);
  return state.in_string ? nullptr : p;
}

const char* past_container(const char* p, const char* end) {
  const char closer = *p == '{' ? '}' : ']';
  ScanState state;
  state.depth = 1;
  p = scan_functions().skip_container(p + 1, end, state);
  const bool whole = state.error == nullptr && state.depth == 0 && p[-1] == closer;
  return whole ? p : nullptr;
}

const char* past_value(const char* p, const char* end) {
  if (p == end) return nullptr;
  if (*p == '"') return past_string(p, end);
  if (*p == '{' || *p == '[') return past_container(p, end);
  const char* after = p;
  while (after != end && std::string_view(",]} \n\r\t").find(*after) == std::string_view::npos) {
    ++after;
  }
  return is_json_scalar({p, after}) ? after : nullptr;
}

}  // namespace

MemberReader::MemberReader(std::string_view object)
    : p_(object.data()), end_(object.data() + object.size()) {
  skip_space();
  if (p_ == end_ || *p_ != '{') {
    fail();
  } else {
    ++p_;
  }
}

bool MemberReader::fail() {
  failed_ = true;
  p_ = end_;
  return false;
}

void MemberReader::skip_space() {
  p_ = past_space(p_, end_);
}

bool MemberReader::key(std::string& decoded) {
  if (p_ == end_ || *p_ != '"') return fail();
  const char* const after = past_string(p_, end_);
  if (after == nullptr || !decode_json_string({p_ + 1, after - 1}, decoded)) return fail();
  p_ = after;
  return true;
}

bool MemberReader::value(std::string_view& text) {
  skip_space();
  const char* const after = past_value(p_, end_);
  if (after == nullptr) return fail();
  text = {p_, after};
  p_ = after;
  return true;
}

bool MemberReader::next(Member& member) {
  skip_space();
  if (failed_ || p_ == end_) return failed_ ? false : fail();
  if (*p_ == '}') {
    // The text's end: `first_` stays, so that a further call says "end" again.
    return past_space(p_ + 1, end_) == end_ ? false : fail();
  }
  if (!first_) {
    if (*p_ != ',') return fail();
    ++p_;
    skip_space();
  }
  first_ = false;
  if (!key(member.key)) return false;
  skip_space();
  if (p_ == end_ || *p_ != ':') return fail();
  ++p_;
  return value(member.value);
}

bool read_members(std::string_view object, std::initializer_list<Wanted> wanted) {
  std::uint32_t seen = 0;
  Member member;
  MemberReader reader(object);
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
  return !reader.failed();
}

bool read_first_element(std::string_view array, std::string_view& first, int& count) {
  const char* const end = array.data() + array.size();
  const char* p = past_space(array.data(), end);
  if (p == end || *p != '[') return false;
  p = past_space(p + 1, end);
  count = 0;
  if (p != end && *p == ']') return true;
  const char* after = past_value(p, end);
  if (after == nullptr) return false;
  first = {p, after};
  after = past_space(after, end);
  if (after == end) return false;
  count = *after == ',' ? 2 : 1;
  return count == 2 || *after == ']';
}

bool read_text(std::string_view value, std::string& out) {
  out.clear();
  if (value == "null") return true;
  if (value.size() < 2 || value.front() != '"') return false;
  return decode_json_string(value.substr(1, value.size() - 2), out);
}

}  // namespace postern::kube::filter
