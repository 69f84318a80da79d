#include "proxy/net/deadline_wheel.h"

#include <algorithm>
#include <utility>

namespace postern::proxy {

Deadline::Deadline(DeadlineWheel& wheel, std::function<void()> on_expiry)
    : wheel_(wheel), on_expiry_(std::move(on_expiry)) {}

Deadline::~Deadline() {
  disarm();
}

void Deadline::expires_after(std::chrono::milliseconds duration) {
  disarm();
  expired_ = false;
  wheel_.arm(*this, duration);
}

void Deadline::disarm() {
  if (list_ != nullptr) wheel_.disarm(*this);
}

DeadlineWheel::DeadlineWheel(asio::io_context& context)
    : timer_(std::in_place, context), start_(Clock::now()) {}

DeadlineWheel::~DeadlineWheel() = default;

void DeadlineWheel::shut_down() {
  timer_.reset();
}

void DeadlineWheel::arm(Deadline& deadline, std::chrono::milliseconds duration) {
  const auto ticks =
      std::max<std::int64_t>(0, (duration + kTick - std::chrono::milliseconds(1)) / kTick);
  // One more than the rounded-up duration: the current tick is partly over already.
  deadline.due_tick_ = current_tick() + static_cast<std::uint64_t>(ticks) + 1;
  if (size_ == 0) processed_ = std::max(processed_, current_tick());
  const std::size_t slot = deadline.due_tick_ % kSlots;
  link(deadline, slots_[slot]);
  occupied_.set(slot);
  ++size_;
  if (!wake_) {
    plan();
  } else if (deadline.due_tick_ < *wake_) {
    wake_at(deadline.due_tick_);
  }
}

void DeadlineWheel::disarm(Deadline& deadline) {
  unlink(deadline);
  --size_;
}

void DeadlineWheel::link(Deadline& deadline, Deadline*& head) {
  deadline.list_ = &head;
  deadline.previous_ = nullptr;
  deadline.next_ = head;
  if (head != nullptr) head->previous_ = &deadline;
  head = &deadline;
}

void DeadlineWheel::unlink(Deadline& deadline) {
  if (deadline.previous_ != nullptr) {
    deadline.previous_->next_ = deadline.next_;
  } else {
    *deadline.list_ = deadline.next_;
  }
  if (deadline.next_ != nullptr) deadline.next_->previous_ = deadline.previous_;
  deadline.list_ = nullptr;
}

std::uint64_t DeadlineWheel::current_tick() const {
  return static_cast<std::uint64_t>((Clock::now() - start_) / kTick);
}

void DeadlineWheel::plan() {
  for (std::uint64_t tick = processed_ + 1; tick <= processed_ + kSlots; ++tick) {
    const std::size_t slot = tick % kSlots;
    if (occupied_.test(slot) && slots_[slot] != nullptr) {
      wake_at(tick);
      return;
    }
    occupied_.reset(slot);
  }
}

void DeadlineWheel::wake_at(std::uint64_t tick) {
  if (!timer_) return;
  wake_ = tick;
  timer_->expires_at(start_ + tick * kTick);  // cancels the wait for a later tick
  timer_->async_wait([this](error_code error) {
    if (!error) on_wake();
  });
}

void DeadlineWheel::on_wake() {
  wake_.reset();
  const std::uint64_t now = current_tick();
  // After a long pause one revolution sees every slot.
  const std::uint64_t first = std::max(processed_ + 1, now < kSlots ? 0 : now - kSlots + 1);
  for (std::uint64_t tick = first; tick <= now; ++tick) collect(tick % kSlots, now);
  processed_ = std::max(processed_, now);
  fire();
  if (!wake_) plan();
}

void DeadlineWheel::collect(std::size_t slot, std::uint64_t now) {
  if (!occupied_.test(slot)) return;
  for (Deadline* deadline = slots_[slot]; deadline != nullptr;) {
    Deadline* next = deadline->next_;
    if (deadline->due_tick_ <= now) {
      unlink(*deadline);
      link(*deadline, due_);
    }
    deadline = next;
  }
  if (slots_[slot] == nullptr) occupied_.reset(slot);
}

void DeadlineWheel::fire() {
  // A callback may disarm, arm or destroy any other Deadline, so the list is read anew each time.
  while (due_ != nullptr) {
    Deadline& deadline = *due_;
    disarm(deadline);
    deadline.expired_ = true;
    deadline.on_expiry_();
  }
}

}  // namespace postern::proxy
