#include "proxy/session/list_pager.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace postern::proxy {

ListPager::ListPager(const kube::Query& query, std::string token) : token_(std::move(token)) {
  const std::string_view limit = query.get("limit");
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), value);
  if (error == std::errc() && end == limit.data() + limit.size()) {
    limit_ = value;  // anything else is the API server's to refuse
  }
  page_ = limit_;
}

void ListPager::apply(kube::Query& query) const {
  if (limited()) {
    query.set("limit", std::to_string(page_));
  }
  if (token_.empty()) {
    query.erase("continue");
  } else {
    query.set("continue", token_);
  }
}

bool ListPager::all_hidden(std::string token) {
  token_ = std::move(token);
  page_ = std::max(limit_, std::min(2 * page_, kMaxPage));
  return ++pages_ < kMaxPages;
}

void ListPager::too_many() {
  page_ = std::max(limit_, page_ / 2);
}

}  // namespace postern::proxy
