#include "proxy/access/store/wake_ups.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace postern::proxy::access {

struct WakeUps::Listeners {
  std::mutex mutex;
  std::map<std::uint64_t, std::function<void()>> by_id;
  std::uint64_t next = 0;
};

WakeUps::WakeUps() : listeners_(std::make_shared<Listeners>()) {}

Subscription WakeUps::add(std::function<void()> wake) {
  const std::lock_guard lock(listeners_->mutex);
  const std::uint64_t id = listeners_->next++;
  listeners_->by_id.emplace(id, std::move(wake));
  // The pointer itself means nothing; what it does when the last copy goes is the subscription.
  return {listeners_.get(), [listeners = listeners_, id](void*) {
            const std::lock_guard guard(listeners->mutex);
            listeners->by_id.erase(id);
          }};
}

void WakeUps::wake() const {
  const std::lock_guard lock(listeners_->mutex);
  for (const auto& [id, wake] : listeners_->by_id) {
    wake();
  }
}

}  // namespace postern::proxy::access
