#include "proxy/observe/request_metrics.h"

#include "proxy/observe/metric_families.h"
#include "proxy/observe/metric_labels.h"

namespace postern::proxy {
namespace {

constexpr std::string_view scope_name(RequestScope scope) {
  switch (scope) {
    case RequestScope::kNone:
      return "";
    case RequestScope::kResource:
      return "resource";
    case RequestScope::kNamespace:
      return "namespace";
    case RequestScope::kCluster:
      return "cluster";
  }
  return "";
}

}  // namespace

void RequestMetrics::finished(const FinishedRequest& request) {
  const std::size_t verb = metric_labels::verb_index(request.verb);
  const std::size_t resource = metric_labels::resource_index(request.group, request.resource);
  const std::size_t code = metric_labels::code_index(request.code);

  metrics_.families_->outcomes.at(static_cast<std::size_t>(request.outcome))->Increment();
  const std::size_t scope = static_cast<std::size_t>(request.scope);
  const std::size_t subresource = metric_labels::subresource_index(request.subresource);
  auto& counter = requests_[static_cast<std::uint32_t>(
      (verb << 28) | (scope << 26) | (subresource << 16) | (resource << 8) | code)];
  if (counter == nullptr) {
    const auto known = metric_labels::resource_name(resource);
    counter = &metrics_.families_->requests.Add(
        {{"verb", std::string(metric_labels::verb_name(verb))},
         {"group", std::string(known.group)},
         {"resource", std::string(known.resource)},
         {"subresource", std::string(metric_labels::subresource_name(subresource))},
         {"scope", std::string(scope_name(request.scope))},
         {"code", std::string(metric_labels::code_name(code))}});
  }
  counter->Increment();
  if (request.long_running) return;

  auto& histogram = durations_.at(verb).at(scope);
  if (histogram == nullptr) {
    histogram = &metrics_.families_->request_duration.Add(
        {{"verb", std::string(metric_labels::verb_name(verb))},
         {"scope", std::string(scope_name(request.scope))}},
        request_duration_buckets());
  }
  histogram->Observe(std::chrono::duration<double>(request.duration).count());
}

void RequestMetrics::filtered(std::string_view group, std::string_view resource, std::uint64_t kept,
                              std::uint64_t dropped) {
  const std::size_t index = metric_labels::resource_index(group, resource);
  FilteredCounters& counters = filtered_[index];
  if (counters.kept == nullptr) {
    const auto known = metric_labels::resource_name(index);
    auto& family = metrics_.families_->filtered_objects;
    const auto add = [&](const char* result) {
      return &family.Add({{"group", std::string(known.group)},
                          {"resource", std::string(known.resource)},
                          {"result", result}});
    };
    counters = {add("kept"), add("dropped")};
  }
  counters.kept->Increment(static_cast<double>(kept));
  counters.dropped->Increment(static_cast<double>(dropped));
}

}  // namespace postern::proxy
