#include "tests/fuzz/filter_fuzzing.h"

/// Any bytes as a list's body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::kube::filter::testing;
  return fuzz_filter(Kind::kList, data, size);
}
