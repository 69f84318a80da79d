#include "kube/filter/token_reader.h"

#include "kube/filter/json_string.h"
#include "kube/filter/walk_step.h"

namespace postern::kube::filter {

const char* TokenReader::fail(const char* reason) {
  error_ = reason;
  return nullptr;
}

const char* TokenReader::begin_text(const char* p, const char* end) {
  kind_ = Kind::kText;
  skip_ = {};
  skip_.in_string = true;
  carried_.clear();
  return resume(p + 1, end);
}

const char* TokenReader::begin_scalar(const char* p, const char* end) {
  kind_ = Kind::kScalar;
  skip_ = {};
  carried_.clear();
  return resume(p, end);
}

const char* TokenReader::begin_value(const char* p, const char* end) {
  kind_ = Kind::kValue;
  skip_ = {};
  skip_.in_string = *p == '"';
  skip_.depth = skip_.in_string ? 0 : 1;
  closer_ = *p == '{' ? '}' : ']';
  return resume(p + 1, end);
}

const char* TokenReader::resume(const char* p, const char* end) {
  switch (kind_) {
    case Kind::kText: {
      const char* const after = scan_.skip_string(p, end, skip_);
      going_on_ = skip_.in_string;
      return take(p, going_on_ ? after : after - 1, after, "a key or text is too long");
    }
    case Kind::kScalar: {
      const char* const after = past_json_scalar(p, end);
      going_on_ = after == end;
      return take(p, after, after, "a number is too long");
    }
    case Kind::kValue:
      if (skip_.depth != 0) return skip_containers(p, end);
      p = scan_.skip_string(p, end, skip_);
      going_on_ = skip_.in_string;
      return p;
    case Kind::kRest:
      break;
  }
  return resume_rest(p, end);
}

const char* TokenReader::take(const char* from, const char* until, const char* after,
                              const char* too_long) {
  const auto size = static_cast<std::size_t>(until - from);
  if (carried_.size() + size > kMaxToken) return fail(too_long);
  text_ = {from, size};
  if (!going_on_ && carried_.empty()) return after;
  carried_.append(text_);
  text_ = carried_;
  return after;
}

const char* TokenReader::skip_containers(const char* p, const char* end) {
  p = scan_.skip_container(p, end, skip_);
  if (skip_.error != nullptr) return fail(skip_.error);
  if (skip_.depth == 0) return containers_over(p);
  going_on_ = true;
  return p;
}

}  // namespace postern::kube::filter
