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
    /// Makes the exchange end: at once (closes streams), or, when postern drains, soon and at a
    /// boundary of what it shows. The exchange then asks end().
    std::function<void(StreamEnd)> interrupt;
    /// A watch: its client goes on elsewhere without loss, so that a drain ends it early.
    bool resumes_elsewhere = false;
  };

  LiveStream(LiveStreams& registry, DeadlineWheel& wheel, Hooks hooks,
             std::optional<std::chrono::milliseconds> expires_after);
  ~LiveStream();
  LiveStream(const LiveStream&) = delete;
  LiveStream& operator=(const LiveStream&) = delete;

  StreamEnd end() const { return end_; }
  /// Its access was taken back before it began, when recheck() did not know of it yet.
  void revoke() { end_now(StreamEnd::kRevoked); }

 private:
  friend class LiveStreams;
  void end_now(StreamEnd why);

  LiveStreams& registry_;
  Hooks hooks_;
  Deadline expiry_;
  std::optional<Clock::time_point> access_ends_;
  bool counted_as_outlived_ = false;
  StreamEnd end_ = StreamEnd::kNone;
  std::list<LiveStream*>::iterator position_;
};

/// The long-running exchanges of one worker.
class LiveStreams {
 public:
  /// Asks every stream whether it is still allowed, and ends those that are not.
  void recheck();
  /// A step of a drain, which brings the watches to their end one after the other, so that their
  /// clients do not all come back to the others at once: ends the `steps`th part of those that are
  /// left. In the last step (1) all, and from then on new ones at once.
  void hand_over(std::size_t steps);
  /// The drain's time is over: ends every stream.
  void end_all();
  std::size_t size() const { return streams_.size(); }
  /// How many streams are still there although the access that they rest on ended a while before
  /// `now`. Each is counted once. It should be none: this is how postern watches itself.
  std::size_t count_outlived(Clock::time_point now);

  /// What an exchange may take to come to its end once its streams are closed.
  static constexpr std::chrono::seconds kGrace{5};

 private:
  friend class LiveStream;
  template <typename Condition>
  void end_where(StreamEnd why, Condition condition);

  std::list<LiveStream*> streams_;
  bool handed_over_ = false;
};

}  // namespace postern::proxy
