#include "proxy/file_watch.h"

#include <csignal>
#include <exception>
#include <sys/stat.h>
#include <utility>

namespace postern::proxy {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

void call(const WatchedGroups::Action& action) {
  try {
    action();
  } catch (const std::exception&) {
    // See FileWatch: what an action has to say, it has said.
  }
}

}  // namespace

FileStamp FileStamp::of(const std::string& path) {
  FileStamp stamp;
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) {
    stamp.exists_ = true;
    stamp.what_ = {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
                   nanoseconds(status.st_ctim)};
  }
  return stamp;
}

std::vector<FileStamp> WatchedGroups::stamps(const std::vector<std::string>& paths) {
  std::vector<FileStamp> found;
  found.reserve(paths.size());
  for (const std::string& path : paths) found.push_back(FileStamp::of(path));
  return found;
}

void WatchedGroups::Group::act() {
  // Taken before the action reads: what changes meanwhile is seen at the next look.
  acted_on = seen;
  call(action);
}

void WatchedGroups::add(std::vector<std::string> paths, Action action) {
  Group group{std::move(paths), std::move(action), {}, {}};
  group.seen = stamps(group.paths);
  group.acted_on = group.seen;
  groups_.push_back(std::move(group));
}

void WatchedGroups::add_timer(std::chrono::milliseconds interval, Action action,
                              Clock::time_point now) {
  timers_.push_back({interval, std::move(action), now + interval});
}

void WatchedGroups::look(Clock::time_point now) {
  for (Group& group : groups_) {
    const auto before = std::exchange(group.seen, stamps(group.paths));
    if (group.seen == before && group.seen != group.acted_on) group.act();
  }
  for (Timer& timer : timers_) {
    if (now < timer.due) continue;
    timer.due = now + timer.interval;
    call(timer.action);
  }
}

void WatchedGroups::do_all() {
  for (Group& group : groups_) {
    group.seen = stamps(group.paths);
    group.act();
  }
}

void FileWatch::start() {
  thread_ = std::thread([this] { run(); });
}

void FileWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void FileWatch::do_all() {
  {
    const std::lock_guard lock(mutex_);
    do_all_ = true;
  }
  wake_.notify_all();
}

void FileWatch::run() {
  // Signals are for the thread that waits for them.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, interval_, [this] { return stopping_ || do_all_; });
    if (stopping_) return;
    const bool all_of_them = std::exchange(do_all_, false);
    lock.unlock();
    if (all_of_them) groups_.do_all();
    groups_.look(WatchedGroups::Clock::now());
    lock.lock();
  }
}

}  // namespace postern::proxy
