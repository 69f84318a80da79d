#pragma once

#include "kube/status.h"

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace postern::proxy {

/// How much may be held at the same time of request bodies, and of large answers that wait for
/// their clients: by all users together, and by one of them, so that nobody uses up what is there
/// for the others. For the whole process, whatever the number of connections. Safe from any thread;
/// must outlive its holds.
class BodyMemory {
 public:
  struct Limits {
    std::size_t of_all = std::size_t{96} * 1024 * 1024;
    std::size_t of_one_user = std::size_t{24} * 1024 * 1024;
  };
  /// Bodies up to here count for nothing: a head may have as much.
  static constexpr std::size_t kFree = std::size_t{64} * 1024;
  /// Others count in steps of this.
  static constexpr std::size_t kStep = std::size_t{256} * 1024;

  BodyMemory() = default;
  explicit BodyMemory(const Limits& limits) : limits_(limits) {}
  BodyMemory(const BodyMemory&) = delete;
  BodyMemory& operator=(const BodyMemory&) = delete;

  std::size_t used() const;

 private:
  friend class BodyHold;
  bool take(const std::string& user, std::size_t bytes);
  void give_back(const std::string& user, std::size_t bytes);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::size_t used_ = 0;
  std::unordered_map<std::string, std::size_t> users_;  ///< those who hold something
};

/// One body's part of it, given back at its end. One thread at a time.
class BodyHold {
 public:
  BodyHold(BodyMemory& memory, std::string_view user) : memory_(memory), user_(user) {}
  BodyHold(const BodyHold&) = delete;
  BodyHold& operator=(const BodyHold&) = delete;
  ~BodyHold();

  /// The body has become so large. False, and as before, when that would be too much.
  bool grow_to(std::size_t bytes);

 private:
  BodyMemory& memory_;
  const std::string user_;
  std::size_t counted_ = 0;
};

/// 429 for an answer that would be held while its client takes its time.
kube::Status too_much_waits();

}  // namespace postern::proxy
