#pragma once

#include "kube/result.h"
#include "proxy/access/state/objects.h"

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <vector>

namespace postern::proxy::access {

/// The last changes, for watches that begin in the past, and who wants to hear of the next ones.
/// One thread.
class ChangeLog {
 public:
  static constexpr std::size_t kMax = 4'000;  ///< each keeps two objects alive

  /// What came until then is not known here.
  void start_at(StateChange::Kind kind, Version begin);
  /// Watches of this kind cannot begin before this version any more.
  void forget(StateChange::Kind kind, Version before);
  void add(StateChange change);
  /// 410 for what is no longer known, and for a version above `reached`.
  Result<std::vector<StateChange>> since(StateChange::Kind kind, Version version,
                                         Version reached) const;
  std::shared_ptr<void> observe(std::function<void(const StateChange&)> see);

 private:
  using Observers = std::list<std::function<void(const StateChange&)>>;

  std::deque<StateChange> changes_;
  Version& forgotten(StateChange::Kind kind) {
    return forgotten_.at(static_cast<std::size_t>(kind));
  }

  std::array<Version, 5> forgotten_{};  ///< by kind: of the last change that is not in changes_
  std::shared_ptr<Observers> observers_ = std::make_shared<Observers>();
};

}  // namespace postern::proxy::access
