#pragma once

#include "proxy/net/worker.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <optional>

namespace postern::proxy {

/// Why a long-running exchange was ended by postern.
enum class StreamEnd {
  kNone,
  kRevoked,  ///< the policy changed and no longer gives what the stream shows
  kExpired,  ///< what it rests on came to its end
  kDrained,  ///< postern is going away
};

class LiveStreams;

/// A watch, log, exec or port-forward while it runs. Registers itself for its lifetime, so that a
/// change of policy, the end of a grant and a drain reach it within a second. One worker only.
class LiveStream {
 public:
  struct Hooks {
    /// Still allowed, and still the same view? Asked after every change of policy.
    std::function<bool()> still_allowed;
    /// Makes the exchange's pending operations end (closes streams); the exchange then asks end().
    std::function<void()> interrupt;
    /// Ends at the beginning of a drain instead of its end: a watch is picked up elsewhere without
    /// loss.
    bool ends_early_on_drain = false;
  };

  LiveStream(LiveStreams& registry, DeadlineWheel& wheel, Hooks hooks,
             std::optional<std::chrono::milliseconds> expires_after);
  ~LiveStream();
  LiveStream(const LiveStream&) = delete;
  LiveStream& operator=(const LiveStream&) = delete;

  StreamEnd end() const { return end_; }

 private:
  friend class LiveStreams;
  void end_now(StreamEnd why);

  LiveStreams& registry_;
  Hooks hooks_;
  Deadline expiry_;
  StreamEnd end_ = StreamEnd::kNone;
  std::list<LiveStream*>::iterator position_;
};

/// The long-running exchanges of one worker.
class LiveStreams {
 public:
  /// Asks every stream whether it is still allowed, and ends those that are not.
  void recheck();
  /// Ends the streams that can be picked up elsewhere; with `all`, every one.
  void drain(bool all);
  std::size_t size() const { return streams_.size(); }

 private:
  friend class LiveStream;
  template <typename Condition>
  void end_where(StreamEnd why, Condition condition);

  std::list<LiveStream*> streams_;
  bool draining_ = false;
};

}  // namespace postern::proxy
