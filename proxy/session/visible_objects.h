#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/memory_budget.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"
#include "proxy/upstream/impersonation.h"
#include "proxy/upstream/upstream.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

struct ListParts;

/// An object to delete: this one, not a later one of the same name.
struct Victim {
  std::string name;
  std::string uid;
};

/// What a deletecollection has listed and is to delete. Kept as text, which takes a fraction of
/// what parsed values do; of all requests together as much as the budget holds.
class VisibleObjects {
 public:
  /// The budget must outlive this.
  explicit VisibleObjects(MemoryBudget& budget) : memory_(budget) {}

  /// Before a page is asked for: room for it, or 429.
  Result<void> make_room();
  /// Adds what the request's predicate lets through; the API server's token for the next page, ""
  /// behind the last. 502 for what is no list, 413 for more than kMaxBytes.
  Result<std::string> add_page(const ProxiedRequest& request, std::string_view page);

  const std::vector<Victim>& victims() const { return victims_; }
  std::uint64_t hidden() const { return hidden_; }  ///< objects that stay
  /// The list of everything that was visible, as one page. Once.
  std::string take_list();

  static constexpr std::size_t kMaxBytes = 64 * 1024 * 1024;
  static constexpr std::size_t kMaxPageBytes = kMaxBytes / 2;

 private:
  bool add_parts(const ListParts& page);
  bool add_item(std::string_view text);

  std::vector<Victim> victims_;
  std::string envelope_;  ///< the first page's, without items
  std::string items_;     ///< every page's, with commas between
  std::uint64_t hidden_ = 0;
  MemoryHold memory_;
};

/// Lists what a deletecollection is about, page by page, in the name that `impersonation` gives.
/// Asks before each page whether the request is still allowed. Nothing has been deleted when it
/// fails.
Task<Result<VisibleObjects>> list_visible(WorkerState& state, ClientConnection& client,
                                          ProxiedRequest& request,
                                          const HeaderFields& impersonation);

}  // namespace postern::proxy
