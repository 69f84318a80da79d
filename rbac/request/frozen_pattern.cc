#include "kube/text.h"
#include "rbac/request/frozen_role.h"

#include <utility>

namespace postern::rbac::request {
namespace {

constexpr std::size_t kMaxWritten = 1024;  // patterns of labels may be that long

}  // namespace

tl::expected<FrozenPattern, PatternError> FrozenPattern::written(std::string_view text) {
  auto pattern = Pattern::compile(text, kMaxWritten);
  if (!pattern) {
    return tl::unexpected(std::move(pattern.error()));
  }
  FrozenPattern frozen;
  frozen.before_ = text;
  frozen.pattern_ = std::move(*pattern);
  return frozen;
}

tl::expected<FrozenPattern, PatternError> FrozenPattern::around(std::string_view before,
                                                                std::string_view value,
                                                                std::string_view after) {
  auto pattern = kube::is_utf8(value) ? Pattern::around(before, value, after)
                                      : tl::unexpected(PatternError{"is not UTF-8", before.size()});
  if (!pattern) {
    return tl::unexpected(std::move(pattern.error()));
  }
  FrozenPattern frozen;
  frozen.before_ = before;
  frozen.value_ = value;
  frozen.after_ = after;
  frozen.pattern_ = std::move(*pattern);
  return frozen;
}

FrozenPattern FrozenPattern::any() {
  FrozenPattern frozen;
  frozen.before_ = "*";
  frozen.pattern_ = Pattern::any();
  return frozen;
}

}  // namespace postern::rbac::request
