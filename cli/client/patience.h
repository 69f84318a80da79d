#pragma once

#include "cli/failure.h"

#include <chrono>

namespace postern::cli {

/// Whether a later try may do better: the network or the server failed (5xx, 429), not the request.
bool may_pass(const Failure& failure);

/// The pauses between tries at something that fails, or that ends too soon: from 200 ms on each
/// twice as long as the one before, 5 s at most.
class Patience {
 public:
  /// Something has come: the next pause is a short one again.
  void reset() { next_ = kFirst; }
  /// Sleeps, or ends early with a signal (Interrupt).
  void pause();

 private:
  static constexpr std::chrono::milliseconds kFirst{200};
  static constexpr std::chrono::milliseconds kLongest{5000};
  std::chrono::milliseconds next_ = kFirst;
};

}  // namespace postern::cli
