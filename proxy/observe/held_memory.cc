#include "proxy/observe/held_memory.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace postern::proxy {
namespace {

struct Living {
  std::mutex mutex;
  std::vector<const HeldMemory*> all;
};

Living& living() {
  static Living those;
  return those;
}

}  // namespace

HeldMemory::HeldMemory(std::string of, std::function<std::size_t()> used, std::size_t limit)
    : of_(std::move(of)), used_(std::move(used)), limit_(limit) {
  const std::lock_guard lock(living().mutex);
  living().all.push_back(this);
}

HeldMemory::~HeldMemory() {
  const std::lock_guard lock(living().mutex);
  std::erase(living().all, this);
}

std::vector<HeldMemory::Reading> HeldMemory::readings() {
  std::vector<Reading> all;
  const std::lock_guard lock(living().mutex);
  for (const HeldMemory* each : living().all)
    all.push_back({each->of_, each->used_(), each->limit_});
  return all;
}

}  // namespace postern::proxy
