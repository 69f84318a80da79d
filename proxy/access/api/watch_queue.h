#pragma once

#include "kube/status.h"
#include "proxy/access/api/api_object.h"

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace postern::proxy::access::api {

/// An event on its way from the access thread to the worker that writes it out.
struct WatchEvent {
  std::string_view type;  ///< ADDED, MODIFIED, DELETED
  ObjectPtr object;
  Version version = 0;
};

/// What one watch is told: filled by the access thread, emptied by one worker. A reader that does
/// not keep up loses the watch, not events: the queue ends, and the client lists anew.
///
/// Flow of the worker: on_news() once, then take() whenever `wake` was called, until it says that
/// it ended; on_news(nullptr) before it goes. Safe from both threads.
class WatchQueue {
 public:
  static constexpr std::size_t kMaxEvents = 1024;

  struct Batch {
    std::vector<WatchEvent> events;
    Version version = 0;                ///< nothing up to here is missing
    bool ended = false;                 ///< there will be nothing more
    std::optional<kube::Status> error;  ///< why; nullopt: a fresh watch may go on from `version`
  };

  /// `wake` is called on the other thread, under a lock: it must only post.
  void on_news(std::function<void()> wake);
  Batch take();

  void push(WatchEvent event);
  /// Nothing of interest happened up to this version. Wakes nobody.
  void advance(Version version);
  void end(std::optional<kube::Status> error);

 private:
  void wake_up();

  std::mutex mutex_;
  std::function<void()> wake_;
  std::vector<WatchEvent> events_;
  Version version_ = 0;
  bool ended_ = false;
  std::optional<kube::Status> error_;
};

}  // namespace postern::proxy::access::api
