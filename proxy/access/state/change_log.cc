#include "proxy/access/state/change_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postern::proxy::access {

void ChangeLog::start_at(StateChange::Kind kind, Version begin) {
  std::erase_if(changes_, [kind](const StateChange& change) { return change.kind == kind; });
  forgotten(kind) = begin;
}

void ChangeLog::forget(StateChange::Kind kind, Version before) {
  forgotten(kind) = std::max(forgotten(kind), before);
}

void ChangeLog::add(StateChange change) {
  changes_.push_back(std::move(change));
  if (changes_.size() > kMax) {
    forget(changes_.front().kind, changes_.front().version);
    changes_.pop_front();
  }
  const StateChange& added = changes_.back();
  const std::shared_ptr<Observers> observers = observers_;
  for (const auto& see : *observers) {
    see(added);
  }
}

Result<std::vector<StateChange>> ChangeLog::since(StateChange::Kind kind, Version version,
                                                  Version reached) const {
  if (version < forgotten_.at(static_cast<std::size_t>(kind)) || version > reached) {
    return fail(kube::Status::gone("the resource version " + std::to_string(version) +
                                   " is no longer known: list again"));
  }
  std::vector<StateChange> found;
  for (const StateChange& change : changes_) {
    if (change.kind == kind && change.version > version) {
      found.push_back(change);
    }
  }
  return found;
}

std::shared_ptr<void> ChangeLog::observe(std::function<void(const StateChange&)> see) {
  observers_->push_back(std::move(see));
  const auto place = std::prev(observers_->end());
  // The list lives as long as anybody in it.
  return {static_cast<void*>(nullptr),
          [observers = observers_, place](void*) { observers->erase(place); }};
}

}  // namespace postern::proxy::access
