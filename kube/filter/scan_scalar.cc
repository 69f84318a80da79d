#include "kube/filter/scan_variants.h"

#include <array>

// Byte by byte: for machines without vectors, for the last bytes of a chunk, and as the twin that
// the vector variants are tested against.
namespace postern::kube::filter {
namespace {

enum : unsigned char { kOther = 0, kQuote, kBackslash, kOpen, kClose };

constexpr std::array<unsigned char, 256> make_classes() {
  std::array<unsigned char, 256> classes{};
  classes['"'] = kQuote;
  classes['\\'] = kBackslash;
  classes['{'] = classes['['] = kOpen;
  classes['}'] = classes[']'] = kClose;
  return classes;
}

constexpr std::array<unsigned char, 256> kClasses = make_classes();

unsigned char class_of(char c) {
  return kClasses[static_cast<unsigned char>(c)];
}

}  // namespace

const char* skip_string_scalar(const char* p, const char* end, ScanState& state) {
  if (p != end && state.escaped) {
    state.escaped = false;
    ++p;
  }
  for (; p != end; ++p) {
    if (*p == '"') {
      state.in_string = false;
      return p + 1;
    }
    if (*p == '\\') {
      state.saw_backslash = true;
      if (++p == end) {
        state.escaped = true;
        return end;
      }
    }
  }
  return end;
}

const char* skip_container_scalar(const char* p, const char* end, ScanState& state) {
  for (;;) {
    if (state.in_string) p = skip_string_scalar(p, end, state);
    while (p != end && class_of(*p) == kOther) ++p;
    if (p == end) return end;
    switch (class_of(*p)) {
      case kQuote:
        state.in_string = true;
        break;
      case kOpen:
        if (++state.depth > kMaxDepth) {
          state.error = "nested too deeply";
          return p;
        }
        break;
      case kClose:
        if (--state.depth == 0) return p + 1;
        break;
      default:
        state.error = "backslash outside of a string";
        return p;
    }
    ++p;
  }
}

}  // namespace postern::kube::filter
