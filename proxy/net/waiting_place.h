#pragma once

#include <atomic>

namespace postern::proxy {

/// One of those who wait for a thread that does a costly thing for one after the other, as long as
/// it lives. Whoever has got() no place is to be refused: so the queue has a bound. Safe from any
/// thread; `taken` must outlive it.
class WaitingPlace {
 public:
  WaitingPlace(std::atomic<int>& taken, int places) : taken_(taken), got_(++taken <= places) {}
  ~WaitingPlace() { --taken_; }
  WaitingPlace(const WaitingPlace&) = delete;
  WaitingPlace& operator=(const WaitingPlace&) = delete;

  bool got() const { return got_; }

 private:
  std::atomic<int>& taken_;
  const bool got_;
};

}  // namespace postern::proxy
