#include "kube/yaml_cost.h"

#include <algorithm>

namespace postern::kube {

Result<void> check_yaml_cost(std::string_view text) {
  if (text.size() > kMaxYamlBytes) {
    return fail(Status::too_large("a YAML body may have 256 KiB at most; JSON may have more"));
  }
  const auto brackets =
      std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; });
  if (static_cast<std::size_t>(brackets) > kMaxYamlBrackets) {
    return fail(
        Status::too_large("a YAML body may have 16384 brackets at most; JSON has no such limit"));
  }
  return {};
}

}  // namespace postern::kube
