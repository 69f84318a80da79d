#pragma once

#include "kube/filter/filter.h"

#include <functional>
#include <string>
#include <string_view>

// What the filters must come to, written a second time and simply: parse everything, then decide.
namespace postern::kube::filter::testing {

struct Expected {
  enum class Verdict {
    kOutput,   ///< exactly `out`
    kRefused,  ///< an error
    kInvalid,  ///< not valid JSON: the filter may or may not notice
  };
  Verdict verdict = Verdict::kInvalid;
  std::string out;
  ListSummary summary;
};

using Allows = std::function<bool(const Item&)>;

Expected expect_list(std::string_view body, const FilterOptions& options, const Allows& allows);
Expected expect_watch(std::string_view body, const FilterOptions& options, const Allows& allows);
Expected expect_object(std::string_view body, const FilterOptions& options, const Allows& allows);

}  // namespace postern::kube::filter::testing
