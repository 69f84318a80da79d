#include "kube/filter/walk_filter.h"
#include "kube/filter/watch_handler.h"

#include <memory>
#include <utility>

namespace postern::kube::filter {

std::unique_ptr<BodyFilter> make_json_watch_filter(FilterOptions options, Predicate& predicate) {
  return std::make_unique<WalkFilter<WatchHandler>>(std::move(options), predicate);
}

}  // namespace postern::kube::filter
