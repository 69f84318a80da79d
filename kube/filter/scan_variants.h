#pragma once

#include "kube/filter/scanner.h"

// The variants of ScanFunctions; scanner.cc chooses among them. Each is compiled for its own
// instruction set, so nothing but their addresses may be taken before the machine was asked.
namespace postern::kube::filter {

const char* skip_container_scalar(const char* p, const char* end, ScanState& state);
const char* skip_string_scalar(const char* p, const char* end, ScanState& state);

#if defined(__x86_64__)
const char* skip_container_sse2(const char* p, const char* end, ScanState& state);
const char* skip_string_sse2(const char* p, const char* end, ScanState& state);
const char* skip_container_avx2(const char* p, const char* end, ScanState& state);
const char* skip_string_avx2(const char* p, const char* end, ScanState& state);
#endif

}  // namespace postern::kube::filter
