#include "tests/fuzz/filter_fuzzing.h"

/// Any bytes as a watch stream.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::kube::filter::testing;
  return fuzz_filter(Kind::kWatch, data, size);
}
