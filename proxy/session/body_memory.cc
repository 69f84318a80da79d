#include "proxy/session/body_memory.h"

namespace postern::proxy {

std::size_t BodyMemory::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

bool BodyMemory::take(const std::string& user, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto known = users_.find(user);
  const std::size_t of_user = known == users_.end() ? 0 : known->second;
  if (used_ + bytes > limits_.of_all || of_user + bytes > limits_.of_one_user) {
    return false;
  }
  used_ += bytes;
  users_[user] += bytes;
  return true;
}

void BodyMemory::give_back(const std::string& user, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  used_ -= bytes;
  const auto known = users_.find(user);
  known->second -= bytes;
  if (known->second == 0) {
    users_.erase(known);
  }
}

BodyHold::~BodyHold() {
  if (counted_ > 0) {
    memory_.give_back(user_, counted_);
  }
}

bool BodyHold::grow_to(std::size_t bytes) {
  if (bytes <= BodyMemory::kFree || bytes <= counted_) {
    return true;
  }
  const std::size_t wanted =
      (bytes + BodyMemory::kStep - 1) / BodyMemory::kStep * BodyMemory::kStep;
  if (!memory_.take(user_, wanted - counted_)) {
    return false;
  }
  counted_ = wanted;
  return true;
}

kube::Status too_much_waits() {
  return kube::Status::too_many_requests(
      "too many large answers of yours wait for their clients to read them", 1);
}

}  // namespace postern::proxy
