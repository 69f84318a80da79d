#include "proxy/audit/sink.h"

#include "proxy/observe/log.h"
#include "proxy/observe/metrics.h"

#include <algorithm>
#include <utility>

// Tested by tests/proxy/audit/sink_test.cc
namespace postern::proxy::audit {
namespace {

/// Events that nobody waits for are written together so often at most.
constexpr std::chrono::milliseconds kGather{10};
/// ... or as soon as there are so many bytes of them.
constexpr std::size_t kBatchBytes = 256 * 1024;
/// How often the file is looked at while there is nothing to write, or writing does not work.
constexpr std::chrono::milliseconds kLook{500};
/// A batch's memory is kept up to this size.
constexpr std::size_t kKeepCapacity = 2 * kBatchBytes;

AuditLevelLabel label_of(Level level) {
  return level >= Level::kRequestResponse ? AuditLevelLabel::kRequestResponse
         : level == Level::kRequest       ? AuditLevelLabel::kRequest
                                          : AuditLevelLabel::kMetadata;
}

}  // namespace

Sink::Sink(SinkOptions options, Log& log, Metrics& metrics)
    : options_(std::move(options)), log_(log), metrics_(metrics), file_(options_.file) {}

Sink::~Sink() {
  if (thread_.joinable()) stop(std::chrono::hours(1));
}

void Sink::start() {
  thread_ = std::thread([this] { run(); });
}

bool Sink::stop(std::chrono::milliseconds limit) {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
    if (!ended_.wait_for(lock, limit, [this] { return has_ended_ || !thread_.joinable(); })) {
      log_.error("audit events were lost: the disk does not answer",
                 {{"events", pushed_ - written_}});
      thread_.detach();
      return false;
    }
  }
  if (thread_.joinable()) thread_.join();
  return true;
}

Sink::Ticket Sink::push(std::string_view line, Level level) {
  const std::lock_guard lock(mutex_);
  if (queued_bytes() + line.size() > options_.queue_bytes) {
    metrics_.audit_dropped();
    return 0;
  }
  const bool was_empty = gathering_.empty();
  gathering_.append(line);
  ++pushed_;
  metrics_.audit_event(label_of(level));
  update_admission();
  if (was_empty || (gathering_.size() >= kBatchBytes && !urgent_)) {
    urgent_ = urgent_ || gathering_.size() >= kBatchBytes;
    wake_.notify_one();
  }
  return pushed_;
}

void Sink::when_written(Ticket ticket, std::function<void(bool)> done) {
  {
    const std::lock_guard lock(mutex_);
    const bool open = ticket != 0 && ticket > written_ && !fault_;
    if (open) {
      waiters_.push_back({ticket, std::move(done)});
      urgent_ = true;
      wake_.notify_one();
      return;
    }
    ticket = ticket != 0 && ticket <= written_ ? ticket : 0;
  }
  done(ticket != 0);
}

void Sink::reopen() {
  const std::lock_guard lock(mutex_);
  reopen_ = true;
  urgent_ = true;
  wake_.notify_one();
}

Fault Sink::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

void Sink::update_admission() {
  admits_.store(!fault_ && queued_bytes() <= options_.queue_bytes / 2, std::memory_order_relaxed);
}

bool Sink::gather(std::unique_lock<std::mutex>& lock) {
  const auto disturbed = [this] { return urgent_ || stopping_; };
  if (fault_) {
    wake_.wait_for(lock, kLook, [this] { return stopping_ || reopen_; });
  } else {
    wake_.wait_for(lock, kLook, [&] { return disturbed() || !gathering_.empty(); });
    if (!gathering_.empty()) wake_.wait_for(lock, kGather, disturbed);
  }
  urgent_ = false;
  if (batch_.empty()) {
    batch_.swap(gathering_);
    batch_bytes_ = batch_.size();
    batched_ = pushed_;
  }
  return !(stopping_ && batch_.empty());
}

Fault Sink::try_writing(bool reopen_first) {
  if (reopen_first) file_.close();
  return batch_.empty() ? file_.check() : file_.write(batch_);
}

void Sink::run() {
  std::unique_lock lock(mutex_);
  while (gather(lock)) {
    const bool reopen_first = std::exchange(reopen_, false);
    lock.unlock();
    const Fault fault = try_writing(reopen_first);
    lock.lock();
    take_note(fault, lock);
    if (fault && stopping_) break;  // it was tried; nothing more can be done
  }
  if (written_ < pushed_) {
    log_.error("audit events were lost: they could not be written",
               {{"events", pushed_ - written_}, {"why", fault_.value_or("")}});
  }
  lock.unlock();
  file_.close();
  lock.lock();
  has_ended_ = true;
  ended_.notify_all();
}

void Sink::take_note(const Fault& fault, std::unique_lock<std::mutex>& lock) {
  if (fault) {
    metrics_.audit_failed();
    if (!fault_) log_.error("the audit log cannot be written", {{"why", *fault}});
  } else {
    if (fault_) log_.warn("the audit log can be written again");
    written_ = batched_;
    batch_bytes_ = 0;
    batch_.clear();
    if (batch_.capacity() > kKeepCapacity) std::string().swap(batch_);
  }
  fault_ = fault;
  metrics_.audit_queue(queued_bytes());
  update_admission();
  tell_waiters(!fault, lock);
}

/// Of the waiters, those whose events are written; after a fault, all of them.
void Sink::tell_waiters(bool written, std::unique_lock<std::mutex>& lock) {
  if (waiters_.empty()) return;
  const auto still_waits = [&](const Waiter& waiter) {
    return written && waiter.ticket > written_;
  };
  const auto told = std::partition(waiters_.begin(), waiters_.end(), still_waits);
  std::vector<Waiter> ready(std::make_move_iterator(told), std::make_move_iterator(waiters_.end()));
  waiters_.erase(told, waiters_.end());
  lock.unlock();
  for (const Waiter& waiter : ready) waiter.done(written);
  lock.lock();
}

}  // namespace postern::proxy::audit
