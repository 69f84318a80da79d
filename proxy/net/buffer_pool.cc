#include "proxy/net/worker.h"

#include <utility>

namespace postern::proxy {

BufferPool::Buffer BufferPool::take() {
  ++lent_;
  if (free_.empty()) return {*this, std::make_unique_for_overwrite<char[]>(kSize)};
  std::unique_ptr<char[]> data = std::move(free_.back());
  free_.pop_back();
  return {*this, std::move(data)};
}

void BufferPool::give_back(std::unique_ptr<char[]> data) {
  --lent_;
  if (free_.size() < kKept) free_.push_back(std::move(data));
}

BufferPool::Buffer::Buffer(Buffer&& other) noexcept
    : pool_(other.pool_), data_(std::move(other.data_)) {}

BufferPool::Buffer& BufferPool::Buffer::operator=(Buffer&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(data_, other.data_);
  return *this;
}

BufferPool::Buffer::~Buffer() {
  if (data_) pool_->give_back(std::move(data_));
}

}  // namespace postern::proxy
