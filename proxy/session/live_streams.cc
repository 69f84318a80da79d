#include "proxy/session/live_streams.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace postern::proxy {

LiveStream::LiveStream(LiveStreams& registry, DeadlineWheel& wheel, Hooks hooks,
                       std::optional<std::chrono::milliseconds> expires_after)
    : registry_(registry),
      hooks_(std::move(hooks)),
      expiry_(wheel, [this] { end_now(StreamEnd::kExpired); }),
      position_(registry.streams_.insert(registry.streams_.end(), this)) {
  if (expires_after) {
    expiry_.expires_after(*expires_after);
    access_ends_ = Clock::now() + *expires_after;
  }
  if (registry_.handed_over_ && hooks_.resumes_elsewhere) {
    end_now(StreamEnd::kDrained);
  }
}

LiveStream::~LiveStream() {
  registry_.streams_.erase(position_);
}

void LiveStream::end_now(StreamEnd why) {
  if (end_ == StreamEnd::kNone) {
    end_ = why;
    hooks_.interrupt(why);
  }
}

template <typename Condition>
void LiveStreams::end_where(StreamEnd why, Condition condition) {
  // interrupt() only closes sockets: no stream leaves the list before this returns.
  for (LiveStream* stream : streams_) {
    if (condition(*stream)) {
      stream->end_now(why);
    }
  }
}

void LiveStreams::recheck() {
  end_where(StreamEnd::kRevoked, [](LiveStream& stream) { return !stream.hooks_.still_allowed(); });
}

std::size_t LiveStreams::count_outlived(Clock::time_point now) {
  std::size_t count = 0;
  for (LiveStream* stream : streams_) {
    const bool late = stream->access_ends_ && now - *stream->access_ends_ > kGrace;
    if (late && !std::exchange(stream->counted_as_outlived_, true)) ++count;
  }
  return count;
}

void LiveStreams::hand_over(std::size_t steps) {
  handed_over_ = steps <= 1;
  const auto is_left = [](const LiveStream* stream) {
    return stream->hooks_.resumes_elsewhere && stream->end_ == StreamEnd::kNone;
  };
  const auto left =
      static_cast<std::size_t>(std::count_if(streams_.begin(), streams_.end(), is_left));
  std::size_t part = handed_over_ ? left : (left + steps - 1) / steps;
  end_where(StreamEnd::kDrained,
            [&](const LiveStream& stream) { return is_left(&stream) && part > 0 && part-- > 0; });
}

void LiveStreams::end_all() {
  handed_over_ = true;
  end_where(StreamEnd::kDrained, [](const LiveStream&) { return true; });
}

}  // namespace postern::proxy
