#include "kube/filter/list_handler.h"
#include "kube/filter/walk_filter.h"

#include <memory>
#include <utility>

namespace postern::kube::filter {

std::unique_ptr<BodyFilter> make_json_list_filter(FilterOptions options, Predicate& predicate) {
  return std::make_unique<WalkFilter<ListHandler>>(std::move(options), predicate);
}

}  // namespace postern::kube::filter
