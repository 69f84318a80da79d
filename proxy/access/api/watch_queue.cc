#include "proxy/access/api/watch_queue.h"

#include <algorithm>
#include <utility>

namespace postern::proxy::access::api {

void WatchQueue::on_news(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  if (!events_.empty() || ended_) wake_up();
}

void WatchQueue::wake_up() {
  if (wake_) wake_();
}

WatchQueue::Batch WatchQueue::take() {
  const std::lock_guard lock(mutex_);
  Batch batch;
  batch.events = std::exchange(events_, {});
  batch.version = version_;
  batch.ended = ended_;
  batch.error = error_;
  return batch;
}

void WatchQueue::push(WatchEvent event) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  if (events_.size() == kMaxEvents) {
    // The events that are queued still go out; the client watches on from the last of them.
    ended_ = true;
  } else {
    version_ = std::max(version_, event.version);
    events_.push_back(std::move(event));
  }
  if (events_.size() == 1 || ended_) wake_up();
}

void WatchQueue::advance(Version version) {
  const std::lock_guard lock(mutex_);
  if (!ended_) version_ = std::max(version_, version);
}

void WatchQueue::end(std::optional<kube::Status> error) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(ended_, true)) return;
  error_ = std::move(error);
  wake_up();
}

}  // namespace postern::proxy::access::api
