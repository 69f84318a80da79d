#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace postern::proxy {

/// A gauge of memory that requests hold and that is limited for all of them together. Every Metrics
/// of the process shows those that live, for memory is the process's: `postern_held_bytes` and
/// `postern_held_limit_bytes`.
class HeldMemory {
 public:
  /// `of`: the label's value. `used` is asked at each scrape, on the thread of the scrape.
  HeldMemory(std::string of, std::function<std::size_t()> used, std::size_t limit);
  ~HeldMemory();
  HeldMemory(const HeldMemory&) = delete;
  HeldMemory& operator=(const HeldMemory&) = delete;

  struct Reading {
    std::string of;
    std::size_t used;
    std::size_t limit;
  };
  /// Of all that live. Any thread.
  static std::vector<Reading> readings();

 private:
  std::string of_;
  std::function<std::size_t()> used_;
  std::size_t limit_;
};

}  // namespace postern::proxy
