#include "proxy/session/live_streams.h"

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
  }
  if (registry_.draining_ && hooks_.ends_early_on_drain) {
    end_now(StreamEnd::kDrained);
  }
}

LiveStream::~LiveStream() {
  registry_.streams_.erase(position_);
}

void LiveStream::end_now(StreamEnd why) {
  if (end_ == StreamEnd::kNone) {
    end_ = why;
    hooks_.interrupt();
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

void LiveStreams::drain(bool all) {
  draining_ = true;
  end_where(StreamEnd::kDrained,
            [all](LiveStream& stream) { return all || stream.hooks_.ends_early_on_drain; });
}

}  // namespace postern::proxy
