#pragma once

#include "kube/result.h"
#include "proxy/access/state/objects.h"

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

  /// `begin`: what came until then is not known here.
  void start_at(Version begin);
  void add(StateChange change);
  /// 410 for what is no longer known, and for a version above `reached`.
  Result<std::vector<StateChange>> since(StateChange::Kind kind, Version version,
                                         Version reached) const;
  std::shared_ptr<void> observe(std::function<void(const StateChange&)> see);

 private:
  using Observers = std::list<std::function<void(const StateChange&)>>;

  std::deque<StateChange> changes_;
  Version forgotten_ = 0;  ///< the version of the last change that is not in changes_
  std::shared_ptr<Observers> observers_ = std::make_shared<Observers>();
};

}  // namespace postern::proxy::access
