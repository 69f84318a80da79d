#pragma once

#include "kube/filter/filter.h"
#include "tests/kube/filter/filter_run.h"
#include "tests/kube/filter/oracle.h"

#include <functional>
#include <string>
#include <string_view>

namespace postern::kube::filter::testing {

enum class Kind { kList, kWatch, kObject };

/// Options by their bits, for tests that go through all of them and for fuzzers.
FilterOptions options_from_bits(unsigned bits);

/// Runs the filter over `body` with every instruction set of this machine and with several ways to
/// cut it into pieces, which follow from `seed`. Returns what is wrong: two runs that differ, or
/// one that differs from the oracle; "" when all is well.
std::string check_against_oracle(Kind kind, unsigned option_bits, std::string_view body,
                                 unsigned seed);

}  // namespace postern::kube::filter::testing
