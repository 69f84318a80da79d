#pragma once

#include "kube/filter/white_space.h"

namespace postern::kube::filter {

/// Past an array's element that is `null` or `{}`, with its comma and the white space around; `p`
/// when it is neither, or not all of that is before `end`.
inline const char* past_empty_element(const char* p, const char* end) {
  const char* after = p;
  if (end - p > 4 && __builtin_memcmp(p, "null", 4) == 0) {
    after += 4;
  } else {
    if (p == end || *p != '{') return p;
    after = past_space(p + 1, end);
    if (after == end || *after != '}') return p;
    ++after;
  }
  after = past_space(after, end);
  return after != end && *after == ',' ? past_space(after + 1, end) : p;
}

}  // namespace postern::kube::filter
