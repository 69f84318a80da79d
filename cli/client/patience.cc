#include "cli/client/patience.h"

#include "cli/client/interrupt.h"

#include <algorithm>
#include <poll.h>

namespace postern::cli {

bool may_pass(const Failure& failure) {
  constexpr int kFirstServerError = 500;
  constexpr int kTooManyRequests = 429;
  constexpr int kFirstSignal = 128;
  const int status = failure.http_status;
  const bool by_client = status >= 400 && status < kFirstServerError;
  return failure.exit_code <= kFirstSignal && (!by_client || status == kTooManyRequests);
}

void Patience::pause() {
  pollfd signals{Interrupt::descriptor(), POLLIN, 0};
  ::poll(&signals, signals.fd >= 0 ? 1 : 0, static_cast<int>(next_.count()));
  next_ = std::min(next_ * 2, kLongest);
}

}  // namespace postern::cli
