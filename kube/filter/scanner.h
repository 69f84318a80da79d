#pragma once

#include <cstdint>
#include <vector>

namespace postern::kube::filter {

/// Deepest nesting that a skipped value may have; Go's encoding/json refuses more, too.
inline constexpr std::uint64_t kMaxDepth = 10000;

/// Where a skip stands between two chunks.
struct ScanState {
  std::uint64_t depth = 0;      ///< containers that are still open
  const char* error = nullptr;  ///< static text; set once, the skip is over then
  bool in_string = false;
  bool escaped = false;        ///< the next byte is escaped by a backslash before it
  bool saw_backslash = false;  ///< skip_string: the string has an escape in it
};

/// The two loops that a body's bytes go through. Both may be called again with the next chunk.
struct ScanFunctions {
  /// Passes over the rest of `state.depth` open objects and arrays. Returns the byte after the
  /// last one's closing bracket (then depth is 0), or `end`, or the bad byte (then error is set).
  /// Brackets are counted, not paired; strings are not decoded.
  const char* (*skip_container)(const char* p, const char* end, ScanState& state);
  /// Passes over the rest of a string (state.in_string is true). Returns the byte after its closing
  /// quote (then in_string is false), or `end`.
  const char* (*skip_string)(const char* p, const char* end, ScanState& state);
};

enum class Isa { kScalar, kSse2, kAvx2 };

const char* isa_name(Isa isa);

/// What this machine can run, slowest first.
std::vector<Isa> supported_isas();

/// The functions for the best instruction set of this machine, chosen once per process, unless
/// set_isa_for_testing chose another.
const ScanFunctions& scan_functions();

/// Makes filters built from now on use `isa` (one of supported_isas()). For tests and benchmarks:
/// not thread-safe.
void set_isa_for_testing(Isa isa);

}  // namespace postern::kube::filter
