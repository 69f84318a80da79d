#pragma once

#include "proxy/access/state/objects.h"

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace postern::proxy::access {

/// By name, in byte order; may be asked for a name.
struct RequestsByName {
  using is_transparent = void;
  bool operator()(const RequestPtr& a, const RequestPtr& b) const {
    return a->meta.name < b->meta.name;
  }
  bool operator()(const RequestPtr& a, std::string_view b) const { return a->meta.name < b; }
  bool operator()(std::string_view a, const RequestPtr& b) const { return a < b->meta.name; }
};
using RequestSet = std::set<RequestPtr, RequestsByName>;

/// What most lists of requests ask for, found without looking at the hundred thousand that are kept
/// for audit: those of a person, and those that wait. The access thread's, as the requests are.
class RequestIndex {
 public:
  /// A request takes the place of an earlier version of itself. nullptr: there was none before, or
  /// there is none any more; one of the two is a request.
  void replace(const RequestPtr& before, const RequestPtr& now);

  /// Those that the person has filed or reviewed.
  const RequestSet& involving(std::string_view person) const;
  /// Those in the state PENDING.
  const RequestSet& pending() const { return pending_; }

 private:
  void add(const RequestPtr& request);
  void remove(const RequestPtr& request);

  std::unordered_map<std::string, RequestSet> by_person_;
  RequestSet pending_;
};

}  // namespace postern::proxy::access
