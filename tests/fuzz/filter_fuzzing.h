#pragma once

#include "tests/kube/filter/check.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace postern::kube::filter::testing {

/// The first byte's low bits are the options (options_from_bits), the rest is the body. Whatever it
/// is, every instruction set and every way to cut it must come to the same, and to what the oracle
/// says where it is valid JSON.
inline int fuzz_filter(Kind kind, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string wrong =
      check_against_oracle(kind, data[0] & 31U, body, data[0] ^ static_cast<unsigned>(size));
  if (!wrong.empty()) {
    std::fprintf(stderr, "%s\n", wrong.c_str());
    std::abort();
  }
  return 0;
}

}  // namespace postern::kube::filter::testing
