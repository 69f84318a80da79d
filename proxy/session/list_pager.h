#pragma once

#include "kube/request_info.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace postern::proxy {

/// Walks over pages of a limited list of which a client may see little, so that `limit=1` tells it
/// nothing of what is hidden: pages without a visible item are skipped, with growing page sizes
/// upstream, and a grown page that holds more visible items than the client asked for is asked for
/// again, smaller.
///
/// Flow: apply() the next page to the query; then tell by all_hidden() or too_many() how it went,
/// and go on until a page fits. Source: design "The wire", kubernetes API "chunking" (limit is a
/// maximum).
class ListPager {
 public:
  /// Reads `limit`; `token` is the API server's own continue token, "" for the first page.
  ListPager(const kube::Query& query, std::string token);

  /// The client asked for pages at all; without a limit the first page is the only one.
  bool limited() const { return limit_ > 0; }
  /// The next page may hold more items than the client asked for: hold it back until it is counted.
  bool must_count() const { return page_ > limit_; }
  std::uint64_t limit() const { return limit_; }
  void apply(kube::Query& query) const;

  /// Whether the token of a page leads further than the one that the page was asked for with.
  bool leads_on(std::string_view token) const { return token != token_; }
  /// No visible item, and upstream has more behind `token`. False when that has gone on for too
  /// long.
  bool all_hidden(std::string token);
  /// More visible items than `limit`.
  void too_many();

 private:
  static constexpr std::uint64_t kMaxPage = 500;  ///< what kubectl itself asks for
  static constexpr int kMaxPages = 2000;

  std::uint64_t limit_ = 0;
  std::uint64_t page_ = 0;
  int pages_ = 0;
  std::string token_;
};

}  // namespace postern::proxy
