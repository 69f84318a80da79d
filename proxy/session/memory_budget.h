#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace postern::proxy {

/// How many bytes all requests of a kind may hold at the same time, in the whole process. Safe from
/// any thread; must outlive its holds.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t bytes) : bytes_(bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  std::size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  friend class MemoryHold;
  bool take(std::size_t bytes) {
    std::size_t before = used();
    do {
      if (bytes > bytes_ || before > bytes_ - bytes) return false;
    } while (!used_.compare_exchange_weak(before, before + bytes, std::memory_order_relaxed));
    return true;
  }
  void give_back(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  const std::size_t bytes_;
  std::atomic<std::size_t> used_{0};
};

/// One request's part of a budget, given back at its end. One thread at a time.
class MemoryHold {
 public:
  explicit MemoryHold(MemoryBudget& budget) : budget_(&budget) {}
  MemoryHold(MemoryHold&& other) noexcept
      : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryHold& operator=(MemoryHold&&) = delete;
  ~MemoryHold() { budget_->give_back(bytes_); }

  /// False, and as before, when the others leave too little. Less is always granted.
  bool resize(std::size_t bytes) {
    if (bytes > bytes_ && !budget_->take(bytes - bytes_)) return false;
    if (bytes < bytes_) budget_->give_back(bytes_ - bytes);
    bytes_ = bytes;
    return true;
  }

 private:
  MemoryBudget* budget_;
  std::size_t bytes_ = 0;
};

}  // namespace postern::proxy
