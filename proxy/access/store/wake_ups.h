#pragma once

#include "proxy/access/store/object_store.h"

#include <functional>
#include <memory>

namespace postern::proxy::access {

/// Who is to be woken when a store has changed (ObjectStore::subscribe). Safe from any thread;
/// subscriptions may outlive it.
class WakeUps {
 public:
  WakeUps();

  Subscription add(std::function<void()> wake);
  /// Calls them one after the other on this thread. Not to be called under a store's lock.
  void wake() const;

 private:
  struct Listeners;
  std::shared_ptr<Listeners> listeners_;
};

}  // namespace postern::proxy::access
