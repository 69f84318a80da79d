#include "kube/filter/scanner.h"

#include "kube/filter/scan_variants.h"

namespace postern::kube::filter {
namespace {

constexpr ScanFunctions kScalar{skip_container_scalar, skip_string_scalar};
#if defined(__x86_64__)
constexpr ScanFunctions kSse2{skip_container_sse2, skip_string_sse2};
constexpr ScanFunctions kAvx2{skip_container_avx2, skip_string_avx2};
#endif

const ScanFunctions& functions_for(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::kAvx2:
      return kAvx2;
    case Isa::kSse2:
      return kSse2;
#endif
    default:
      return kScalar;
  }
}

const ScanFunctions*& chosen() {
  static const ScanFunctions* functions = &functions_for(supported_isas().back());
  return functions;
}

}  // namespace

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return "scalar";
    case Isa::kSse2:
      return "SSE2";
    case Isa::kAvx2:
      return "AVX2";
  }
  return "?";
}

std::vector<Isa> supported_isas() {
  std::vector<Isa> isas{Isa::kScalar};
#if defined(__x86_64__)
  isas.push_back(Isa::kSse2);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt")) {
    isas.push_back(Isa::kAvx2);
  }
#endif
  return isas;
}

const ScanFunctions& scan_functions() {
  return *chosen();
}

void set_isa_for_testing(Isa isa) {
  chosen() = &functions_for(isa);
}

}  // namespace postern::kube::filter
